"""`localchat tune` on a real database: what it measures, stores and refuses, and that it leaves nothing behind."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.cli.shared import CommandFailed
from app.db.database import Database
from app.db.operations import tuning
from app.db.operations.tuning import GraphSettings
from app.db.search import spaces
from app.db.search.spaces import vectors_table
from app.db.tables import collections
from app.domain.documents import Collection
from app.domain.retrieval import Query, SearchMode, Vector
from app.embedded.services.postgres import EmbeddedPostgres
from app.errors import Conflict, InvalidInput, ModelUnavailable, NotFound
from app.services.operations.index_tuning import TuningPlan, TuningService
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from tests.support.corpus import DIMENSION, TENANT, Page, StoredCollections, embed, embed_query, make_collection
from tests.support.databases import Template, filled_template, fresh_database

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

NAME = "tuned"
CHUNKS = 2500
QUICK = TuningPlan(questions=30, seconds=2)
# A graph so thin that hardly anything is found in it.
THIN = GraphSettings(2, 4)


@pytest.fixture(scope="module")
def template(postgres_server: EmbeddedPostgres) -> Iterator[Template[Collection]]:
    with filled_template(postgres_server, fill) as template:
        yield template


async def fill(url: str) -> Collection:
    """Random vectors, which are hard to find, as chunks of one document. Without text: nobody reads it."""
    database = await Database.connect(url, min_size=1, max_size=4)
    made = await make_collection(database, NAME, [Page("a.txt", ["pump"])])
    vectors = np.random.default_rng(3).standard_normal((CHUNKS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    async with database.connection() as connection:
        document = await connection.fetchval("SELECT id FROM documents")
        await connection.execute(f"DROP INDEX {vectors_table(made.space.id)}_hnsw")
        rows = [(1_000_000 + place, document, 1, vector) for place, vector in enumerate(vectors)]
        await spaces.insert_rows(connection, made.space.id, rows)
        await spaces.build_index(connection, made.space.id)
        await connection.execute(f"ANALYZE documents, {vectors_table(made.space.id)}")
    await database.close()
    return made


@pytest.fixture
async def database_url(postgres_server: EmbeddedPostgres, template: Template[Collection]) -> AsyncIterator[str]:
    async with fresh_database(postgres_server, template.name) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    yield database
    await database.close()


@pytest.fixture
def collection(template: Template[Collection]) -> Collection:
    return template.filled


class Embedder:
    """Keeps what it was asked for. Fails if told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    async def __call__(self, _collection: Collection, texts: Sequence[str]) -> list[Vector]:
        if self.broken:
            raise ModelUnavailable("No model server answers.")
        self.asked += texts
        return [embed(text) for text in texts]


@pytest.fixture
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture
def service(database: Database, embedder: Embedder) -> TuningService:
    return TuningService(database, embedder)


async def relations(database: Database, pattern: str) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT relname FROM pg_class WHERE relname LIKE $1 ORDER BY 1", pattern)
    return [row["relname"] for row in rows]


async def store_questions(database: Database, collection: Collection, count: int) -> None:
    async with database.connection() as connection:
        await connection.execute(
            """INSERT INTO query_cache (cache_key, query_text, result_data, metadata, hit_count, expires_at,
                namespace, collection_id, partition)
            SELECT 'k' || n, 'question ' || n, '',
                jsonb_build_object('conversation', CASE WHEN n = 1 THEN 'c' ELSE '' END), n, now(),
                CASE WHEN n = 2 THEN 'embedding' ELSE 'answer' END, $1, ''
            FROM generate_series(1, $2::int) n""",
            collection.id,
            count,
        )


async def test_what_is_found_is_told_beside_what_an_exact_search_finds(
    collection: Collection, database: Database, service: TuningService
) -> None:
    async with database.connection() as connection:
        await tuning.replace_graph(connection, collection.space.id, GraphSettings(8, 16))
    report = await service.measure(TENANT, NAME, QUICK)
    assert (report.chunks, report.source) == (CHUNKS + 1, "passages")
    assert 20 <= report.asked <= 30  # as many as there was time for
    assert (report.graph, report.ef_search) == (GraphSettings(8, 16), 100)
    shares = {trial.ef_search: trial.recall_at_10 for trial in report.trials}
    assert shares[10] < shares[800]
    assert shares[800] > 0.97
    assert report.exact_p50_ms > 0
    enough = [effort for effort, share in shares.items() if share >= report.target]
    assert report.best is not None
    assert report.best.ef_search == min(enough)
    assert collection.settings == (await StoredCollections(database).resolve(TENANT, NAME)).settings == {}


