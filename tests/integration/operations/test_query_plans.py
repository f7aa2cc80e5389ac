"""The hot queries use their indexes: a plan that reads a whole table fails here."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from app.db.database import Database, PooledConnection
from app.db.lifecycle import reindexes
from app.db.operations import housekeeping
from app.db.search import lexical_index, passages, vector_index
from app.db.search.filters import jsonpath_of, predicate_of
from app.db.search.spaces import vectors_table
from app.domain.documents import Collection
from app.embedded.services.postgres import EmbeddedPostgres
from app.retrieval import lexical
from tests.support.corpus import DIMENSION, embed, make_collection
from tests.support.databases import Template, filled_template, fresh_database

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

# 3,000 chunks of 600 documents, of which 1 % are marked rare.
FILL = """
INSERT INTO documents (collection_id, filename, media_type, size_bytes, sha256, status, chunk_count, active_version,
    metadata)
SELECT {collection}, n || '.md', 'text/plain', 1, n::text, 'ready', 5, 1,
    jsonb_build_object('rare', n % 100 = 0, 'kind', 'manual')
FROM generate_series(1, 600) n;
INSERT INTO document_versions (document_id, version, filename, media_type, size_bytes, sha256)
SELECT id, 1, filename, media_type, size_bytes, sha256 FROM documents WHERE collection_id = {collection};
INSERT INTO chunks (collection_id, document_id, version, ordinal, content_hash, text, token_count, language)
SELECT {collection}, d.id, 1, o, '',
    format('Pump %s has valve %s of unit%s. %s', o, o, d.filename, repeat('filler ', 90)), 100, 'english'
