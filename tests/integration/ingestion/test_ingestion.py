"""Ingestion that loses nothing and does nothing twice, on a real database and queue."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.domain.documents import DocumentStatus
from app.domain.ingestion import IngestDone, IngestFailed, IngestProgress
from app.domain.reading import DocumentWarning, WarningKind
from app.errors import Conflict, ModelUnavailable, UnreadableDocument
from app.ingestion.queue.jobs import IngestJob
from app.ingestion.queue.worker import QueueWorker
from app.services.documents.progress import ProgressWatcher
from app.services.ingestion.service import IngestService
from app.services.search.lexeme_statistics import LexemeStatistics
from tests.support.ingestion import TENANT, Desk, LineLoader, file_of, hang, join_section
from tests.support.waiting import until

LINES = "\n".join(f"line {number}" for number in range(12))


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    yield desk
    await desk.database.close()


UNREAD = DocumentWarning(WarningKind.PAGE_WITHOUT_TEXT, "The page holds no text.", "pages 2-5")
GUESSED = DocumentWarning(WarningKind.ENCODING_GUESSED, "The encoding was guessed.")


async def test_a_document_of_which_a_part_was_not_read_is_partial_and_says_what_is_missing(desk: Desk) -> None:
    desk.loader.warnings = (UNREAD, GUESSED)
    document = await desk.add(LINES)
    assert (document.status, document.failed_count) == ("partial", 0)
    assert document.error == "A part of the file was not read; see warnings."
    assert document.warnings == (UNREAD, GUESSED)


async def test_a_document_that_was_read_whole_is_ready_whatever_was_guessed(desk: Desk) -> None:
    desk.loader.warnings = (GUESSED,)
    document = await desk.add(LINES)
    assert (document.status, document.error, document.warnings) == ("ready", None, (GUESSED,))


async def test_a_new_version_has_warnings_of_its_own(desk: Desk) -> None:
    desk.loader.warnings = (UNREAD,)
    document = await desk.add(LINES)
    desk.loader.warnings = ()
    replaced = await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"better"))
    assert replaced.warnings == ()
    assert ((await desk.ingest(replaced)).status, replaced.error) == ("ready", None)


async def test_one_bad_text_costs_one_chunk_and_a_retry_embeds_only_that(desk: Desk) -> None:
    document = await desk.add("fine\npoison here\nalso fine")
    assert (document.status, document.embedded_count, document.failed_count) == ("partial", 2, 1)
    assert document.error == "1 chunks could not be embedded"
    assert await desk.visible(document.id) == ["fine", "also fine"]

    before = await desk.corpus_version()
    retried = await desk.documents.retry(TENANT, document.id)
    desk.embedder.embedded.clear()
    await desk.ingest(retried)
    assert desk.embedder.embedded == ["poison here"]
    assert await desk.corpus_version() > before


async def test_only_what_failed_can_be_retried(desk: Desk) -> None:
    document = await desk.add("fine")
    with pytest.raises(Conflict, match="ready"):
        await desk.documents.retry(TENANT, document.id)


async def test_equal_chunks_are_embedded_once(desk: Desk) -> None:
    document = await desk.add("twin\ntwin\nother")
    assert desk.embedder.embedded == ["twin", "other"]
    assert await desk.visible(document.id) == ["twin", "twin", "other"]


async def test_an_outage_keeps_what_was_embedded_and_the_next_attempt_goes_on_from_there(desk: Desk) -> None:
    document = await desk.upload(LINES)
    desk.embedder.outage_after = 8
    with pytest.raises(ModelUnavailable):
        await desk.ingest(document)
    waiting = await desk.documents.get(TENANT, document.id)
    assert (waiting.status, waiting.embedded_count) == ("queued", 8)
    assert waiting.error == "No model server answers."

    desk.embedder.outage_after = None
    desk.embedder.embedded.clear()
    done = await desk.ingest(document)
    assert (done.status, done.embedded_count, len(desk.embedder.embedded)) == ("ready", 12, 4)
    assert desk.loader.loads == 1
    assert await desk.visible(document.id) == LINES.splitlines()


async def test_a_worker_that_comes_back_after_it_was_taken_over_writes_nothing(desk: Desk) -> None:
    document = await desk.upload(LINES)
    resume = asyncio.Event()

    async def freeze(done: int) -> None:
        if done == 4:
            await resume.wait()

    desk.embedder.pause = freeze
    frozen = asyncio.create_task(desk.ingest(document))
    await until(lambda: len(desk.embedder.embedded) >= 4)
    desk.embedder.pause = None
    await desk.ingest(document)
    resume.set()
    await frozen
    done = await desk.documents.get(TENANT, document.id)
    assert (done.status, done.embedded_count) == ("ready", 12)
    assert await desk.visible(document.id) == LINES.splitlines()
    assert await desk.corpus_version() == 1


async def test_a_worker_that_was_taken_over_cannot_fail_what_another_has_finished(desk: Desk) -> None:
    document = await desk.upload(LINES)
    began, resume = asyncio.Event(), asyncio.Event()

    async def freeze(_: int) -> None:
        began.set()
        await resume.wait()
        raise UnreadableDocument("Reading the file took longer than 120 seconds.")

    loader = LineLoader()
    loader.before_part = freeze
    late = IngestService(
        desk.database,
        loader,
        desk.embedder,
        embedding_text=join_section,
        refresh_statistics=LexemeStatistics(desk.database).refresh,
    )
    frozen = asyncio.create_task(late.ingest(IngestJob(document.id, 1)))
    await began.wait()
    await desk.ingest(document)
    resume.set()
    await frozen
    done = await desk.documents.get(TENANT, document.id)
    assert (done.status, done.error) == ("ready", None)


@pytest.mark.parametrize("act", ["cancel", "delete", "replace"])
async def test_an_ingestion_stops_when_its_document_is_taken_away(desk: Desk, act: str) -> None:
    document = await desk.upload(LINES)

    async def interfere(done: int) -> None:
        if done != 4:
            return
        if act == "cancel":
            await desk.documents.cancel(TENANT, document.id)
        elif act == "delete":
            await desk.documents.delete(TENANT, document.id)
        else:
            await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"other"))

    desk.embedder.pause = interfere
    await desk.ingestion.ingest(IngestJob(document.id, 1))
    assert len(desk.embedder.embedded) == 8
    assert await desk.visible(document.id) == []
    if act == "cancel":
        cancelled = await desk.documents.get(TENANT, document.id)
        assert (cancelled.status, cancelled.error) == ("failed", "Cancelled.")


async def test_a_watcher_sees_progress_and_then_the_end(desk: Desk) -> None:
    document = await desk.upload(LINES)
    watcher = ProgressWatcher(desk.documents, interval=0.01)

    async def slow(_: int) -> None:
        await asyncio.sleep(0.05)

    desk.embedder.pause = slow
    ingest = asyncio.create_task(desk.ingest(document))
    events = [event async for event in watcher.events(TENANT, document.id)]
    await ingest
    progress = [event for event in events if isinstance(event, IngestProgress)]
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert any(event.total == 12 and event.embeddings_per_second for event in progress)
    assert isinstance(events[-1], IngestDone)
    assert sum(isinstance(event, IngestDone | IngestFailed) for event in events) == 1


class Workers:
    """Real queue workers over the desk's service."""

    def __init__(self, desk: Desk, url: str) -> None:
        self._desk, self._url = desk, url
        self._tasks: list[tuple[QueueWorker, asyncio.Task[None]]] = []
        self.attempts: list[str] = []

    def start(self) -> QueueWorker:
        worker = QueueWorker(
            lambda: asyncpg.connect(self._url),
            self._desk.ingestion.ingest,
            on_attempt=self.attempts.append,
            heartbeat_timeout=1.0,
        )
        self._tasks.append((worker, asyncio.create_task(worker.run())))
        return worker

    async def stop(self) -> None:
        for worker, _ in self._tasks:
            worker.stop()
        await asyncio.gather(*(task for _, task in self._tasks))


