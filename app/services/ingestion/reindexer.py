"""Moving a collection to another embedding model, without downtime and without mixing.

The new model's vectors are made beside the old ones. Questions use the old space until one transaction, which
finds the new one complete, lets them use it; what documents did meanwhile is in both.
See docs/decisions/0005-changing-the-embedding-model.md.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from app.db.database import Database, PooledConnection
from app.db.lifecycle import reindexes, space_switch
from app.db.lifecycle.reindexes import BEGINNING, MissingChunk, ReindexTask
from app.db.search import spaces
from app.db.search.spaces import SpaceGone
from app.db.tables import collections
from app.domain.documents import Collection, ReindexStatus
from app.domain.retrieval import Vector
from app.errors import LocalChatError, ModelUnsuitable, StoreUnavailable
from app.ingestion.embedding.embedder import BatchResult, EmbeddingBatchSource
from app.ingestion.queue.jobs import ReindexJob
from app.services.ingestion.embedding import WINDOW, Embedder
from app.services.ingestion.fencing import LeaseLost

# A move that would lose more than this share of the passages is not made.
TOLERATED_FAILURES = 0.05

# Sweeps after the first, each over what came meanwhile, before the rest is embedded while changes wait.
CATCH_UPS = 5

Row = tuple[int, UUID, int, Vector]
Write = Callable[[Sequence[Row], Sequence[tuple[int, str]]], Awaitable[None]]

_log = logging.getLogger(__name__)


class Reindexer:
    """The handler of reindex jobs."""

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        *,
        embedding_text: Callable[[str, str | None], str],
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._embedding_text = embedding_text

    async def reindex(self, job: ReindexJob) -> bool:
        """Move a collection, going on where the last attempt stopped.

        Returns:
            Whether it went on with what another worker had begun and left.

        Raises:
            StoreUnavailable, ModelUnavailable: the job must be tried again later.
        """
        lease = uuid4()
        async with self._database.transaction() as connection:
            task = await reindexes.take_lease(connection, job.reindex_id, lease)
        if task is None:
            _log.info("Nothing to do for reindex %s", job.reindex_id)
            return False
        try:
            await self._run(task, lease)
        except (LeaseLost, SpaceGone):
            _log.info("Reindex %s was taken over or cancelled", task.id)
        except StoreUnavailable:
            raise
        except LocalChatError as error:
            async with self._database.transaction() as connection:
                if error.retryable:
                    await reindexes.wait(connection, task.id, lease, error.detail)
                else:
                    await reindexes.end(connection, task.id, ReindexStatus.FAILED, error.detail)
            if error.retryable:
                raise
        except Exception:
            async with self._database.transaction() as connection:
                await reindexes.end(
                    connection, task.id, ReindexStatus.FAILED, "An internal error; see the worker's log."
                )
            raise
        return task.resumed

    async def _run(self, task: ReindexTask, lease: UUID) -> None:
        if not task.switched:
            await self._fill_and_switch(task, lease)
        async with self._database.transaction() as connection:
            await space_switch.settle(connection, task)
        _log.info("Collection %d is searched in space %d now", task.collection_id, task.space_id)

    async def _fill_and_switch(self, task: ReindexTask, lease: UUID) -> None:
        async with self._database.connection() as connection:
            with spaces.present():
                await reindexes.count_chunks(connection, task)
            current = await collections.get(connection, task.collection_id)
            space = await spaces.get(connection, task.space_id)
        if current is None or space is None:
            raise LeaseLost
        target = replace(current, space=space)
        await self._sweep(task, lease, target)
        async with self._database.connection() as connection:
            with spaces.present():
                await spaces.build_index(connection, task.space_id)
        for attempt in range(1 + CATCH_UPS):
            await self._sweep(task, lease, target)
            if await self._switch(task, lease, target, last=attempt == CATCH_UPS):
                return

    async def _sweep(self, task: ReindexTask, lease: UUID, target: Collection) -> None:
        """Embed what the space lacks, each batch committed under the lease."""
        # One at a time: ingestion needs the other connections.
        writing = asyncio.Lock()

        async def write(vectors: Sequence[Row], failures: Sequence[tuple[int, str]]) -> None:
            async with writing, self._database.transaction() as connection:
                await self._write(connection, task, lease, vectors, failures)

        await self._embedder.embed_chunks(target, self._missing(task, lease, target, write))

    async def _missing(
        self, task: ReindexTask, lease: UUID, target: Collection, write: Write
    ) -> AsyncIterator[EmbeddingBatchSource]:
        after = BEGINNING
        while True:
            async with self._database.connection() as connection:
                with spaces.present():
                    window = await reindexes.missing(connection, task, after=after, limit=WINDOW)
            if not window:
                return
            after = window[-1].place
            window = await self._reuse(task, lease, target, window)
            if window:
                yield self._portion(window, write)

    async def _reuse(
        self, task: ReindexTask, lease: UUID, target: Collection, window: Sequence[MissingChunk]
    ) -> Sequence[MissingChunk]:
        """Copy the vectors that other collections have of the model; the chunks that have none."""
        hashes = {chunk.id: chunk.content_hash for chunk in window}
        async with self._database.connection() as connection:
            equal = await spaces.find_equal(connection, target.space, target.tenant, hashes)
        if not equal:
            return window
        async with self._database.transaction() as connection:
            copied = await spaces.copy_vectors(connection, task.space_id, equal)
            if not await reindexes.advance(connection, task.id, lease, embedded=len(copied)):
                raise LeaseLost
        return [chunk for chunk in window if chunk.id not in copied]

    async def _switch(self, task: ReindexTask, lease: UUID, target: Collection, *, last: bool) -> bool:
        """Let questions use the space if it lacks nothing that they find in the old one.

        The `last` attempt embeds what is lacking itself, while whatever would become visible has to wait.
        """
        async with self._database.transaction() as connection:
            await self._write(connection, task, lease, (), ())
            await space_switch.lock_collection(connection, task)
            writing = asyncio.Lock()

            async def write(vectors: Sequence[Row], failures: Sequence[tuple[int, str]]) -> None:
                async with writing:
                    await self._write(connection, task, lease, vectors, failures)

            while window := await reindexes.missing(connection, task, after=BEGINNING, limit=WINDOW, visible=True):
                if not last:
                    return False
                await self._embedder.embed_chunks(target, _alone(self._portion(window, write)))
            failed, of = await space_switch.failures(connection, task)
            if failed > TOLERATED_FAILURES * of:
                raise ModelUnsuitable(
                    f"{target.space.model} cannot embed {failed} of {of} chunks; the collection stays as it was."
                )
            await space_switch.switch(connection, task)
        return True

    def _portion(self, window: Sequence[MissingChunk], write: Write) -> EmbeddingBatchSource:
        # Equal chunks are embedded once.
        same: dict[bytes, list[MissingChunk]] = {}
        for chunk in window:
            same.setdefault(chunk.content_hash, []).append(chunk)
        groups = list(same.values())

        async def store(batch: BatchResult) -> None:
            vectors, failures = batch.spread(groups)
            await write(
                [(chunk.id, chunk.place.document_id, chunk.place.version, vector) for chunk, vector in vectors],
                [(chunk.id, why) for chunk, why in failures],
            )

        texts = [self._embedding_text(group[0].text, group[0].section) for group in groups]
        return EmbeddingBatchSource(texts, store)

    async def _write(
        self,
        connection: PooledConnection,
        task: ReindexTask,
        lease: UUID,
        vectors: Sequence[Row],
        failures: Sequence[tuple[int, str]],
    ) -> None:
        held = await reindexes.advance(connection, task.id, lease, embedded=len(vectors), failed=len(failures))
        if not held:
            raise LeaseLost
        if vectors:
            await spaces.insert_rows(connection, task.space_id, vectors)
        if failures:
            await reindexes.record_failures(connection, task.id, failures)


async def _alone(portion: EmbeddingBatchSource) -> AsyncIterator[EmbeddingBatchSource]:
    yield portion
