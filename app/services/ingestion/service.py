"""Ingesting one version of a document: load and split, embed, store, show.

What comes out of the file is stored part by part, and embedded while more comes. Every step commits what it did
under the version's lease, so that a job which is taken over goes on where the last one stopped: chunks are stored
once, and only those without a vector are embedded.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from app.db.database import Database
from app.db.lifecycle import leases
from app.db.lifecycle.leases import IngestTask
from app.db.search import spaces
from app.db.search.spaces import SpaceGone
from app.db.tables import chunks, collections, documents
from app.domain.documents import Collection, Stage
from app.errors import LocalChatError, StoreUnavailable, UnreadableDocument
from app.ingestion.queue.jobs import IngestJob
from app.services.documents.observer import IngestObserver
from app.services.ingestion.embedding import ChunkEmbedding, Embedder, bump
from app.services.ingestion.fencing import Fence, LeaseLost
from app.services.ingestion.in_flight import InFlightEmbeddings
from app.services.ingestion.loading import ChunkLoading, EmbeddingText, Loader, SplitProgress

# Connections that store at once in one process. Entering a vector into the graph is work for the server's
# processors, so more would gain nothing.
WRITERS = 2

_log = logging.getLogger(__name__)


class IngestService:
    """The handler of ingestion jobs."""

    def __init__(
        self,
        database: Database,
        loader: Loader,
        embedder: Embedder,
        *,
        embedding_text: EmbeddingText,
        refresh_statistics: Callable[[int], Awaitable[object]],
        observer: IngestObserver | None = None,
    ) -> None:
        self._database = database
        self._loader = loader
        self._embedder = embedder
        self._embedding_text = embedding_text
        self._refresh_statistics = refresh_statistics
        self._observer = observer or IngestObserver()
        self._writers = asyncio.Semaphore(WRITERS)
        self._claims = InFlightEmbeddings()

    async def ingest(self, job: IngestJob) -> bool:
        """Ingest a version, or return at once if it is not wanted any more.

        Returns:
            Whether it went on with what another worker had begun and left.

        Raises:
            StoreUnavailable, ModelUnavailable: the job must be tried again later.
        """
        lease = uuid4()
        async with self._database.transaction() as connection:
            task = await leases.take_lease(connection, job.document_id, job.version, lease)
        if task is None:
            _log_job(job, "Nothing to do for version %d", job.version)
            return False
        _log_job(task, "Ingesting version %d", task.version)
        fence = Fence(self._database, task, lease)
        try:
            await self._run(fence)
        except LeaseLost:
            _log_job(task, "Version %d was taken over", task.version)
        except StoreUnavailable:
            raise
        except LocalChatError as error:
            if error.retryable:
                async with self._database.transaction() as connection:
                    await leases.wait(connection, task.document_id, lease, error.detail)
                raise
            await self._give_up(fence, error.detail)
            _log_job(task, "Refused version %d: %s", task.version, error.code)
        except Exception:
            await self._give_up(fence, "An internal error; see the worker's log.")
            raise
        return task.resumed

    async def _run(self, fence: Fence) -> None:
        collection = await self._collection(fence.task)
        arrivals = SplitProgress(complete=fence.task.split)
        while True:
            try:
                await self._fill(fence, collection, arrivals)
                await self._show(fence, collection)
                break
            except SpaceGone:
                collection = await self._collection(fence.task)
                await self._begin_again(fence, collection)
        # Outside the transaction that shows the document: counting a large collection takes a while.
        await self._refresh_statistics(collection.id)

    async def _fill(self, fence: Fence, collection: Collection, arrivals: SplitProgress) -> None:
        """Store the chunks, unless they all are, and embed them meanwhile."""
        embedding = ChunkEmbedding(
            fence,
            collection,
            arrivals,
            self._embedder,
            self._writers,
            self._claims,
            embedding_text=self._embedding_text,
            observer=self._observer,
        )
        loading = ChunkLoading(
            fence,
            collection,
            arrivals,
            self._loader,
            self._writers,
            embedding_text=self._embedding_text,
            observer=self._observer,
        )
        embedded = asyncio.create_task(embedding.run())
        try:
            # To its end even while no model answers: what is stored needs no second reading.
            if not arrivals.complete:
                await loading.run()
            await embedded
        finally:
            embedded.cancel()
            await asyncio.gather(embedded, return_exceptions=True)

    async def _collection(self, task: IngestTask) -> Collection:
        async with self._database.connection() as connection:
            collection = await collections.find(connection, task.tenant, task.collection)
        if collection is None:
            raise LeaseLost
        return collection

    async def _begin_again(self, fence: Fence, collection: Collection) -> None:
        """The collection has moved to another model: embed what its space lacks, failures of the old one too."""
        task = fence.task
        async with self._database.transaction() as connection:
            held = await leases.begin_again(
                connection, task.document_id, task.version, fence.lease, collection.space.id
            )
            if not held:
                raise LeaseLost
            await chunks.forgive(connection, task.document_id, task.version)

    async def _show(self, fence: Fence, collection: Collection) -> None:
        task = fence.task
        async with self._database.transaction() as connection:
            await fence.advance(connection, Stage.STORE)
            document = await documents.lock(connection, task.tenant, task.document_id)
            if document is None:
                raise LeaseLost
            if not await leases.holds_space(connection, task.collection_id, collection.space.id):
                raise SpaceGone
            if document.chunk_count and document.failed_count == document.chunk_count:
                raise UnreadableDocument("No chunk of the document could be embedded.")
            if not await leases.activate(connection, task.document_id, fence.lease):
                raise LeaseLost
            deleted = await chunks.deactivate(connection, task.document_id, keep_version=task.version)
            await spaces.deactivate(connection, collection.space.id, task.document_id, keep_version=task.version)
            # The name or the metadata may have changed meanwhile, and a title may stand at the end of a file.
            await chunks.rename(connection, task.document_id)
            await bump(connection, task, collection, "added" if task.version == 1 else "replaced")
        self._observer.chunks("deleted", deleted)
        for warning in document.warnings:
            self._observer.warned(warning.kind)
        unread = any(warning.kind.missing for warning in document.warnings)
        self._observer.ended("partial" if document.failed_count or unread else "indexed")
        _log_job(
            task,
            "Indexed version %d with %d chunks",
            task.version,
            document.chunk_count,
            warnings=[f"{told.kind} {told.where}" if told.where else str(told.kind) for told in document.warnings],
        )

    async def _give_up(self, fence: Fence, reason: str) -> None:
        """End a version that cannot be ingested. What was stored of a file that could not be read whole goes."""
        task = fence.task
        async with self._database.transaction() as connection:
            if not await leases.fail(connection, task.document_id, fence.lease, reason):
                return
            collection = await collections.find(connection, task.tenant, task.collection)
            if collection is not None and not await leases.is_split(connection, task.document_id, task.version):
                await chunks.discard(connection, collection.space.id, task.document_id, task.version)
        self._observer.ended("failed")


def _log_job(about: IngestTask | IngestJob, message: str, *arguments: object, warnings: Sequence[str] = ()) -> None:
    noted = {"warnings": list(warnings)} if warnings else {}
    _log.info(message, *arguments, extra={"document": str(about.document_id), **noted})