@pytest.fixture
async def workers(desk: Desk, database_url: str) -> AsyncIterator[Workers]:
    workers = Workers(desk, database_url)
    yield workers
    await workers.stop()


async def ended(desk: Desk, document_id: object, within: float = 20) -> DocumentStatus:
    async def status() -> str:
        async with desk.database.connection() as connection:
            return str(await connection.fetchval("SELECT status FROM documents WHERE id = $1", document_id))

    async def settled() -> bool:
        return await status() not in {"queued", "processing"}

    await until(settled, within)
    return DocumentStatus(await status())


async def test_workers_take_jobs_from_the_queue(desk: Desk, workers: Workers) -> None:
    workers.start()
    workers.start()
    uploaded = [await desk.upload(f"text {number}", f"{number}.txt") for number in range(6)]
    assert [await ended(desk, document.id) for document in uploaded] == ["ready"] * 6
    await until(lambda: workers.attempts == ["ok"] * 6)


async def test_a_job_waits_out_an_outage_of_the_model_server(desk: Desk, workers: Workers) -> None:
    desk.embedder.outage_after = 0
    workers.start()
    document = await desk.upload(LINES)

    async def out() -> bool:
        return (await desk.documents.get(TENANT, document.id)).error is not None

    await until(out)
    desk.embedder.outage_after = None
    assert await ended(desk, document.id) == "ready"
    await until(lambda: workers.attempts[-1] != "retry")
    assert set(workers.attempts[:-1]) == {"retry"}
    assert workers.attempts[-1] == "recovered"


