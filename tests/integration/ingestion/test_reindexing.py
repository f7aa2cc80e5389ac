"""Moving a collection to another embedding model: nothing is down, nothing is mixed, nothing is lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from app.cache.entry import CacheControl, CacheStatus
from app.db.database import Database
from app.domain.documents import Collection, Reindex
from app.domain.retrieval import Query, SearchMode, Vector
from app.errors import Conflict, ModelUnavailable, NotFound
from app.ingestion.queue.jobs import IngestJob, ReindexJob
from app.ingestion.queue.worker import QueueWorker
from app.services.documents.collection_cache import CollectionCache
from app.services.ingestion.reindex_requests import ReindexService
from app.services.ingestion.reindexer import Reindexer
from app.services.operations.housekeeping import HousekeepingService
from app.services.search.cached import CachedSearch
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from app.settings import Settings
from app.wiring.cache import open_cache
from tests.support.cache.replicas import UNHURRIED
from tests.support.ingestion import (
    TENANT,
    Desk,
    FakeModel,
    FakeModels,
    HashEmbedder,
    file_of,
    join_section,
    unit_vector,
)
from tests.support.processes.replica import worker
from tests.support.waiting import until

QUESTIONS = ["amber", "basalt 3", "line 7", "cedar delta"]
TEXTS = {f"{word}.txt": "\n".join(f"{word} line {n}" for n in range(9)) for word in ("amber", "basalt", "cedar")}


async def embed_query(collection: Collection, text: str) -> Vector:
    return unit_vector(text, collection.space.dimension)


class Move:
    """A desk whose collections can be moved and searched, with an embedder of the move's own."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.service = ReindexService(desk.database, desk.collections, FakeModels())
        self.embedder = HashEmbedder()
        self.reindexer = Reindexer(desk.database, self.embedder, embedding_text=join_section)
        self._searches = SearchService(
            desk.database, desk.collections, embed_query, LexemeStatistics(desk.database)
        )

    async def start(self, model: str = "wide", name: str = "default") -> ReindexJob:
        found = await self.service.start(TENANT, name, model)
        assert found.reindex is not None
        return ReindexJob(found.reindex.id)

    async def run(self, model: str = "wide") -> Reindex:
        await self.reindexer.reindex(await self.start(model))
        return await self.state()

    async def state(self, name: str = "default") -> Reindex:
        found = (await self.desk.collections.get(TENANT, name)).reindex
        assert found is not None
        return found

    async def model(self, name: str = "default") -> tuple[str, int]:
        space = (await self.desk.collections.resolve(TENANT, name)).space
        return space.model, space.dimension

    async def found(self, name: str = "default") -> list[list[tuple[str, float]]]:
        """What questions find by meaning, with scores: equal for equal vectors of equal texts."""
        replies = []
        for question in QUESTIONS:
            query = Query(TENANT, name, question, top_k=10, mode=SearchMode.VECTOR)
            results = (await self._searches.search(query)).results
            replies.append(sorted((item.text, round(item.scores["vector"], 6)) for item in results))
        return replies


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    yield desk
    await desk.database.close()


@pytest.fixture
async def move(desk: Desk) -> Move:
    for name, text in TEXTS.items():
        await desk.add(text, name)
    return Move(desk)


async def fresh(desk: Desk, texts: dict[str, str]) -> str:
    """The name of a new collection of the wide model that holds these files."""
    await desk.collections.create(TENANT, "fresh", embedding_model="wide")
    for name, text in texts.items():
        await desk.ingest(await desk.upload(text, name, "fresh"))
    return "fresh"


def when(done: int, act: Callable[[], Awaitable[object]]) -> Callable[[int], Awaitable[None]]:
    async def pause(embedded: int) -> None:
        if embedded == done:
            await act()

    return pause


async def test_questions_see_the_old_model_until_the_switch_and_then_what_a_new_collection_would_find(
    move: Move,
) -> None:
    before, seen = await move.found(), []

    async def ask(_: int) -> None:
        seen.append((await move.model(), await move.found()))

    move.embedder.pause = ask
    state = await move.run()
    assert (state.status, state.embedded_count, state.chunk_count, state.failed_count) == ("done", 27, 27, 0)
    assert seen == [(("fake", 8), before)] * len(seen)
    assert len(seen) >= 6
    assert await move.model() == ("wide", 12)
    after = await move.found()
    assert after == await move.found(await fresh(move.desk, TEXTS))
    assert after != before


