"""Documents: upload, replace, retry, cancel, delete, and watching them being ingested."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any
from uuid import UUID

from app.db.database import Database
from app.db.lifecycle import leases
from app.db.search import spaces
from app.db.tables import chunks, document_parts, documents, uploads
from app.domain.documents import (
    PIECE,
    Chunk,
    Content,
    Document,
    DocumentStatus,
    OnConflict,
    Upload,
    UploadResult,
)
from app.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from app.services.documents.collections import CollectionService
from app.services.documents.idempotency import fingerprint_of, repeated, reply_of
from app.services.documents.observer import IngestObserver
from app.services.documents.versions import DocumentVersions, existing
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
        self._versions = DocumentVersions(job_headers)
        self._observer = observer or IngestObserver()

    async def upload(
        self,
        tenant: str,
        files: Sequence[Upload],
        *,
        collection: str,
        metadata: dict[str, Any] | None = None,
        on_conflict: OnConflict = OnConflict.KEEP,
        idempotency_key: str | None = None,
    ) -> list[UploadResult]:
        """Store files and queue them, all in one transaction.

        A document of the same name and bytes is left as it is, unless other `metadata` is given.

        Raises:
            InvalidInput: no file, or the key was used for another upload.
            Conflict: `on_conflict` is REFUSE, and there is another document of a name.
            ModelUnavailable: the collection is new and its embedding model cannot be asked.
        """
        if not files:
            raise InvalidInput("files: at least one file is needed.")
        target = await self._collections.resolve_or_create(tenant, collection)
        fingerprint = fingerprint_of(files, collection, metadata, on_conflict)
        async with self._database.transaction() as connection:
            if idempotency_key is not None:
                before = await uploads.recall(connection, tenant, idempotency_key)
                if before is not None:
                    return await repeated(connection, tenant, before, fingerprint)
            await documents.lock_names(connection, target.id, [file.filename for file in files])
            results = [
                await self._versions.store(connection, target, file, metadata, on_conflict) for file in files
            ]
            if idempotency_key is not None:
                await uploads.remember(connection, tenant, idempotency_key, fingerprint, reply_of(results))
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
        within: Sequence[str] | None = None,
    ) -> Page[Document]:
        """Documents in the order of their creation. `cursor` is the last id of the page before.

        `within`: those alone of collections of these names.
        """
        after = uuid_of(cursor)
        async with self._database.connection() as connection:
            found = await documents.page(
                connection,
                tenant,
                collection=collection,
                status=status,
                after=after,
                limit=limit + 1,
                within=within,
            )
        return page_of(found, limit, lambda item: item.id)

    async def get(self, tenant: str, document_id: UUID) -> Document:
        async with self._database.connection() as connection:
            return existing(await documents.get(connection, tenant, document_id), document_id)

    async def chunks(
        self, tenant: str, document_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> Page[Chunk]:
        """A document's chunks in order. `cursor` is the last ordinal of the page before."""
        after = number_of(cursor, largest=INTEGER)
        async with self._database.connection() as connection:
            existing(await documents.get(connection, tenant, document_id), document_id)
            first = -1 if after is None else after
            found = await chunks.page(connection, document_id, after=first, limit=limit + 1)
        return page_of(found, limit, lambda item: item.ordinal)

    async def content(self, tenant: str, document_id: UUID) -> Content:
        async with self._database.connection() as connection:
            document = existing(await documents.get(connection, tenant, document_id), document_id)
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
        """
        async with self._database.transaction() as connection:
            document = existing(await documents.lock(connection, tenant, document_id), document_id)
            _check_match(document, if_match)
            return await self._versions.supersede(connection, document, upload, metadata)

    async def describe(
        self,
        tenant: str,
        document_id: UUID,
        *,
        filename: str | None = None,
        metadata: dict[str, Any] | None = None,
        if_match: str | None = None,
    ) -> Document:
        """Give a document another name or other metadata, by which it is found from now on. Its content stays.

        Raises:
            PreconditionFailed: `if_match` is not the current ETag.
        """
        async with self._database.transaction() as connection:
            document = existing(await documents.lock(connection, tenant, document_id), document_id)
            _check_match(document, if_match)
            await self._versions.describe(connection, document, filename=filename, metadata=metadata)
            return existing(await documents.get(connection, tenant, document_id), document_id)

    async def retry(self, tenant: str, document_id: UUID) -> Document:
        """Queue the failed chunks again; chunks that have their embedding keep it.

        A file of which a part was not read is read again, as a new version; readers see the old one until then.

        Raises:
            Conflict: nothing of the document failed.
        """
        async with self._database.transaction() as connection:
            document = existing(await documents.lock(connection, tenant, document_id), document_id)
            if document.status not in (DocumentStatus.PARTIAL, DocumentStatus.FAILED):
                raise Conflict(f"Nothing to retry: the document is {document.status}.")
            if document.status is DocumentStatus.PARTIAL and any(told.missing for told in document.warnings):
                await self._versions.read_again(connection, document_id=document_id)
            else:
                await self._versions.requeue(connection, document)
            return existing(await documents.get(connection, tenant, document_id), document_id)

    async def cancel(self, tenant: str, document_id: UUID) -> Document:
        """Stop an ingestion. The version that readers see stays.

        Raises:
            Conflict: the document is not being ingested.
        """
        async with self._database.transaction() as connection:
            document = existing(await documents.lock(connection, tenant, document_id), document_id)
            if document.status in _ENDED:
                raise Conflict(f"Nothing to cancel: the document is {document.status}.")
            await leases.cancel(connection, document_id)
            return existing(await documents.get(connection, tenant, document_id), document_id)

    async def delete(self, tenant: str, document_id: UUID, if_match: str | None = None) -> None:
        """Take a document out of answers, search and caches, at commit."""
        async with self._database.transaction() as connection:
            document = existing(await documents.lock(connection, tenant, document_id), document_id)
            _check_match(document, if_match)
            collection = await self._collections.resolve(tenant, document.collection)
            await documents.mark_deleted(connection, document_id)
            deleted = await chunks.deactivate(connection, document_id)
            await spaces.deactivate(connection, collection.space.id, document_id)
            await connection.fetchval("SELECT bump_corpus($1, $2, NULL, 'removed')", collection.id, document_id)
        self._observer.chunks("deleted", deleted)


def etag(document: Document) -> str:
    """A strong validator of a document's representation."""
    seen = f"{document.id}:{document.version}:{document.status}:{document.stage}:{document.updated_at.isoformat()}"
    return f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'


def _check_match(document: Document, if_match: str | None) -> None:
    if if_match is None or if_match.strip() == "*":
        return
    if etag(document) not in (tag.strip() for tag in if_match.split(",")):
        raise PreconditionFailed("The document has changed since the ETag in If-Match.")
