"""Stand-ins for the loader and the embedder, and the document services around a real database."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

import numpy as np

from app.db.database import Database
from app.domain.documents import PIECE, ChunkDraft, Chunking, ChunkPart, Collection, Document, StoredFile, Upload
from app.domain.reading import DocumentProperties, DocumentWarning
from app.domain.retrieval import Vector
from app.errors import ModelUnavailable, UnreadableDocument
from app.ingestion.embedding.embedder import BatchResult, EmbeddingBatchSource, TextFailure
from app.ingestion.queue.jobs import IngestJob
from app.services.documents.collections import CollectionService
from app.services.documents.service import DocumentService
from app.services.ingestion.service import IngestService
from app.services.search.lexeme_statistics import LexemeStatistics

TENANT = "default"
DIMENSION = 8
WIDE = 12


@dataclass(frozen=True)
class FakeModel:
    name: str = "fake"
    digest: str = "sha256:0"
    dimension: int = DIMENSION
    query_prefix: str = ""
    document_prefix: str = ""
    context_length: int | None = 512


class FakeModels:
    """A model called `wide` has vectors of half as many numbers again."""

    async def describe(self, model: str) -> FakeModel:
        return FakeModel(model, dimension=WIDE if model == "wide" else DIMENSION)


class LineLoader:
    """Each line is a chunk, `part` of them come at a time; a file is read up to a line that begins with `!`."""

    def __init__(self, part: int = 100) -> None:
        self.loads = 0
        self.chunkings: list[Chunking] = []
        self.part = part
        self.warnings: tuple[DocumentWarning, ...] = ()
        self.properties = DocumentProperties()
        self.before_part: Callable[[int], Awaitable[None]] | None = None

    @asynccontextmanager
    async def chunks(
        self, content: StoredFile, filename: str, media_type: str | None, chunking: Chunking
    ) -> AsyncIterator[AsyncIterator[ChunkPart]]:
        self.loads += 1
        self.chunkings.append(chunking)
        text = b"".join([piece async for piece in content.pieces()]).decode()
        lines = [line for line in text.splitlines() if line]
        drafts = [ChunkDraft(ordinal, line, len(line.split()), 1, None) for ordinal, line in enumerate(lines)]
        yield self._parts(drafts, filename)

    async def _parts(self, drafts: Sequence[ChunkDraft], filename: str) -> AsyncIterator[ChunkPart]:
        for begin in range(0, len(drafts), self.part):
            if self.before_part is not None:
                await self.before_part(begin)
            part = drafts[begin : begin + self.part]
            if any(draft.text.startswith("!") for draft in part):
                raise UnreadableDocument(f"{filename} is scrambled.")
            last = begin + self.part >= len(drafts)
            yield ChunkPart("text/plain", part, last, self.warnings if last else (), self.properties)


def unit_vector(text: str, dimension: int = DIMENSION) -> Vector:
    raw = np.frombuffer(hashlib.sha256(text.encode()).digest()[:dimension], dtype=np.uint8).astype(np.float32)
    vector: Vector = raw / np.linalg.norm(raw)
    return vector


@dataclass
class HashEmbedder:
    """Unit vectors made of a text's hash. Texts with `refuse` in them get none; `outage` stops the whole server."""

    batch: int = 4
    embedded: list[str] = field(default_factory=list)
    outage_after: int | None = None
    refuse: str = "poison"
    pause: Callable[[int], Awaitable[None]] | None = None
    vector: Callable[[str, int], Vector] = unit_vector

    async def embed_chunks(self, collection: Collection, portions: AsyncIterable[EmbeddingBatchSource]) -> None:
        async for portion in portions:
            for begin in range(0, len(portion.texts), self.batch):
                await self._embed(collection, portion, begin)

    async def _embed(self, collection: Collection, portion: EmbeddingBatchSource, begin: int) -> None:
        if self.outage_after is not None and len(self.embedded) >= self.outage_after:
            raise ModelUnavailable("No model server answers.")
        part = portion.texts[begin : begin + self.batch]
        self.embedded.extend(part)
        outcomes = tuple(
            TextFailure("nan", "Not a number.")
            if self.refuse in text
            else self.vector(text, collection.space.dimension)
            for text in part
        )
        await portion.on_batch(BatchResult(tuple(range(begin, begin + len(part))), outcomes))
        if self.pause is not None:
            await self.pause(len(self.embedded))


def join_section(text: str, section: str | None) -> str:
    return f"{section}\n{text}" if section else text


def file_of(filename: str, content: bytes, media_type: str | None = None) -> Upload:
    """An upload of a file that is in memory."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    return Upload(filename, len(content), hashlib.sha256(content).hexdigest(), pieces, media_type)


@dataclass
class Desk:
    """The services of one test, and shortcuts to drive them."""

    database: Database
    collections: CollectionService
    documents: DocumentService
    loader: LineLoader
    embedder: HashEmbedder
    ingestion: IngestService

    @classmethod
    async def open(cls, database_url: str) -> Self:
        database = await Database.connect(database_url, min_size=1, max_size=8)
        collections = CollectionService(database, FakeModels(), default_model="fake")
        loader, embedder = LineLoader(), HashEmbedder()
        return cls(
            database,
            collections,
            DocumentService(database, collections),
            loader,
            embedder,
            IngestService(
                database,
                loader,
                embedder,
                embedding_text=join_section,
                refresh_statistics=LexemeStatistics(database).refresh,
            ),
        )

    async def upload(self, text: str, filename: str = "a.txt", collection: str = "default") -> Document:
        results = await self.documents.upload(
            TENANT, [file_of(filename, text.encode())], collection=collection, metadata={}
        )
        return results[0].document

    async def ingest(self, document: Document) -> Document:
        await self.ingestion.ingest(IngestJob(document.id, document.version))
        return await self.documents.get(TENANT, document.id)

    async def add(self, text: str, filename: str = "a.txt") -> Document:
        return await self.ingest(await self.upload(text, filename))

    async def visible(self, document_id: UUID) -> list[str]:
        """The texts that a reader can find, in order."""
        async with self.database.connection() as connection:
            collection = (await self.collections.resolve(TENANT, "default")).space.id
            rows = await connection.fetch(
                f"""SELECT c.text FROM chunks c JOIN vectors_{collection} v ON v.chunk_id = c.id
                JOIN documents d ON d.id = c.document_id AND d.active_version = c.version AND d.deleted_at IS NULL
                WHERE c.active AND v.active AND d.id = $1 ORDER BY c.ordinal""",
                document_id,
            )
        return [row["text"] for row in rows]

    async def content(self, document: Document) -> bytes:
        """The original bytes."""
        content = await self.documents.content(TENANT, document.id)
        return b"".join([piece async for piece in content.pieces(0, content.size_bytes)])

    async def queued(self) -> list[tuple[str, str]]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("SELECT dedupe_key, status::text FROM pgqueuer ORDER BY id")
        return [(row["dedupe_key"], row["status"]) for row in rows]

    async def corpus_version(self) -> int:
        return (await self.collections.resolve(TENANT, "default")).corpus_version


async def hang(_: int) -> None:
    await asyncio.Event().wait()