async def test_what_documents_did_meanwhile_is_right_in_the_new_space(move: Move) -> None:
    desk = move.desk
    ids = {item.filename: item.id for item in (await desk.documents.list(TENANT)).items}

    async def add() -> None:
        await desk.add("delta line 1\ndelta line 2", "delta.txt")

    async def replace() -> None:
        changed = file_of("amber.txt", b"amber line 0\namber other")
        await desk.ingest(await desk.documents.replace(TENANT, ids["amber.txt"], changed))

    async def delete() -> None:
        await desk.documents.delete(TENANT, ids["cedar.txt"])
        await HousekeepingService(desk.database).once()

    acts = {4: add, 8: replace, 12: delete}

    async def interfere(done: int) -> None:
        if done in acts:
            await acts[done]()

    move.embedder.pause = interfere
    assert (await move.run()).status == "done"
    now = {
        "amber.txt": "amber line 0\namber other",
        "basalt.txt": TEXTS["basalt.txt"],
        "delta.txt": "delta line 1\ndelta line 2",
    }
    assert await move.found() == await move.found(await fresh(desk, now))
    space = (await desk.collections.resolve(TENANT, "default")).space.id
    async with desk.database.connection() as connection:
        stored = await connection.fetchval(f"SELECT count(*) FROM vectors_{space} WHERE active")
    assert stored == 13


async def test_a_document_whose_ingestion_the_switch_overtakes_is_shown_in_the_new_space(move: Move) -> None:
    desk = move.desk
    document = await desk.upload("delta line 1\ndelta line 2\npoison", "delta.txt")

    async def overtake() -> None:
        desk.embedder.pause = None
        assert (await move.run()).status == "done"
        await HousekeepingService(desk.database, spaces_stay=0).once()

    desk.embedder.embedded.clear()
    desk.embedder.pause = when(3, overtake)
    done = await desk.ingest(document)
    assert (done.status, done.embedded_count, done.failed_count) == ("partial", 2, 1)
    assert await desk.visible(document.id) == ["delta line 1", "delta line 2"]
    texts = {**TEXTS, "delta.txt": "delta line 1\ndelta line 2\npoison"}
    assert await move.found() == await move.found(await fresh(desk, texts))


async def test_a_move_that_was_cut_short_goes_on_where_it_stopped(move: Move) -> None:
    job = await move.start()
    stopped = asyncio.Event()

    async def hang() -> None:
        stopped.set()
        await asyncio.Event().wait()

    move.embedder.pause = when(12, hang)
    attempt = asyncio.create_task(move.reindexer.reindex(job))
    await stopped.wait()
    attempt.cancel()
    await asyncio.wait([attempt])
    assert (await move.state()).embedded_count == 12
    move.embedder.pause = None
    move.embedder.embedded.clear()
    await move.reindexer.reindex(job)
    assert (await move.state()).status == "done"
    assert len(move.embedder.embedded) == 27 - 12
    assert await move.found() == await move.found(await fresh(move.desk, TEXTS))


async def test_a_worker_that_was_taken_over_writes_nothing_more(move: Move) -> None:
    job = await move.start()
    frozen, resume = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        frozen.set()
        await resume.wait()

    move.embedder.pause = when(8, freeze)
    first = asyncio.create_task(move.reindexer.reindex(job))
    await frozen.wait()
    move.embedder.pause = None
    await Reindexer(move.desk.database, HashEmbedder(), embedding_text=join_section).reindex(job)
    resume.set()
    await first
    state = await move.state()
    assert (state.status, state.embedded_count) == ("done", 27)


async def test_the_queue_gives_the_move_of_a_killed_worker_to_another(
    move: Move, database_url: str, tmp_path: Path
) -> None:
    await move.start()
    module = ("tests.support.processes.reindex_worker", database_url)
    killed = worker(os.environ, tmp_path / "worker.log", module=module)
    killed.start()

    async def embedded_two_batches() -> bool:
        return (await move.state()).embedded_count >= 8

    try:
        await until(embedded_two_batches)
    finally:
        killed.stop(0)
    attempts: list[str] = []
    successor = QueueWorker(
        lambda: asyncpg.connect(database_url),
        move.desk.ingestion.ingest,
        reindex=move.reindexer.reindex,
        on_attempt=attempts.append,
        heartbeat_timeout=1.0,
    )

    async def done() -> bool:
        return (await move.state()).status == "done"

    work = asyncio.create_task(successor.run())
    try:
        await until(done)
    finally:
        successor.stop()
        await work
    assert attempts.count("recovered") == 1
    assert len(move.embedder.embedded) == 27 - 8
    assert await move.found() == await move.found(await fresh(move.desk, TEXTS))


