"""Documents: upload, replace, retry, cancel, delete, and watching them being ingested."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any
from uuid import UUID

from app.db.database import Database, PooledConnection
from app.db.lifecycle import leases
from app.db.search import spaces
from app.db.tables import chunks, document_parts, documents, uploads
from app.domain.documents import (
    PIECE,
    Chunk,
    Collection,
    Content,
    Document,
    DocumentStatus,
    Upload,
    UploadResult,
)
from app.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from app.ingestion.queue import jobs
from app.services.documents.collections import CollectionService
from app.services.documents.idempotency import fingerprint_of, repeated
from app.services.documents.observer import IngestObserver
from app.services.pagination import INTEGER, Page, number_of, page_of, uuid_of

_ENDED = (DocumentStatus.READY, DocumentStatus.PARTIAL, DocumentStatus.FAILED)


class DocumentService:
    """Use cases around a tenant's documents.

    `job_headers` returns the correlation to store with each job; `observer` counts documents that need no job.
    """

    def __init__(
        self,
        database: Database,
        collections: CollectionService,
        *,
        job_headers: Callable[[], Mapping[str, str]] = dict,
        observer: IngestObserver | None = None,
    ) -> None:
        self._database = database
        self._collections = collections
        self._job_headers = job_headers
        self._observer = observer or IngestObserver()

    async def upload(
        self,
        tenant: str,
        files: Sequence[Upload],
        *,
        collection: str,
        metadata: dict[str, Any],
        idempotency_key: str | None = None,
    ) -> list[UploadResult]:
        """Store files and queue them, all in one transaction.

        Raises:
            InvalidInput: no file, or the key was used for another upload.
            ModelUnavailable: the collection is new and its embedding model cannot be asked.
        """
        if not files:
            raise InvalidInput("files: at least one file is needed.")
        target = await self._collections.resolve_or_create(tenant, collection)
        fingerprint = fingerprint_of(files, collection, metadata)
        async with self._database.transaction() as connection:
            if idempotency_key is not None:
                before = await uploads.recall(connection, tenant, idempotency_key)
                if before is not None:
                    return await repeated(connection, tenant, before, fingerprint)
            results = [await self._store(connection, target, file, metadata) for file in files]
            if idempotency_key is not None:
                reply = [{"id": str(item.document.id), "unchanged": item.unchanged} for item in results]
                await uploads.remember(connection, tenant, idempotency_key, fingerprint, reply)
        for item in results:
            if item.unchanged:
                self._observer.ended("unchanged")
        return results

    async def list(
        self,
        tenant: str,
        *,
        collection: str | None = None,
        status: DocumentStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Document]:
        """Documents in the order of their creation. `cursor` is the last id of the page before."""
        after = uuid_of(cursor)
        async with self._database.connection() as connection:
            found = await documents.page(
                connection, tenant, collection=collection, status=status, after=after, limit=limit + 1
            )
        return page_of(found, limit, lambda item: item.id)

    async def get(self, tenant: str, document_id: UUID) -> Document:
        async with self._database.connection() as connection:
            return _found(await documents.get(connection, tenant, document_id), document_id)

    async def chunks(
        self, tenant: str, document_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> Page[Chunk]:
        """A document's chunks in order. `cursor` is the last ordinal of the page before."""
        after = number_of(cursor, largest=INTEGER)
        async with self._database.connection() as connection:
            _found(await documents.get(connection, tenant, document_id), document_id)
            first = -1 if after is None else after
            found = await chunks.page(connection, document_id, after=first, limit=limit + 1)
        return page_of(found, limit, lambda item: item.ordinal)

    async def content(self, tenant: str, document_id: UUID) -> Content:
        async with self._database.connection() as connection:
            document = _found(await documents.get(connection, tenant, document_id), document_id)
        pieces = partial(self._pieces, document_id, document.version)
        return Content(document.filename, document.media_type, document.sha256, document.size_bytes, pieces)

    async def _pieces(self, document_id: UUID, version: int, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, a part at a time: no connection is held while a slow client reads.

        Raises:
            NotFound: the version was replaced or deleted meanwhile, and has been purged.
        """
        for part in range(start // PIECE, ceil(end / PIECE)):
            async with self._database.connection() as connection:
                piece = await document_parts.read(connection, document_id, version, part)
            if piece is None:
                raise NotFound(f"The content of document {document_id} is gone.")
            begin = part * PIECE
            yield piece[max(0, start - begin) : end - begin]

    async def replace(
        self,
        tenant: str,
        document_id: UUID,
        upload: Upload,
        *,
        metadata: dict[str, Any] | None = None,
        if_match: str | None = None,
    ) -> Document:
        """Ingest new bytes, or a new name, in place; readers see the old version until the new one is complete.

        Raises:
            PreconditionFailed: `if_match` is not the current ETag.
            Conflict: another document of the collection has these bytes.
        """
        async with self._database.transaction() as connection:
            document = _found(await documents.lock(connection, tenant, document_id), document_id)
            _check_match(document, if_match)
            described = document.metadata if metadata is None else metadata
            if described != document.metadata:
                # Filters find it otherwise from now on, also while the new version is not complete.
                await documents.describe(connection, document_id, described)
            same = upload.sha256 == document.sha256 and upload.filename == document.filename
            if not same or document.status is DocumentStatus.FAILED:
                await documents.supersede(
                    connection,
                    document_id,
                    filename=upload.filename,
                    media_type=upload.media_type or "",
                    size_bytes=upload.size_bytes,
                    sha256=upload.sha256,
                    metadata=described,
                )
                await self._keep(connection, document_id, upload)
                await jobs.enqueue(connection, document_id, document.version + 1, self._job_headers)
            return _found(await documents.get(connection, tenant, document_id), document_id)

    async def describe(
        self, tenant: str, document_id: UUID, metadata: dict[str, Any], *, if_match: str | None = None
    ) -> Document:
        """Give a document other metadata, by which filters find it from now on. Its content stays.

        Raises:
            PreconditionFailed: `if_match` is not the current ETag.
        """
        async with self._database.transaction() as connection:
            document = _found(await documents.lock(connection, tenant, document_id), document_id)
            _check_match(document, if_match)
            if metadata != document.metadata:
                await documents.describe(connection, document_id, metadata)
            return _found(await documents.get(connection, tenant, document_id), document_id)

    async def retry(self, tenant: str, document_id: UUID) -> Document:
        """Queue the failed chunks again; chunks that have their embedding keep it.

        Raises:
            Conflict: nothing of the document failed.
        """
        async with self._database.transaction() as connection:
            document = _found(await documents.lock(connection, tenant, document_id), document_id)
            if document.status not in (DocumentStatus.PARTIAL, DocumentStatus.FAILED):
                raise Conflict(f"Nothing to retry: the document is {document.status}.")
            await self._requeue(connection, document)
            return _found(await documents.get(connection, tenant, document_id), document_id)

    async def cancel(self, tenant: str, document_id: UUID) -> Document:
        """Stop an ingestion. The version that readers see stays.

        Raises:
            Conflict: the document is not being ingested.
        """
        async with self._database.transaction() as connection:
            document = _found(await documents.lock(connection, tenant, document_id), document_id)
            if document.status in _ENDED:
                raise Conflict(f"Nothing to cancel: the document is {document.status}.")
            await leases.cancel(connection, document_id)
            return _found(await documents.get(connection, tenant, document_id), document_id)

    async def delete(self, tenant: str, document_id: UUID, if_match: str | None = None) -> None:
        """Take a document out of answers, search and caches, at commit."""
        async with self._database.transaction() as connection:
            document = _found(await documents.lock(connection, tenant, document_id), document_id)
            _check_match(document, if_match)
            collection = await self._collections.resolve(tenant, document.collection)
            await documents.mark_deleted(connection, document_id)
            deleted = await chunks.deactivate(connection, document_id)
            await spaces.deactivate(connection, collection.space.id, document_id)
            await connection.fetchval("SELECT bump_corpus($1, $2, NULL, 'removed')", collection.id, document_id)
        self._observer.chunks("deleted", deleted)

    async def _store(
        self, connection: PooledConnection, collection: Collection, file: Upload, metadata: dict[str, Any]
    ) -> UploadResult:
        document_id = await documents.insert(
            connection,
            tenant=collection.tenant,
            collection_id=collection.id,
            filename=file.filename,
            media_type=file.media_type or "",
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            metadata=metadata,
        )
        if document_id is None:
            known = await documents.find_by_content(connection, collection.id, file.sha256)
            if known is None:
                raise Conflict(f"{file.filename} changed while it was being uploaded; send it again.")
            if known.status is DocumentStatus.FAILED:
                await self._requeue(connection, known)
                return UploadResult(
                    _found(await documents.get(connection, collection.tenant, known.id), known.id), unchanged=False
                )
            return UploadResult(known, unchanged=True)
        await self._keep(connection, document_id, file)
        await jobs.enqueue(connection, document_id, 1, self._job_headers)
        stored = await documents.get(connection, collection.tenant, document_id)
        return UploadResult(_found(stored, document_id), unchanged=False)

    async def _keep(self, connection: PooledConnection, document_id: UUID, file: Upload) -> None:
        version = await documents.add_version(connection, document_id)
        await document_parts.store(connection, document_id, version, file.pieces())

    async def _requeue(self, connection: PooledConnection, document: Document) -> None:
        await documents.requeue(connection, document.id)
        await chunks.forgive(connection, document.id, document.version)
        await jobs.enqueue(connection, document.id, document.version, self._job_headers)


def etag(document: Document) -> str:
    """A strong validator of a document's representation."""
    seen = f"{document.id}:{document.version}:{document.status}:{document.stage}:{document.updated_at.isoformat()}"
    return f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'


def _check_match(document: Document, if_match: str | None) -> None:
    if if_match is None or if_match.strip() == "*":
        return
    if etag(document) not in (tag.strip() for tag in if_match.split(",")):
        raise PreconditionFailed("The document has changed since the ETag in If-Match.")


def _found(document: Document | None, document_id: UUID) -> Document:
    if document is None:
        raise NotFound(f"There is no document {document_id}.")
    return document
