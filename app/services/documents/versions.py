"""The document and the version that an uploaded file becomes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection
from app.db.lifecycle import rereading
from app.db.tables import chunks, document_parts, documents
from app.domain.documents import Collection, Document, DocumentStatus, OnConflict, Upload, UploadResult
from app.errors import Conflict, NotFound
from app.ingestion.queue import jobs


class DocumentVersions:
    """Makes documents and their next versions, each with its job, within the caller's transaction.

    `job_headers` returns the correlation to store with each job.
    """

    def __init__(self, job_headers: Callable[[], Mapping[str, str]]) -> None:
        self._job_headers = job_headers

    async def store(
        self,
        connection: PooledConnection,
        collection: Collection,
        file: Upload,
        metadata: dict[str, Any] | None,
        on_conflict: OnConflict,
    ) -> UploadResult:
        """Store a file whose name is locked, and queue it.

        Raises:
            Conflict: `on_conflict` is REFUSE, and there is another document of the name.
        """
        known = await documents.named(connection, collection.id, file.filename)
        same = [item for item in known if item.sha256 == file.sha256 and metadata in (None, item.metadata)]
        if same:
            return await self._again(connection, same[-1], known)
        if known and on_conflict is OnConflict.REFUSE:
            raise Conflict(f"The collection has another document that is called {file.filename}: {known[-1].id}.")
        if known and on_conflict is OnConflict.REPLACE:
            replaced = await self.supersede(connection, known[-1], file, metadata)
            return UploadResult(replaced, unchanged=False, same_name=_others(known, replaced.id))
        document_id = await documents.insert(
            connection,
            tenant=collection.tenant,
            collection_id=collection.id,
            filename=file.filename,
            media_type=file.media_type or "",
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            metadata=metadata or {},
        )
        await self._keep(connection, document_id, file)
        await jobs.enqueue(connection, document_id, 1, self._job_headers)
        stored = existing(await documents.get(connection, collection.tenant, document_id), document_id)
        return UploadResult(stored, unchanged=False, same_name=_others(known, document_id))

    async def _again(
        self, connection: PooledConnection, document: Document, known: Sequence[Document]
    ) -> UploadResult:
        """The same file of the same document: tried again if it failed, else left as it is."""
        others = _others(known, document.id)
        if document.status is not DocumentStatus.FAILED:
            return UploadResult(document, unchanged=True, same_name=others)
        await self.requeue(connection, document)
        queued = existing(await documents.get(connection, document.tenant, document.id), document.id)
        return UploadResult(queued, unchanged=False, same_name=others)

    async def supersede(
        self, connection: PooledConnection, document: Document, upload: Upload, metadata: dict[str, Any] | None
    ) -> Document:
        """Begin the next version of a locked document, unless the bytes and the name are those that it has."""
        # Filters find it otherwise from now on, also while the new version is not complete.
        await self.describe(connection, document, metadata=metadata)
        same = upload.sha256 == document.sha256 and upload.filename == document.filename
        if not same or document.status is DocumentStatus.FAILED:
            await documents.supersede(
                connection,
                document.id,
                filename=upload.filename,
                media_type=upload.media_type or "",
                size_bytes=upload.size_bytes,
                sha256=upload.sha256,
                metadata=document.metadata if metadata is None else metadata,
            )
            await self._keep(connection, document.id, upload)
            await jobs.enqueue(connection, document.id, document.version + 1, self._job_headers)
        return existing(await documents.get(connection, document.tenant, document.id), document.id)

    async def describe(
        self,
        connection: PooledConnection,
        document: Document,
        *,
        filename: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Change the name or the metadata of a locked document, if they are given and others than it has."""
        metadata = document.metadata if metadata is None else metadata
        if filename not in (None, document.filename) or metadata != document.metadata:
            await documents.describe(connection, document.id, filename=filename, metadata=metadata)
            await chunks.rename(connection, document.id)

    async def _keep(self, connection: PooledConnection, document_id: UUID, file: Upload) -> None:
        version = await documents.add_version(connection, document_id)
        await document_parts.store(connection, document_id, version, file.pieces())

    async def read_again(
        self, connection: PooledConnection, *, collection_id: int | None = None, document_id: UUID | None = None
    ) -> None:
        """Read the files of a collection, or one file, once more: the same bytes become the next version."""
        versions = await rereading.begin(connection, collection_id=collection_id, document_id=document_id)
        await jobs.enqueue_all(connection, versions, self._job_headers)

    async def requeue(self, connection: PooledConnection, document: Document) -> None:
        """Ingest the newest version again, as far as it failed."""
        await documents.requeue(connection, document.id)
        await chunks.forgive(connection, document.id, document.version)
        await jobs.enqueue(connection, document.id, document.version, self._job_headers)


def existing(document: Document | None, document_id: UUID) -> Document:
    """Raise NotFound if there is no such document."""
    if document is None:
        raise NotFound(f"There is no document {document_id}.")
    return document


def _others(known: Sequence[Document], document_id: UUID) -> tuple[UUID, ...]:
    return tuple(item.id for item in known if item.id != document_id)
