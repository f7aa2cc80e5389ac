"""A text is sent to the model server once, whichever documents hold it, as counted by the server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from app.db.database import Database
from app.domain.documents import Document
from app.ingestion.queue.jobs import IngestJob
from app.ingestion.splitting.splitter import embedding_text
from app.ollama.client import OllamaClient
from app.services.documents.collections import CollectionService
from app.services.documents.service import DocumentService
from app.services.ingestion.service import IngestService
from app.services.search.embedding import EmbeddingService
from app.services.search.embedding_cache import EmbeddingCache
from app.services.search.lexeme_statistics import LexemeStatistics
from tests.support.cache.assembly import assemble
from tests.support.fake_ollama import EMBEDDING_MODEL, FakeOllama
from tests.support.ingestion import TENANT, LineLoader, file_of
from tests.support.waiting import until


def lines(*numbers: int) -> str:
    return "\n".join(f"line {number}" for number in numbers)


@dataclass
class Press:
    """Everything from an upload to the model server, in one process, with a line for each chunk."""

    database: Database
    models: FakeOllama
    documents: DocumentService
    ingestion: IngestService

    @classmethod
    @asynccontextmanager
    async def running(cls, database_url: str) -> "AsyncIterator[Press]":
        models = FakeOllama()
        async with models.running():
            database = await Database.connect(database_url, min_size=1, max_size=10)
            client = OllamaClient([models.url])
            embedding = EmbeddingService(
                client, EmbeddingCache(assemble([]).chain), batch_size=16, max_chars=64_000, max_workers=8
            )
            collections = CollectionService(database, embedding, default_model=EMBEDDING_MODEL)
            ingestion = IngestService(
                database,
                LineLoader(part=40),
                embedding,
                embedding_text=embedding_text,
                refresh_statistics=LexemeStatistics(database).refresh,
            )
            try:
                yield cls(database, models, DocumentService(database, collections), ingestion)
            finally:
                await client.aclose()
                await database.close()

    async def upload(self, text: str, *, name: str = "a.txt", collection: str = "default") -> Document:
        upload = file_of(name, text.encode())
        (result,) = await self.documents.upload(TENANT, [upload], collection=collection, metadata={})
        return result.document

    async def ingest(self, document: Document) -> Document:
        await self.ingestion.ingest(IngestJob(document.id, document.version))
        done = await self.documents.get(TENANT, document.id)
        assert done.status == "ready"
        assert done.embedded_count == done.chunk_count
        return done

    async def replace(self, document: Document, text: str) -> Document:
        return await self.ingest(
            await self.documents.replace(TENANT, document.id, file_of(document.filename, text.encode()))
        )

    def sent(self) -> Counter[str]:
        """How often the model server was sent each text since the last call."""
        texts = Counter(
            text
            for request in self.models.requests
            if request.path == "/api/embed"
            for text in request.json["input"]
        )
        self.models.requests.clear()
        return texts

    async def vectors(self, document: Document) -> int:
        async with self.database.connection() as connection:
            space = await connection.fetchval(
                "SELECT space_id FROM collections c JOIN documents d ON d.collection_id = c.id WHERE d.id = $1",
                document.id,
            )
            found: int = await connection.fetchval(
                f"SELECT count(*) FROM vectors_{space} WHERE document_id = $1 AND active", document.id
            )
        return found


@pytest.fixture
async def press(database_url: str) -> AsyncIterator[Press]:
    async with Press.running(database_url) as press:
        yield press


async def test_what_a_document_says_twice_is_sent_once(press: Press) -> None:
    # More than a window apart, so that the second comes while the first is in flight or stored.
    done = await press.ingest(await press.upload(lines(*range(300), *range(300), *range(300))))
    assert press.sent() == Counter(lines(*range(300)).splitlines())
    assert await press.vectors(done) == 900


async def test_what_another_document_says_is_not_sent_again(press: Press) -> None:
    await press.ingest(await press.upload(lines(*range(100))))
    press.sent()
    done = await press.ingest(await press.upload(lines(*range(50, 120)), name="b.md"))
    assert press.sent() == Counter(lines(*range(100, 120)).splitlines())
    assert (done.reused_count, await press.vectors(done)) == (50, 70)


async def test_another_collection_of_the_same_model_is_sent_nothing(press: Press) -> None:
    await press.ingest(await press.upload(lines(*range(100))))
    press.sent()
    done = await press.ingest(await press.upload(lines(*range(100)), name="b.md", collection="other"))
    assert press.sent() == Counter()
    assert (done.reused_count, await press.vectors(done)) == (100, 100)


async def test_a_replaced_document_is_sent_what_changed_and_no_more(press: Press) -> None:
    first = await press.ingest(await press.upload(lines(*range(100))))
    press.sent()
    changed = [*range(20), 1000, *range(21, 60), 1001, 1002, *range(60, 100)]
    second = await press.replace(first, lines(*changed))
    assert press.sent() == Counter(lines(1000, 1001, 1002).splitlines())
    assert (second.version, second.reused_count, await press.vectors(second)) == (2, 99, 102)
    # Back to what it was: only the first version, which readers do not see, has line 20.
    third = await press.replace(second, lines(*range(100)))
    assert (third.version, await press.vectors(third)) == (3, 100)
    assert press.sent() == Counter(["line 20"])


async def test_documents_in_work_at_once_wait_for_what_another_has_sent(press: Press) -> None:
    press.models.request_seconds = 0.05
    documents = [
        await press.upload(lines(*range(200), 1000 + number), collection=f"shelf-{number % 2}")
        for number in range(4)
    ]
    done = await asyncio.gather(*map(press.ingest, documents))
    assert press.sent() == Counter(lines(*range(200), *range(1000, 1004)).splitlines())
    assert [await press.vectors(document) for document in done] == [201] * 4


async def test_what_a_stopped_document_had_sent_is_sent_again_for_another_that_waits(press: Press) -> None:
    press.models.request_seconds = 60
    first = asyncio.create_task(press.ingest(await press.upload(lines(*range(8)))))
    await until(lambda: press.models.batches)
    press.models.request_seconds = 0
    second = asyncio.create_task(press.ingest(await press.upload(lines(*range(9)))))
    await until(lambda: "line 8" in press.models.requests[-1].body.decode())
    first.cancel()
    assert await press.vectors(await asyncio.wait_for(second, 60)) == 9
    assert press.sent() == Counter({**dict.fromkeys(lines(*range(8)).splitlines(), 2), "line 8": 1})


async def test_a_small_document_waits_for_a_round_of_a_large_one_and_not_for_its_end(press: Press) -> None:
    press.models.request_seconds = 0.02
    large = asyncio.create_task(press.ingest(await press.upload(lines(*range(2000, 8000)))))
    await until(lambda: press.models.batches)
    await press.ingest(await press.upload(lines(*range(10_000, 10_080)), name="b.txt"))
    asked = ["line 10" in request.body.decode() for request in press.models.requests]
    first, last = asked.index(True), len(asked) - asked[::-1].index(True)
    # Its ten requests, one of the other's after each, and those that were in flight at either end.
    assert last - first <= 10 + 10 + 2 * 8
    assert not large.done()
    large.cancel()
    await asyncio.wait([large])