FROM documents d, generate_series(1, 5) o WHERE d.collection_id = {collection};
INSERT INTO {vectors} (chunk_id, document_id, version, embedding)
SELECT id, document_id, 1, ARRAY(SELECT random() + 0 * id FROM generate_series(1, {dimension}))::vector::halfvec
FROM chunks WHERE collection_id = {collection};
"""


@pytest.fixture(scope="module")
def template(postgres_server: EmbeddedPostgres) -> Iterator[Template[Collection]]:
    with filled_template(postgres_server, fill) as template:
        yield template


async def fill(url: str) -> Collection:
    database = await Database.connect(url, min_size=1, max_size=2)
    made = await make_collection(database, "plans", [])
    vectors = vectors_table(made.space.id)
    async with database.connection() as connection:
        await connection.execute(FILL.format(collection=made.id, vectors=vectors, dimension=DIMENSION))
        await lexical_index.refresh_statistics(connection, made.id)
        await connection.execute(f"ANALYZE documents, chunks, lexeme_statistics, {vectors}")
    await database.close()
    return made


@pytest.fixture
async def database_url(postgres_server: EmbeddedPostgres, template: Template[Collection]) -> AsyncIterator[str]:
    async with fresh_database(postgres_server, template.name) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=1, max_size=2)
    yield database
    await database.close()


@pytest.fixture
def collection(template: Template[Collection]) -> Collection:
    return template.filled


async def plan_of(connection: PooledConnection, statement: str, *arguments: Any) -> list[dict[str, Any]]:
    """Every node of the plan that a prepared statement settles on."""
    for _ in range(6):  # Postgres considers a generic plan from the sixth execution on
        await connection.fetch(statement, *arguments)
    [[plan]] = await connection.fetch(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    return list(_nodes(json.loads(plan)[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def indexes(nodes: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in nodes if "Index Name" in node}


def scanned(nodes: list[dict[str, Any]]) -> set[str]:
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}


async def lexical_arguments(
    connection: PooledConnection, collection: Collection, text: str
) -> tuple[int, int, list[Any]]:
    """The width and limit of the statement that ranks for `text`, with its arguments."""
    lexicon = await lexical_index.look_up(connection, collection.id, collection.language, text)
    assert lexicon is not None
    plan = lexical.plan(lexicon, max_terms=lexical_index.MAX_TERMS)
    assert plan is not None
    width = lexical_index._width(plan)
    weights = [*plan.weights, *[lexical_index._FILLER] * (width - len(plan.weights))]
    flat = [value for pair in weights for value in pair]
    return width, plan.max_matches, [plan.matches, plan.saturation, plan.saturation_per_byte, *flat]


async def test_every_hot_query_uses_its_index(collection: Collection, database: Database) -> None:
    space = vectors_table(collection.space.id)
    vector = embed("pump valve unit7.md")
    async with database.connection() as connection:
        nodes = await plan_of(connection, vector_index._nearest_statement(space, 100, filters=0), vector)
        assert f"{space}_hnsw" in indexes(nodes)
        assert space not in scanned(nodes)

        nodes = await plan_of(
            connection,
            vector_index._nearest_statement(space, 100, filters=1),
            vector,
            jsonpath_of({"kind": "manual"}),
        )
        assert f"{space}_hnsw" in indexes(nodes)

        for filters in ([], [jsonpath_of({"kind": "manual"})]):
            tuned = vector_index._nearest_statement(space, 100, filters=len(filters), tuned=True)
            assert f"{space}_hnsw" in indexes(await plan_of(connection, tuned, vector, *filters, "40"))

        nodes = await plan_of(
            connection,
            vector_index._exact_statement(space, 100, filters=1),
            vector,
            collection.id,
            jsonpath_of({"rare": True}),
        )
        assert {f"{space}_document", "documents_attributes"} <= indexes(nodes)
        assert scanned(nodes) == set()

        for passing, index in (({"rare": True}, "documents_attributes"), ({"kind": "manual"}, "documents_content")):
            nodes = await plan_of(connection, vector_index._MATCHING, collection.id, jsonpath_of(passing), space)
            assert index in indexes(nodes)

        # On a page of the documents that pass: the chunks are found by their ids.
        page = predicate_of({"rare": True, "page": 1})
        assert page is not None
        for paged, first in (
            (vector_index._exact_statement(space, 100, filters=2), [vector, collection.id]),
            (vector_index._nearest_statement(space, 100, filters=2), [vector]),
        ):
            nodes = await plan_of(connection, paged, *first, *page.parameters)
            assert "chunks" not in scanned(nodes)

        width, matches, arguments = await lexical_arguments(connection, collection, "the pump of unit7.md")
        nodes = await plan_of(connection, lexical_index._rank_statement(width, 100, matches, filters=0), *arguments)
        assert "chunks_tsv" in indexes(nodes)
        assert "chunks" not in scanned(nodes)

        nodes = await plan_of(
            connection,
            lexical_index._rank_within_statement(width, 100, filters=1),
            *[" | ".join(arguments[0]), *arguments[1:]],
            collection.id,
            jsonpath_of({"rare": True}),
        )
        # Whether it begins with the documents or with the words is for the planner to weigh.
        assert "documents_attributes" in indexes(nodes)
        assert indexes(nodes) & {"chunks_pkey", "chunks_tsv"}
        assert scanned(nodes) == set()

        nodes = await plan_of(
            connection, lexical_index._LOOK_UP, collection.id, "english", "the pump of unit7.md", [3]
        )
        assert "lexeme_statistics_pkey" in indexes(nodes)

        ids = [row["id"] for row in await connection.fetch("SELECT id FROM chunks LIMIT 20")]
        assert "chunks" not in scanned(await plan_of(connection, passages._FETCH, ids, ids, "'x'"))
        assert "chunks" not in scanned(await plan_of(connection, passages._NEIGHBOURS, ids, 1))
        pairs = [f"'{collection.id}/pump' & '{collection.id}/valv'"]
        assert "chunks" not in scanned(
            await plan_of(connection, lexical_index._PROXIMITY, ids, 0.3, 0.1, pairs, [1.0])
        )


async def test_how_much_of_the_graph_is_looked_at_is_set_for_one_statement_alone(
    collection: Collection, database: Database
) -> None:
    vector = embed("pump valve")

    async with database.connection() as connection:
        before = await connection.fetchval("SHOW hnsw.ef_search")

        async def found(ef_search: int) -> set[int]:
            nearest = await vector_index.nearest(
                connection, collection.space, vector, limit=10, where=None, ef_search=ef_search
            )
            return {candidate.chunk_id for candidate in nearest}

        exact = await vector_index.nearest_exactly(
            connection, collection.id, collection.space, vector, limit=10, where=None
        )
        assert await found(1000) == {candidate.chunk_id for candidate in exact}
        assert len(await found(1)) == 10
        read = {}
        for ef_search in ("10", "1000"):
            statement = vector_index._nearest_statement(
                vectors_table(collection.space.id), 10, filters=0, tuned=True
            )
            [[plan]] = await connection.fetch(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", vector, ef_search
            )
            read[ef_search] = json.loads(plan)[0]["Plan"]["Shared Hit Blocks"]
        assert read["1000"] > 2 * read["10"]
        assert await connection.fetchval("SHOW hnsw.ef_search") == before


async def test_housekeeping_finds_what_to_do_without_reading_what_is_in_order(
    collection: Collection, database: Database
) -> None:
    sent: list[LoggedQuery] = []
    async with database.connection() as connection:
        connection.add_query_logger(sent.append)
        for work in (
            housekeeping.purge_chunks(connection, 10),
            housekeeping.purge_versions(connection, 10),
            housekeeping.purge_documents(connection, 10),
            housekeeping.purge_held_jobs(connection),
            housekeeping.lost_jobs(connection, 60),
            reindexes.lost(connection, 60),
        ):
            await work
        await asyncio.sleep(0)  # a logger is called when the loop turns
        connection.remove_query_logger(sent.append)
        statements = [query for query in sent if "documents" in query.query or "reindexes" in query.query]
        assert len(statements) == 6
        for query in statements:
            # Nothing is to be done, so it deletes nothing.
            [[plan]] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {query.query}", *query.args)
            read = sum(_read(node) for node in _nodes(json.loads(plan)[0]["Plan"]) if "Relation Name" in node)
            assert read < 10, query.query


def _read(node: dict[str, Any]) -> float:
    read: float = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return read