async def test_the_questions_asked_before_are_asked_the_most_frequent_first(
    collection: Collection, database: Database, service: TuningService, embedder: Embedder
) -> None:
    await store_questions(database, collection, 40)
    report = await service.measure(TENANT, NAME, QUICK)
    assert report.source == "questions"
    assert embedder.asked == [f"question {number}" for number in range(40, 10, -1)]
    embedder.broken = True
    assert (await service.measure(TENANT, NAME, QUICK)).source == "passages"


async def test_what_followed_from_a_conversation_is_no_question_of_its_own(
    collection: Collection, database: Database
) -> None:
    await store_questions(database, collection, 4)
    async with database.connection() as connection:
        asked = await tuning.stored_questions(connection, collection, "query_cache", 10)
    assert asked == ["question 4", "question 3"]


async def test_what_is_applied_is_used_by_the_next_search_and_told_to_every_replica(
    collection: Collection, database: Database, service: TuningService, database_url: str
) -> None:
    async with database.transaction() as connection:
        await collections.update(connection, TENANT, NAME, settings={"retrieval": {"lexical_weight": 0.2}})
    report = await service.measure(TENANT, NAME, QUICK)
    assert report.best is not None
    heard: list[str] = []

    def hear(*told: object) -> None:
        heard.append(str(told[-1]))

    async with database.connection() as listening:
        await listening.add_listener("corpus_changed", hear)
        await service.apply(report)
        await listening.fetch("SELECT 1")
        await listening.remove_listener("corpus_changed", hear)
    assert heard == [f"{collection.id}:{collection.corpus_version}"]
    stored = (await StoredCollections(database).resolve(TENANT, NAME)).settings
    assert stored == {"retrieval": {"lexical_weight": 0.2, "ef_search": report.best.ef_search}}
    sent: list[LoggedQuery] = []
    replica = await Database.connect(database_url, min_size=1, max_size=2, observe=sent.append)
    keeper = LexemeStatistics(replica)
    search = SearchService(replica, StoredCollections(replica), embed_query, keeper)
    found = await search.search(Query(TENANT, NAME, "pump", mode=SearchMode.VECTOR))
    assert found.results[0].filename == "a.txt"
    await keeper.close()
    await replica.close()
    [nearest] = [query for query in sent if "<=>" in query.query]
    assert "hnsw.ef_search" in nearest.query
    assert nearest.args[-1] == str(report.best.ef_search)


async def test_a_better_graph_is_tried_beside_the_one_in_use_and_takes_its_place_when_applied(
    collection: Collection, database: Database, service: TuningService
) -> None:
    async with database.connection() as connection:
        await tuning.replace_graph(connection, collection.space.id, THIN)
        await connection.execute(
            f"CREATE UNLOGGED TABLE tuning_{collection.space.id} (left_by_one_that_was_killed int)"
        )
    report = await service.measure(
        TENANT, NAME, TuningPlan(questions=30, seconds=2, graphs=[GraphSettings(16, 64), THIN])
    )
    assert report.graph == THIN
    assert {(trial.m, trial.ef_construction) for trial in report.trials} == {(2, 4), (16, 64)}
    assert report.best is not None
    assert (report.best.m, report.best.ef_construction) == (16, 64)
    assert await relations(database, "tuning_%") == []

    searching, searched = True, 0

    async def search() -> None:
        nonlocal searched
        keeper = LexemeStatistics(database)
        one = SearchService(database, StoredCollections(database), embed_query, keeper)
        while searching:
            await one.search(Query(TENANT, NAME, "pump", mode=SearchMode.VECTOR))
            searched += 1
        await keeper.close()

    others = asyncio.create_task(search())
    await service.apply(report)
    searching = False
    await others
    assert searched > 0
    async with database.connection() as connection:
        assert await tuning.graph_of(connection, collection.space.id) == GraphSettings(16, 64)
    table = vectors_table(collection.space.id)
    assert [name for name in await relations(database, f"{table}%") if "hnsw" in name] == [f"{table}_hnsw"]


