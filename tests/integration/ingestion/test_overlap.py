"""A document is stored and embedded while it is still being read, and may be interrupted at any part of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.documents import Document
from app.domain.ingestion import IngestProgress
from app.errors import ModelUnavailable
from app.ingestion.queue.jobs import IngestJob
from app.services.documents.progress import ProgressWatcher
from tests.support.ingestion import TENANT, Desk, file_of
from tests.support.waiting import until

LINES = [f"line {number}" for number in range(50)]
TEXT = "\n".join(LINES)
PART = 10


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    desk.loader.part = PART
    yield desk
    await desk.database.close()


async def rows(desk: Desk) -> list[tuple[int, str]]:
    """The chunks that there are of all documents, as (id, text), in order."""
    async with desk.database.connection() as connection:
        found = await connection.fetch("SELECT id, text FROM chunks ORDER BY document_id, version, ordinal")
    return [(row["id"], row["text"]) for row in found]


def stop_before(desk: Desk, part: int) -> asyncio.Event:
    """Let no file be read beyond its first parts. The event: it has come that far."""
    reached = asyncio.Event()

    async def before(begin: int) -> None:
        if begin == part * PART:
            reached.set()
            await asyncio.Event().wait()

    desk.loader.before_part = before
    return reached


async def reach(desk: Desk, document: Document, embedded: int) -> Document:
    """Wait until so many vectors of a document are committed."""

    async def reached() -> bool:
        return (await desk.documents.get(TENANT, document.id)).embedded_count >= embedded

    await until(reached)
    return await desk.documents.get(TENANT, document.id)


async def stop(work: asyncio.Task[Document]) -> None:
    work.cancel()
    await asyncio.wait([work])


async def test_chunks_are_embedded_while_the_file_is_still_being_read(desk: Desk) -> None:
    document = await desk.upload(TEXT)
    reached = stop_before(desk, 3)
    reading = asyncio.create_task(desk.ingest(document))
    await reached.wait()
    halfway = await reach(desk, document, 30)
    assert desk.embedder.embedded == LINES[:30]
    assert (halfway.status, halfway.stage, halfway.chunk_count) == ("processing", "split", 30)
    assert await desk.visible(document.id) == []
    await stop(reading)


async def test_a_file_is_read_to_its_end_while_no_model_answers(desk: Desk) -> None:
    desk.embedder.outage_after = 0
    document = await desk.upload(TEXT)
    with pytest.raises(ModelUnavailable):
        await desk.ingest(document)
    assert [text for _, text in await rows(desk)] == LINES
    desk.embedder.outage_after = None
    await desk.ingest(document)
    assert desk.loader.loads == 1
    assert await desk.visible(document.id) == LINES


async def test_what_a_stopped_worker_had_stored_and_embedded_is_not_done_again(desk: Desk) -> None:
    document = await desk.upload(TEXT)
    reached = stop_before(desk, 3)
    first = asyncio.create_task(desk.ingest(document))
    await reached.wait()
    await reach(desk, document, 30)
    await stop(first)
    before = await rows(desk)

    desk.loader.before_part = None
    done = await desk.ingest(document)
    assert desk.embedder.embedded == LINES
    assert (await rows(desk))[:30] == before
    assert (done.status, done.chunk_count, done.embedded_count) == ("ready", 50, 50)
    assert await desk.visible(document.id) == LINES


@pytest.mark.parametrize("text", ["line 0\nline 1 in other words\nline 2", "line 0"], ids=["other", "fewer"])
async def test_a_file_that_is_cut_otherwise_than_before_begins_anew(desk: Desk, text: str) -> None:
    document = await desk.upload(TEXT)
    reached = stop_before(desk, 3)
    first = asyncio.create_task(desk.ingest(document))
    await reached.wait()
    await reach(desk, document, 30)
    await stop(first)

    desk.loader.before_part = None
    async with desk.database.connection() as connection:
        await connection.execute("UPDATE document_versions SET size_bytes = $1", len(text))
        await connection.execute("UPDATE document_parts SET bytes = $1", text.encode())
    done = await desk.ingest(document)
    lines = text.splitlines()
    assert [text for _, text in await rows(desk)] == lines
    assert (done.status, done.chunk_count, done.embedded_count) == ("ready", len(lines), len(lines))
    assert await desk.visible(document.id) == lines


async def test_nothing_is_left_of_a_file_that_proves_unreadable_in_the_middle(desk: Desk) -> None:
    kept = await desk.add("kept", "b.txt")
    document = await desk.ingest(await desk.upload(f"{TEXT}\n! scrambled"))
    assert (document.status, document.chunk_count, document.embedded_count) == ("failed", 0, 0)
    assert document.error == "a.txt is scrambled."
    assert [text for _, text in await rows(desk)] == ["kept"]
    assert await desk.visible(kept.id) == ["kept"]


async def test_a_watcher_is_foretold_no_end_while_more_chunks_may_come(desk: Desk) -> None:
    async def slow(_: int) -> None:
        await asyncio.sleep(0.05)

    desk.embedder.pause = slow
    document = await desk.upload(TEXT)
    reached = stop_before(desk, 4)
    reading = asyncio.create_task(desk.ingest(document))
    seen: list[IngestProgress] = []
    async for event in ProgressWatcher(desk.documents, interval=0.01).events(TENANT, document.id):
        assert isinstance(event, IngestProgress)
        seen.append(event)
        if event.done == 40:
            break
    assert reached.is_set()
    assert any(event.embeddings_per_second for event in seen)
    assert all(event.eta_seconds is None for event in seen)
    await stop(reading)


async def test_readers_keep_the_old_version_while_a_new_one_is_read_part_by_part(desk: Desk) -> None:
    document = await desk.add("old words")
    replaced = await desk.documents.replace(TENANT, document.id, file_of("a.txt", TEXT.encode()))
    reached = stop_before(desk, 3)
    reading = asyncio.create_task(desk.ingest(replaced))
    await reached.wait()
    await reach(desk, document, 30)
    assert await desk.visible(document.id) == ["old words"]
    await stop(reading)


@pytest.mark.parametrize("act", ["cancel", "delete", "replace"])
async def test_a_document_that_is_taken_away_is_read_no_further(desk: Desk, act: str) -> None:
    document = await desk.upload(TEXT)
    parts = 0

    async def interfere(begin: int) -> None:
        nonlocal parts
        parts += 1
        if begin != 2 * PART:
            return
        if act == "cancel":
            await desk.documents.cancel(TENANT, document.id)
        elif act == "delete":
            await desk.documents.delete(TENANT, document.id)
        else:
            await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"other"))

    desk.loader.before_part = interfere
    await desk.ingestion.ingest(IngestJob(document.id, 1))
    assert parts == 3
    assert await desk.visible(document.id) == []


async def test_a_worker_that_freezes_while_it_reads_stores_nothing_once_it_is_taken_over(desk: Desk) -> None:
    document = await desk.upload(TEXT)
    reached, resume = asyncio.Event(), asyncio.Event()

    async def freeze(begin: int) -> None:
        if begin == 3 * PART:
            desk.loader.before_part = None
            reached.set()
            await resume.wait()

    desk.loader.before_part = freeze
    frozen = asyncio.create_task(desk.ingest(document))
    await reached.wait()
    await desk.ingest(document)
    before = await rows(desk)
    resume.set()
    done = await frozen
    assert await rows(desk) == before
    assert (done.status, done.chunk_count, done.embedded_count) == ("ready", 50, 50)
    assert await desk.visible(document.id) == LINES
