"""How fast chunks and vectors are stored, beside a raw COPY of the same rows by two connections."""

import asyncio
import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import numpy as np

from app.db.database import Database
from app.db.search import spaces
from app.db.tables import chunks
from app.domain.documents import ChunkDraft, Chunking, ChunkPart, Collection, StoredFile
from app.domain.retrieval import Vector
from app.ingestion.embedding.embedder import BatchEmbeddingProcessor, EmbeddingBatchSource
from app.ingestion.queue.jobs import IngestJob
from app.services.documents.collections import CollectionService
from app.services.documents.service import DocumentService
from app.services.ingestion.service import IngestService
from app.services.search.lexeme_statistics import LexemeStatistics
from tests.performance.shared.figures import Figure, in_turns, show
from tests.support.ingestion import TENANT, FakeModel, file_of, join_section

CHUNKS, CHARACTERS, DIMENSION = 4_000, 1_000, 384
AIM = 0.8
_PART = 128


class Models:
    async def describe(self, model: str) -> FakeModel:
        return FakeModel(model, dimension=DIMENSION)


@dataclass
class ReadyMade:
    """A loader and an embedder that take no time."""

    drafts: Sequence[ChunkDraft]
    vectors: Mapping[str, Vector]

    def __post_init__(self) -> None:
        self._processor = BatchEmbeddingProcessor(self._embed, max_chars=64_000)

    @asynccontextmanager
    async def chunks(
        self, content: StoredFile, filename: str, media_type: str | None, chunking: Chunking
    ) -> AsyncIterator[AsyncIterator[ChunkPart]]:
        yield self._parts()

    async def _parts(self) -> AsyncIterator[ChunkPart]:
        for begin in range(0, len(self.drafts), _PART):
            part = self.drafts[begin : begin + _PART]
            yield ChunkPart("text/plain", part, last=begin + _PART >= len(self.drafts))

    async def embed_chunks(self, collection: Collection, portions: AsyncIterable[EmbeddingBatchSource]) -> None:
        await self._processor.run(portions)

    async def _embed(self, texts: Sequence[str]) -> list[Vector]:
        return [self.vectors[text] for text in texts]


def ready_made(number: int) -> ReadyMade:
    rng = np.random.default_rng(0)
    words = [f"{a}{b}{c}" for a in ("mo", "ka", "ri", "ste") for b in "aeiou" for c in ("ling", "ber", "dan", "to")]
    pick = random.Random(0)
    texts = [" ".join(pick.choices(words, k=CHARACTERS // 6))[:CHARACTERS] for _ in range(number)]
    vectors = rng.normal(size=(number, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    drafts = [ChunkDraft(ordinal, text, len(text.split()), 1, None) for ordinal, text in enumerate(texts)]
    return ReadyMade(drafts, dict(zip(texts, vectors, strict=True)))


class Storing:
    """Each run stores the same rows in a new collection, whose vectors have a table of their own."""

    def __init__(self, database: Database, made: ReadyMade) -> None:
        self._database = database
        self._made = made
        self._collections = CollectionService(database, Models(), default_model="ready-made")
        self._documents = DocumentService(database, self._collections)
        self._ingestion = IngestService(
            database,
            made,
            made,
            embedding_text=join_section,
            refresh_statistics=LexemeStatistics(database).refresh,
        )
        self._number = count()

    async def _document(self) -> tuple[UUID, Collection]:
        # Of a tenant of its own, or the vectors of the runs before would be copied.
        tenant = f"{TENANT}-{next(self._number)}"
        (made,) = await self._documents.upload(tenant, [file_of("a.txt", b"-")], collection="default", metadata={})
        return made.document.id, await self._collections.resolve(tenant, "default")

    async def ours(self) -> float:
        """Rows a second of the pipeline: in parts and batches, each committed under the lease."""
        document, _ = await self._document()
        began = time.perf_counter()
        await self._ingestion.ingest(IngestJob(document, 1))
        return len(self._made.drafts) / (time.perf_counter() - began)

    async def raw(self) -> float:
        """Rows a second of two connections that copy half of the rows each, in one transaction."""
        document, collection = await self._document()
        middle = len(self._made.drafts) // 2
        began = time.perf_counter()
        await asyncio.gather(
            self._copy(document, collection, self._made.drafts[:middle]),
            self._copy(document, collection, self._made.drafts[middle:]),
        )
        return len(self._made.drafts) / (time.perf_counter() - began)

    async def _copy(self, document: UUID, collection: Collection, drafts: Sequence[ChunkDraft]) -> None:
        async with self._database.transaction() as connection:
            await chunks.insert(
                connection,
                tenant=collection.tenant,
                collection_id=collection.id,
                language=collection.language,
                document_id=document,
                version=1,
                drafts=[(draft, draft.text.encode()[:32]) for draft in drafts],
            )
            rows = await connection.fetch(
                "SELECT id, text FROM chunks WHERE document_id = $1 AND ordinal BETWEEN $2 AND $3",
                document,
                drafts[0].ordinal,
                drafts[-1].ordinal,
            )
            vectors = [(row["id"], self._made.vectors[row["text"]]) for row in rows]
            await spaces.insert_vectors(connection, collection.space.id, document, 1, vectors)


async def bench_storing(database_url: str, turns: int, number: int) -> list[Figure]:
    database = await Database.connect(database_url, min_size=4, max_size=8)
    try:
        storing = Storing(database, ready_made(number))
        await storing.raw()  # so that no contender meets cold files
        rates = await in_turns({"raw COPY, 2 connections": storing.raw, "pipeline": storing.ours}, turns)
    finally:
        await database.close()
    floor = rates["raw COPY, 2 connections"]
    figures = [
        Figure("storing", name, rate, "chunks/s", rate / floor, "raw COPY", AIM if name == "pipeline" else None)
        for name, rate in rates.items()
    ]
    show(
        f"{number} chunks of {CHARACTERS} characters with {DIMENSION} numbers each, all indexes present",
        figures,
    )
    return figures
