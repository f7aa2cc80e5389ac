"""Files that are read again: cut in another way, or since a part of them was not read."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.db.search import passages
from app.domain.documents import Chunking, Document, DocumentStatus
from app.domain.reading import DocumentWarning, WarningKind
from app.errors import InvalidInput
from app.ingestion.queue.jobs import IngestJob
from tests.support.ingestion import TENANT, Desk, hang
from tests.support.waiting import until

MISSING = DocumentWarning(WarningKind.PAGE_WITHOUT_TEXT, "The page holds no text.", "page 2")


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    yield desk
    await desk.database.close()


async def cut(desk: Desk, **chunking: int) -> None:
    await desk.collections.update(TENANT, "default", settings={"chunking": chunking})


async def told_of(desk: Desk, document: Document) -> set[str | None]:
    """What a search tells of the parts of a document that were not read."""
    page = await desk.documents.chunks(TENANT, document.id)
    async with desk.database.connection() as connection:
        found = await passages.fetch(connection, [chunk.id for chunk in page.items])
    return {passage.unread for passage in found.values()}


async def test_another_chunking_cuts_every_document_again_while_readers_see_the_old_chunks(desk: Desk) -> None:
    first, second = [await desk.add(text, f"{text[0]}.txt") for text in ("a\nb", "c\nd")]
    desk.embedder.embedded.clear()
    await cut(desk, size=100, overlap=10)
    assert {(f"ingest:{one.id}:2", "queued") for one in (first, second)} <= set(await desk.queued())
    assert await desk.visible(first.id) == ["a", "b"]
    queued = await desk.documents.get(TENANT, first.id)
    assert (queued.status, queued.version) == (DocumentStatus.QUEUED, 2)
    assert await desk.content(queued) == b"a\nb"

    again = await desk.ingest(queued)
    assert (again.status, again.chunk_count, again.reused_count) == ("ready", 2, 2)
    assert desk.loader.chunkings[-1] == Chunking("fake", 100, 10)
    assert desk.embedder.embedded == []
    assert await desk.visible(first.id) == ["a", "b"]
    assert await desk.content(again) == b"a\nb"


async def test_a_chunking_that_stays_queues_nothing(desk: Desk) -> None:
    await desk.add("a")
    await cut(desk, size=100)
    jobs = await desk.queued()
    await cut(desk, size=100, overlap=0)
    await desk.collections.update(TENANT, "default", settings={"cache": {"ttl": 60}})
    assert await desk.queued() == jobs


async def test_a_document_that_is_being_ingested_is_cut_in_the_new_way(desk: Desk) -> None:
    document = await desk.upload("a\nb")
    desk.embedder.pause = hang
    running = asyncio.create_task(desk.ingestion.ingest(IngestJob(document.id, 1)))
    await until(lambda: desk.embedder.embedded)
    await cut(desk, size=64)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    desk.embedder.pause = None
    done = await desk.ingest(await desk.documents.get(TENANT, document.id))
    assert (done.status, done.version) == ("ready", 2)
    assert await desk.visible(document.id) == ["a", "b"]


async def test_a_document_that_failed_stays_until_it_is_retried(desk: Desk) -> None:
    document = await desk.add("!scrambled")
    assert document.status is DocumentStatus.FAILED
    await cut(desk, size=64)
    assert (await desk.documents.get(TENANT, document.id)).version == 1


@pytest.mark.parametrize(
    ("chunking", "reason"),
    [
        ({"size": 457}, r"settings\.chunking\.size: 457 are too many; fake takes 512 tokens at once, .* 456"),
        (
            {"size": 100, "overlap": 51},
            r"settings\.chunking\.overlap: at most half of the size, which is 50 tokens",
        ),
        ({"overlap": 101}, r"settings\.chunking\.overlap"),
    ],
)
async def test_a_chunking_that_the_model_cannot_take_is_refused(
    desk: Desk, chunking: dict[str, int], reason: str
) -> None:
    await desk.add("a")
    with pytest.raises(InvalidInput, match=reason):
        await cut(desk, **chunking)
    assert (await desk.collections.get(TENANT, "default")).collection.settings == {}
    await cut(desk, size=456, overlap=228)


async def test_a_retry_reads_a_file_again_of_which_a_part_was_not_read(desk: Desk) -> None:
    desk.loader.warnings = (MISSING,)
    document = await desk.add("a\nb")
    assert document.status is DocumentStatus.PARTIAL
    assert await told_of(desk, document) == {"page 2"}
    desk.loader.warnings = ()
    retried = await desk.documents.retry(TENANT, document.id)
    assert (retried.status, retried.version) == ("queued", 2)
    assert await desk.visible(document.id) == ["a", "b"]
    done = await desk.ingest(retried)
    assert (done.status, done.warnings, desk.loader.loads) == ("ready", (), 2)
    assert await told_of(desk, document) == {None}