async def test_a_stopping_worker_hands_its_job_back(desk: Desk, workers: Workers) -> None:
    desk.embedder.pause = hang
    first = workers.start()
    document = await desk.upload(LINES)
    await until(lambda: desk.embedder.embedded)
    first.stop()
    desk.embedder.pause = None
    workers.start()
    assert await ended(desk, document.id) == "ready"
    assert await desk.visible(document.id) == LINES.splitlines()
    await until(lambda: workers.attempts == ["retry", "recovered"])


async def test_a_job_that_breaks_its_handler_is_held(desk: Desk, workers: Workers) -> None:
    async def break_down(_: int) -> None:
        raise RuntimeError

    desk.embedder.pause = break_down
    workers.start()
    document = await desk.upload(LINES)
    assert await ended(desk, document.id) == "failed"

    async def given_up() -> bool:
        return workers.attempts == ["dead"] and (await desk.queued())[0][1] == "failed"

    await until(given_up)


async def test_workers_survive_a_loss_of_their_connection(desk: Desk, workers: Workers) -> None:
    workers.start()
    await ended(desk, (await desk.upload("before", "b.txt")).id)
    await cut_off_from_the_queue(desk)
    document = await desk.upload("after", "a.txt")
    assert await ended(desk, document.id) == "ready"


async def test_a_worker_that_loses_the_queue_drops_its_job_and_takes_it_again(desk: Desk, workers: Workers) -> None:
    hanging = asyncio.Event()

    async def hang_here(done: int) -> None:
        hanging.set()
        await hang(done)

    desk.embedder.pause = hang_here
    workers.start()
    document = await desk.upload(LINES)
    await hanging.wait()
    desk.embedder.pause = None
    await cut_off_from_the_queue(desk)
    assert await ended(desk, document.id) == "ready"
    await until(lambda: workers.attempts == ["retry", "recovered"])


async def cut_off_from_the_queue(desk: Desk) -> None:
    async with desk.database.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%pgqueuer%'"
        )