@pytest.mark.parametrize("pages", [[], [Page("a.txt", ["one", "two"])]])
async def test_a_collection_that_holds_too_little_is_refused(
    database: Database, service: TuningService, pages: list[Page]
) -> None:
    await make_collection(database, "little", pages)
    with pytest.raises(InvalidInput, match=f"holds {sum(len(page.texts) for page in pages)} passages"):
        await service.measure(TENANT, "little", QUICK)


async def test_an_absent_collection_is_refused(service: TuningService) -> None:
    with pytest.raises(NotFound, match="absent"):
        await service.measure(TENANT, "absent", QUICK)


async def test_one_collection_is_tuned_by_one_at_a_time(
    collection: Collection, database: Database, service: TuningService
) -> None:
    async with database.connection() as connection, tuning.alone(connection, collection.space.id) as held:
        assert held
        with pytest.raises(Conflict, match="being tuned already"):
            await service.measure(TENANT, NAME, QUICK)
    assert (await service.measure(TENANT, NAME, QUICK)).trials


async def test_nothing_is_applied_if_nothing_is_good_enough_or_the_collection_has_moved(
    collection: Collection, database: Database, service: TuningService
) -> None:
    async with database.connection() as connection:
        await tuning.replace_graph(connection, collection.space.id, THIN)
    poor = await service.measure(TENANT, NAME, QUICK)
    assert poor.best is None
    with pytest.raises(InvalidInput, match="nothing is changed"):
        await service.apply(poor)
    async with database.connection() as connection:
        await tuning.replace_graph(connection, collection.space.id, GraphSettings())
    report = await service.measure(TENANT, NAME, QUICK)
    async with database.connection() as connection:
        moved = await spaces.create(
            connection, collection.id, model="m", digest="d", dimension=3, query_prefix="", document_prefix=""
        )
        await collections.use_space(connection, collection.id, moved.id)
    with pytest.raises(Conflict, match="another embedding model"):
        await service.apply(report)
    assert (await StoredCollections(database).resolve(TENANT, NAME)).settings == {}


async def test_a_space_that_is_dropped_meanwhile_is_told_of(
    collection: Collection, database: Database, service: TuningService
) -> None:
    async with database.connection() as connection:
        await connection.execute(f"DROP TABLE {vectors_table(collection.space.id)}")
    with pytest.raises(Conflict, match="went to another embedding model"):
        await service.measure(TENANT, NAME, QUICK)


async def invoke(database_url: str, *arguments: str) -> Result:
    env = {"DATABASE_URL": database_url, "OLLAMA_BASE_URL": "http://127.0.0.1:9", "COLUMNS": "200"}
    return await asyncio.to_thread(CliRunner(env=env).invoke, app, ["tune", *arguments])


async def test_the_command_prints_a_table_or_json_and_applies_when_told_to(
    collection: Collection, database: Database, database_url: str
) -> None:
    table = await invoke(database_url, "-c", NAME, "--questions", "20", "--seconds", "1")
    assert table.exit_code == 0, table.output
    assert "recall@10" in table.stdout
    assert "Nothing was changed" in table.stdout
    applied = await invoke(database_url, "-c", NAME, "--questions", "20", "--seconds", "1", "--apply", "--json")
    told: dict[str, Any] = json.loads(applied.stdout)
    assert told["applied"] is True
    assert told["asked"] == {"what": "passages", "count": 20}
    stored = (await StoredCollections(database).resolve(TENANT, NAME)).settings
    assert stored == {"retrieval": {"ef_search": told["recommendation"]["ef_search"]}}
    async with database.connection() as connection:
        await tuning.replace_graph(connection, collection.space.id, THIN)
    poor = await invoke(database_url, "-c", NAME, "--questions", "20", "--seconds", "1", "--apply", "--json")
    assert poor.exit_code == 1
    assert (json.loads(poor.stdout)["recommendation"], json.loads(poor.stdout)["applied"]) == (None, False)
    assert (await StoredCollections(database).resolve(TENANT, NAME)).settings == stored


async def test_the_command_says_in_a_line_why_it_cannot_begin(database_url: str) -> None:
    absent = await invoke(database_url, "-c", f"c{uuid4().hex}")
    assert isinstance(absent.exception, CommandFailed)
    assert "There is no collection" in str(absent.exception)
    gone = await invoke("postgresql:///localchat?host=/nowhere")
    assert isinstance(gone.exception, CommandFailed)
    for wrong in ("16", "16:8", "1:64", "x:y", "16:2000"):
        assert (await invoke(database_url, "--build", wrong)).exit_code == 2