async def test_an_outage_is_waited_out_and_what_was_embedded_stays(move: Move) -> None:
    job = await move.start()
    move.embedder.outage_after = 8
    with pytest.raises(ModelUnavailable):
        await move.reindexer.reindex(job)
    state = await move.state()
    assert (state.status, state.embedded_count, state.error) == ("queued", 8, "No model server answers.")
    move.embedder.outage_after = None
    await move.reindexer.reindex(job)
    assert (await move.state()).status == "done"


async def test_a_cancelled_move_leaves_everything_as_it_was(move: Move) -> None:
    before = await move.found()
    version = await move.desk.corpus_version()
    move.embedder.pause = when(8, lambda: move.service.cancel(TENANT, "default"))
    assert (await move.run()).status == "cancelled"
    assert len(move.embedder.embedded) == 12
    assert (await move.model(), await move.found()) == (("fake", 8), before)
    assert await move.desk.corpus_version() == version
    assert await spaces_after_housekeeping(move.desk) == 1
    with pytest.raises(Conflict, match="not on its way"):
        await move.service.cancel(TENANT, "default")
    assert (await move.run()).status == "done"


async def test_a_model_that_cannot_embed_too_much_is_not_moved_to(move: Move) -> None:
    before = await move.found()
    desk = move.desk
    desk.embedder.refuse = "nothing"
    await desk.add("\n".join(f"poison {n}" for n in range(3)), "poison.txt")
    state = await move.run()
    assert (state.status, state.failed_count) == ("failed", 3)
    assert state.error == "wide cannot embed 3 of 30 chunks; the collection stays as it was."
    assert await move.model() == ("fake", 8)
    assert len(before) == len(await move.found())


async def test_documents_tell_what_the_new_model_cannot_embed_and_what_it_can(move: Move) -> None:
    desk = move.desk
    long = "\n".join(f"delta {n}" for n in range(30))
    desk.embedder.refuse = "delta 3"
    worse = await desk.add(long, "delta.txt")
    desk.embedder.refuse = "nothing"
    other = await desk.add("ember\npoison", "ember.txt")
    assert (worse.status, worse.failed_count, other.status) == ("partial", 1, "ready")
    assert (await move.run()).failed_count == 1
    worse = await desk.documents.get(TENANT, worse.id)
    other = await desk.documents.get(TENANT, other.id)
    assert (worse.status, worse.failed_count, worse.embedded_count, worse.error) == ("ready", 0, 30, None)
    assert (other.status, other.failed_count, other.embedded_count) == ("partial", 1, 1)
    assert other.error == "1 chunks could not be embedded"
    failed = [chunk.text for chunk in (await desk.documents.chunks(TENANT, other.id)).items if chunk.error]
    assert failed == ["poison"]
    desk.embedder.embedded.clear()
    retried = await desk.ingest(await desk.documents.retry(TENANT, other.id))
    assert (retried.status, desk.embedder.embedded) == ("ready", ["poison"])


async def test_old_vectors_are_dropped_when_nobody_can_be_reading_them(move: Move) -> None:
    await move.run()
    await HousekeepingService(move.desk.database).once()
    assert await spaces(move.desk) == 2
    assert await spaces_after_housekeeping(move.desk) == 1
    assert (await move.model())[0] == "wide"
    assert await move.found() == await move.found(await fresh(move.desk, TEXTS))


async def test_two_collections_of_different_models_live_side_by_side(move: Move) -> None:
    other = await fresh(move.desk, TEXTS)
    assert await move.model() == ("fake", 8)
    assert await move.model(other) == ("wide", 12)
    narrow, wide = await move.found(), await move.found(other)
    assert narrow != wide
    assert [[text for text, _ in reply] for reply in narrow] != []


async def test_what_another_collection_of_the_model_holds_is_not_embedded_again(move: Move) -> None:
    texts = {"other.txt": TEXTS["amber.txt"] + "\nbasalt line 0"}
    name = await fresh(move.desk, texts)
    done = await move.run()
    assert (done.embedded_count, done.failed_count) == (27, 0)
    assert sorted(move.embedder.embedded) == sorted(
        line for text in TEXTS.values() for line in text.splitlines() if line not in texts["other.txt"].splitlines()
    )
    assert await move.model() == await move.model(name)
    assert any("amber line" in text for text, _ in (await move.found())[0])


