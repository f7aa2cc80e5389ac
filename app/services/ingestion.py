"""Ingesting one version of a document: load, split, embed, store, show.

Every step commits what it did under the version's lease, so that a job which is taken over goes on where the
last one stopped: chunks are stored once, and only those without a vector are embedded.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID, uuid4

from app.db import chunks, collections, documents, leases, spaces
from app.db.database import Database, PooledConnection
from app.db.leases import IngestTask
from app.db.spaces import SpaceGone
from app.domain.documents import ChunkDraft, Collection, LoadedDocument, Stage
from app.domain.retrieval import Vector
from app.errors import LocalChatError, StoreUnavailable, UnreadableDocument
from app.ingestion.embedder import BatchResult, OnBatch, TextFailure
from app.ingestion.jobs import IngestJob
from app.services.observing import IngestObserver

# Chunks read from the database at a time: bounds memory whatever the document's size.
WINDOW = 1024

_log = logging.getLogger(__name__)


class Loader(Protocol):
    async def load_and_split(
        self, content: bytes, filename: str, media_type: str | None
    ) -> tuple[LoadedDocument, Sequence[ChunkDraft]]:
        """Raises UnsupportedMedia or UnreadableDocument, with a reason a person can act on."""


class Embedder(Protocol):
    async def embed_chunks(self, collection: Collection, texts: Sequence[str], on_batch: OnBatch) -> None:
        """Raises ModelUnavailable when no model server answers; what `on_batch` was given stands."""


class LeaseLost(Exception):
    """Another worker, a replacement, a cancellation or a deletion took the version over."""


class IngestService:
    """The handler of ingestion jobs."""

    def __init__(
        self,
        database: Database,
        loader: Loader,
        embedder: Embedder,
        *,
        embedding_text: Callable[[str, str | None, str | None], str],
        refresh_statistics: Callable[[int], Awaitable[object]],
        observer: IngestObserver | None = None,
    ) -> None:
        self._database = database
        self._loader = loader
        self._embedder = embedder
        self._embedding_text = embedding_text
        self._refresh_statistics = refresh_statistics
        self._observer = observer or IngestObserver()

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
            _tell(job, "Nothing to do for version %d", job.version)
            return False
        _tell(task, "Ingesting version %d", task.version)
        try:
            await self._run(task, lease)
        except LeaseLost:
            _tell(task, "Version %d was taken over", task.version)
        except StoreUnavailable:
            raise
        except LocalChatError as error:
            async with self._database.transaction() as connection:
                if error.retryable:
                    await leases.wait(connection, task.document_id, lease, error.detail)
                else:
                    await leases.fail(connection, task.document_id, lease, error.detail)
            if error.retryable:
                raise
            self._observer.ended("failed")
            _tell(task, "Refused version %d: %s", task.version, error.code)
        except Exception:
            async with self._database.transaction() as connection:
                await leases.fail(connection, task.document_id, lease, "An internal error; see the worker's log.")
            self._observer.ended("failed")
            raise
        return task.resumed

    async def _run(self, task: IngestTask, lease: UUID) -> None:
        async with self._database.connection() as connection:
            stored = await chunks.count(connection, task.document_id, task.version)
        collection = await self._collection(task)
        while True:
            try:
                if not stored:
                    await self._load(task, lease, collection)
                stored = True
                with self._observer.stage("embed"):
                    await self._embed(task, lease, collection)
                await self._show(task, lease, collection)
                break
            except SpaceGone:
                collection = await self._collection(task)
                await self._begin_again(task, lease, collection)
        # Outside the transaction that shows the document: counting a large collection takes a while.
        await self._refresh_statistics(collection.id)

    async def _collection(self, task: IngestTask) -> Collection:
        async with self._database.connection() as connection:
            collection = await collections.find(connection, task.tenant, task.collection)
        if collection is None:
            raise LeaseLost
        return collection

    async def _begin_again(self, task: IngestTask, lease: UUID, collection: Collection) -> None:
        """The collection has moved to another model: embed what its space lacks, failures of the old one too."""
        async with self._database.transaction() as connection:
            held = await leases.begin_again(connection, task.document_id, task.version, lease, collection.space.id)
            if not held:
                raise LeaseLost
            await chunks.forgive(connection, task.document_id, task.version)

    async def _load(self, task: IngestTask, lease: UUID, collection: Collection) -> None:
        async with self._database.transaction() as connection:
            await self._advance(connection, task, lease, Stage.LOAD)
        async with self._database.connection() as connection:
            content = await documents.content(connection, task.document_id, task.version)
        if content is None:
            raise LeaseLost
        loaded, drafts = await self._loader.load_and_split(content.data, task.filename, task.media_type)
        if not drafts:
            raise UnreadableDocument(f"{task.filename} holds no text.")
        hashed = [(draft, self._hash(draft, task.filename)) for draft in drafts]
        with self._observer.stage("store"):
            reused = await self._store(task, lease, collection, loaded.media_type, hashed)
        self._observer.chunks("inserted", len(drafts))
        self._observer.chunks("reused", reused)

    async def _store(
        self,
        task: IngestTask,
        lease: UUID,
        collection: Collection,
        media_type: str,
        hashed: Sequence[tuple[ChunkDraft, bytes]],
    ) -> int:
        """Store the chunks, and let those reuse a vector that the space has one for; how many."""
        async with self._database.transaction() as connection:
            await self._advance(connection, task, lease, Stage.STORE, chunks=len(hashed))
            await leases.recognise(connection, task.document_id, lease, media_type)
            await chunks.insert(
                connection,
                tenant=task.tenant,
                collection_id=collection.id,
                language=collection.language,
                document_id=task.document_id,
                version=task.version,
                drafts=hashed,
            )
            reused = await spaces.reuse_vectors(connection, collection.space.id, task.document_id, task.version)
            await self._advance(connection, task, lease, Stage.EMBED, embedded=reused, reused=reused)
        return reused

    async def _embed(self, task: IngestTask, lease: UUID, collection: Collection) -> None:
        after = -1
        while True:
            async with self._database.connection() as connection:
                window = await chunks.pending(
                    connection, collection.space.id, task.document_id, task.version, after=after, limit=WINDOW
                )
            if not window:
                return
            after = window[-1].ordinal
            await self._embed_window(task, lease, collection, window)

    async def _embed_window(
        self, task: IngestTask, lease: UUID, collection: Collection, window: Sequence[chunks.PendingChunk]
    ) -> None:
        # Equal chunks are embedded once.
        same: dict[bytes, list[chunks.PendingChunk]] = {}
        for chunk in window:
            same.setdefault(chunk.content_hash, []).append(chunk)
        groups = list(same.values())

        async def store(batch: BatchResult) -> None:
            vectors: list[tuple[int, Vector]] = []
            failures: list[tuple[int, str]] = []
            for index, outcome in zip(batch.indexes, batch.outcomes, strict=True):
                for chunk in groups[index]:
                    if isinstance(outcome, TextFailure):
                        failures.append((chunk.id, outcome.reason))
                    else:
                        vectors.append((chunk.id, outcome))
            async with self._database.transaction() as connection:
                await self._advance(
                    connection, task, lease, Stage.EMBED, embedded=len(vectors), failed=len(failures)
                )
                await spaces.insert_vectors(
                    connection, collection.space.id, task.document_id, task.version, vectors
                )
                if failures:
                    await chunks.record_failures(connection, failures)
                if task.visible:
                    await _bump(connection, task, collection, "replaced")
            self._observer.chunks("failed", len(failures))

        texts = [self._embedding_text(group[0].text, group[0].section, task.filename) for group in groups]
        await self._embedder.embed_chunks(collection, texts, store)

    async def _show(self, task: IngestTask, lease: UUID, collection: Collection) -> None:
        async with self._database.transaction() as connection:
            document = await documents.lock(connection, task.tenant, task.document_id)
            if document is None:
                raise LeaseLost
            if not await leases.holds_space(connection, task.collection_id, collection.space.id):
                raise SpaceGone
            if document.chunk_count and document.failed_count == document.chunk_count:
                raise UnreadableDocument("No chunk of the document could be embedded.")
            if not await leases.activate(connection, task.document_id, lease):
                raise LeaseLost
            deleted = await chunks.deactivate(connection, task.document_id, keep_version=task.version)
            await spaces.deactivate(connection, collection.space.id, task.document_id, keep_version=task.version)
            await _bump(connection, task, collection, "added" if task.version == 1 else "replaced")
        self._observer.chunks("deleted", deleted)
        self._observer.ended("partial" if document.failed_count else "indexed")
        _tell(task, "Indexed version %d with %d chunks", task.version, document.chunk_count)

    async def _advance(
        self,
        connection: PooledConnection,
        task: IngestTask,
        lease: UUID,
        stage: Stage,
        *,
        chunks: int | None = None,
        embedded: int = 0,
        failed: int = 0,
        reused: int = 0,
    ) -> None:
        held = await leases.advance(
            connection,
            task.document_id,
            lease,
            stage=stage,
            chunks=chunks,
            embedded=embedded,
            failed=failed,
            reused=reused,
        )
        if not held:
            raise LeaseLost

    def _hash(self, draft: ChunkDraft, title: str) -> bytes:
        """Of all that is embedded, so that equal hashes mean equal vectors."""
        return hashlib.sha256(self._embedding_text(draft.text, draft.section, title).encode()).digest()


def _tell(about: IngestTask | IngestJob, message: str, *arguments: object) -> None:
    _log.info(message, *arguments, extra={"document": str(about.document_id)})


async def _bump(connection: PooledConnection, task: IngestTask, collection: Collection, kind: str) -> None:
    await connection.fetchval(
        "SELECT bump_corpus($1, $2, $3, $4)", collection.id, task.document_id, task.version, kind
    )
