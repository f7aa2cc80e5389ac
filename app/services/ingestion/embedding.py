"""The second half of an ingestion: a vector for each stored chunk, while more of them are still being stored."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from app.db.database import PooledConnection
from app.db.lifecycle.leases import IngestTask
from app.db.search import spaces
from app.db.tables import chunks
from app.db.tables.chunks import PendingChunk
from app.domain.documents import Collection, Stage
from app.domain.retrieval import Vector
from app.ingestion.embedding.embedder import BatchResult, EmbeddingBatchSource
from app.services.documents.observer import IngestObserver
from app.services.ingestion.fencing import Fence, Written
from app.services.ingestion.in_flight import Claim, InFlightEmbeddings, sharing
from app.services.ingestion.loading import EmbeddingText, SplitProgress

# Chunks read from the database at a time: bounds memory whatever the document's size.
WINDOW = 512


class Embedder(Protocol):
    async def embed_chunks(self, collection: Collection, portions: AsyncIterable[EmbeddingBatchSource]) -> None:
        """Raises ModelUnavailable when no model server answers; what was given to `on_batch` stands."""


class ChunkEmbedding:
    """Sweeps over the chunks of one version that lack a vector, until none does.

    Chunks that are equal are embedded once: a vector that the collection, or another of the same model, has for the
    same text is copied, and one that is being made, for whichever document, is waited for. `claims` are those of
    the whole process, whose connections that write are limited by `writers`.
    """

    def __init__(
        self,
        fence: Fence,
        collection: Collection,
        arrivals: SplitProgress,
        embedder: Embedder,
        writers: asyncio.Semaphore,
        claims: InFlightEmbeddings,
        *,
        embedding_text: EmbeddingText,
        observer: IngestObserver,
    ) -> None:
        self._fence = fence
        self._task: IngestTask = fence.task
        self._collection = collection
        self._space = collection.space
        self._arrivals = arrivals
        self._embedder = embedder
        self._writers = writers
        self._embedding_text = embedding_text
        self._observer = observer
        self._claims = claims
        self._sharing = sharing(fence.task.tenant, collection.space)
        self._mine: set[Hashable] = set()
        self._put_off: set[Claim] = set()

    async def run(self) -> None:
        """
        Raises:
            ModelUnavailable: no model server answers; what is stored stays.
            LeaseLost: the version is another's now.
            SpaceGone: the collection has moved to another model.
        """
        if not self._arrivals.complete:
            # Nor are chunks touched of which another worker stored some, before they are known to be the file's.
            await self._arrivals.wait()
        with self._observer.stage("embed"):
            while True:
                self._put_off.clear()
                try:
                    await self._embedder.embed_chunks(self._collection, self._portions())
                finally:
                    self._let_go(set(self._mine))
                if not self._put_off:
                    return
                for claim in self._put_off:
                    await self._claims.wait(claim)

    async def _portions(self) -> AsyncIterator[EmbeddingBatchSource]:
        after = -1
        sent = 0
        total: int | None = None
        while True:
            complete = self._arrivals.complete
            async with self._fence.database.connection() as connection:
                window = await self._pending(connection, after)
                if complete and total is None:
                    total = sent + await self._count_pending(connection, after)
            if not window and complete:
                return
            if not window:
                await self._arrivals.wait()
                continue
            after = window[-1].ordinal
            groups = await self._reuse(self._claim(window))
            if total is not None:
                total -= len(window) - len(groups)
            if groups:
                sent += len(groups)
                yield self._portion(groups, total)

    async def _pending(self, connection: PooledConnection, after: int) -> list[PendingChunk]:
        task = self._task
        return await chunks.pending(
            connection, self._space.id, task.document_id, task.version, after=after, limit=WINDOW
        )

    async def _count_pending(self, connection: PooledConnection, after: int) -> int:
        task = self._task
        return await chunks.count_pending(connection, self._space.id, task.document_id, task.version, after=after)

    def _claim(self, window: Sequence[PendingChunk]) -> list[list[PendingChunk]]:
        """Equal chunks together, without those that are being embedded already."""
        same: dict[bytes, list[PendingChunk]] = {}
        for chunk in window:
            if chunk.content_hash in same:
                same[chunk.content_hash].append(chunk)
                continue
            held = self._claims.claim(self._key(chunk), self._task.document_id, self._fence.lease)
            if held is None:
                self._mine.add(self._key(chunk))
                same[chunk.content_hash] = [chunk]
            else:
                self._put_off.add(held)
        return list(same.values())

    async def _reuse(self, groups: Sequence[list[PendingChunk]]) -> list[list[PendingChunk]]:
        """Copy the vectors that there are; the chunks that have none.

        Once they are claimed, or another could store a vector and let go of it between the look and the claim.
        """
        task = self._task
        hashes = {chunk.id: chunk.content_hash for group in groups for chunk in group}
        async with self._fence.database.connection() as connection:
            equal = await spaces.find_equal(connection, self._space, task.tenant, hashes)
        if not equal:
            return list(groups)
        async with self._writing() as (connection, written):
            reused = await spaces.copy_vectors(connection, self._space.id, equal)
            written.embedded = written.reused = len(reused)
        self._observer.chunks("reused", len(reused))
        rest = [[chunk for chunk in group if chunk.id not in reused] for group in groups]
        self._let_go({self._key(group[0]) for group, left in zip(groups, rest, strict=True) if not left})
        return [group for group in rest if group]

    def _key(self, chunk: PendingChunk) -> Hashable:
        return self._sharing, chunk.content_hash

    def _let_go(self, keys: set[Hashable]) -> None:
        self._mine -= keys
        self._claims.let_go(keys, self._fence.lease)

    def _portion(self, groups: Sequence[Sequence[PendingChunk]], total: int | None) -> EmbeddingBatchSource:
        async def store(batch: BatchResult) -> None:
            vectors, failures = batch.spread(groups)
            await self._write(
                [(chunk.id, vector) for chunk, vector in vectors], [(chunk.id, why) for chunk, why in failures]
            )
            self._let_go({self._key(groups[index][0]) for index in batch.indexes})

        texts = [self._embedding_text(first.text, first.section) for first, *_ in groups]
        return EmbeddingBatchSource(texts, store, total)

    async def _write(self, vectors: Sequence[tuple[int, Vector]], failures: Sequence[tuple[int, str]]) -> None:
        task = self._task
        async with self._writing() as (connection, written):
            await spaces.insert_vectors(connection, self._space.id, task.document_id, task.version, vectors)
            if failures:
                await chunks.record_failures(connection, failures)
            written.embedded, written.failed = len(vectors), len(failures)
        self._observer.chunks("failed", len(failures))

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[tuple[PooledConnection, Written]]:
        stage = Stage.EMBED if self._arrivals.complete else Stage.SPLIT
        async with self._writers, self._fence.writing(stage) as (connection, written):
            yield connection, written
            if self._task.visible:
                await bump(connection, self._task, self._collection, "replaced")


async def bump(connection: PooledConnection, task: IngestTask, collection: Collection, kind: str) -> None:
    """Make a change visible to the caches, at commit."""
    await connection.fetchval(
        "SELECT bump_corpus($1, $2, $3, $4)", collection.id, task.document_id, task.version, kind
    )