async def test_a_move_that_makes_no_sense_is_refused(move: Move) -> None:
    with pytest.raises(Conflict, match="uses fake already"):
        await move.service.start(TENANT, "default", "fake")
    with pytest.raises(NotFound):
        await move.service.start(TENANT, "nowhere", "wide")
    first = await move.start()
    assert await move.start() == first
    with pytest.raises(Conflict, match="on its way to wide"):
        await move.service.start(TENANT, "default", "third")
    assert [key for key, _ in await move.desk.queued() if key.startswith("reindex")] == [
        f"reindex:{first.reindex_id}"
    ]


async def test_a_model_that_has_changed_under_its_name_can_be_moved_to(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def describe(_: FakeModels, model: str) -> FakeModel:
        return FakeModel(model, dimension=16)

    monkeypatch.setattr(FakeModels, "describe", describe)
    assert (await move.run("fake")).status == "done"
    assert await move.model() == ("fake", 16)
    with pytest.raises(Conflict, match="uses fake already"):
        await move.service.start(TENANT, "default", "fake")


async def test_a_collection_that_is_deleted_meanwhile_ends_its_move(move: Move) -> None:
    async def delete() -> None:
        await move.desk.collections.delete(TENANT, "default")
        await HousekeepingService(move.desk.database, spaces_stay=0).once()

    move.embedder.pause = when(8, delete)
    await move.reindexer.reindex(await move.start())
    assert len(move.embedder.embedded) == 12
    async with move.desk.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM reindexes") == 0
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'vectors%'") == 0


async def test_housekeeping_queues_a_move_that_lost_its_job_again(move: Move) -> None:
    job = await move.start()
    async with move.desk.database.connection() as connection:
        await connection.execute("DELETE FROM pgqueuer")
        await connection.execute("UPDATE reindexes SET updated_at = now() - interval '2 minutes'")
    await HousekeepingService(move.desk.database).once()
    assert (f"reindex:{job.reindex_id}", "queued") in await move.desk.queued()


async def test_cached_results_of_the_two_models_never_mix(move: Move, database_url: str, valkey_url: str) -> None:
    settings = Settings(
        database_url=database_url,
        redis_url=valkey_url,
        cache_signing_keys=(("k1", "a secret that is long enough"),),
    )
    async with AsyncExitStack() as stack:
        database = await Database.connect(database_url, min_size=1, max_size=8)
        stack.push_async_callback(database.close)
        cache = await open_cache(settings, database, stack, limits=UNHURRIED)
        directory = CollectionCache(move.desk.collections, cache.watch)
        cache.listen(directory.forget)
        keeper = LexemeStatistics(database)
        stack.push_async_callback(keeper.close)
        search = CachedSearch(
            SearchService(database, move.desk.collections, embed_query, keeper), directory, cache.chain
        )

        async def ask(control: CacheControl = CacheControl.USE) -> tuple[bytes, CacheStatus]:
            found = await search.find(Query(TENANT, "default", "amber line 3"), control)
            return found.results, found.cached.status

        old, _ = await ask()
        statuses = []

        async def again(_: int) -> None:
            results, status = await ask()
            assert results == old
            statuses.append(status)

        move.embedder.pause = again
        await move.run()
        assert set(statuses) == {CacheStatus.HIT}

        async def moved() -> bool:
            return (await directory.resolve(TENANT, "default")).space.model == "wide"

        await until(moved)
        new, status = await ask()
        assert status is CacheStatus.MISS
        assert new == (await ask(CacheControl.BYPASS))[0] != old
        assert await ask() == (new, CacheStatus.HIT)


async def spaces(desk: Desk) -> int:
    async with desk.database.connection() as connection:
        made: int = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'vectors%'")
    return made


async def spaces_after_housekeeping(desk: Desk) -> int:
    await HousekeepingService(desk.database, spaces_stay=0).once()
    return await spaces(desk)


async def test_a_move_goes_ahead_of_documents_that_wait(move: Move, database_url: str) -> None:
    waiting = [await move.desk.upload(f"waits {number}", f"{number}.txt") for number in range(20)]
    await move.start()
    order: list[str] = []

    async def ingest(job: IngestJob) -> bool:
        order.append("document")
        return await move.desk.ingestion.ingest(job)

    async def reindex(job: ReindexJob) -> bool:
        order.append("move")
        return await move.reindexer.reindex(job)

    queue = QueueWorker(lambda: asyncpg.connect(database_url), ingest, reindex=reindex, concurrency=2)

    async def all_done() -> bool:
        return len(order) > len(waiting) and not (await move.state()).active

    work = asyncio.create_task(queue.run())
    try:
        await until(all_done)
    finally:
        queue.stop()
        await work
    assert order[0] == "move"
    assert await move.model() == ("wide", 12)
