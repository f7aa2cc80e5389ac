"""Collections, documents and their progress in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from typing_extensions import override

from app.domain.documents import (
    Chunk,
    Collection,
    CollectionStatistics,
    Content,
    Document,
    DocumentStatus,
    EmbeddingSpace,
    OnConflict,
    Reindex,
    ReindexStatus,
    Stage,
    Upload,
    UploadResult,
)
from app.domain.ingestion import IngestDone, IngestEvent, IngestProgress
from app.errors import Conflict, NotFound, PreconditionFailed
from app.services.documents.collections import CollectionService
from app.services.documents.progress import ProgressWatcher
from app.services.documents.service import DocumentService, etag
from app.services.ingestion.reindex_requests import ReindexService
from app.services.pagination import Page
from tests.support.ingestion import file_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class FakeCollections(CollectionService):
    def __init__(self) -> None:
        self.found = {"default": collection("default")}

    @override
    async def list(
        self, tenant: str, *, limit: int = 50, cursor: str | None = None, within: Sequence[str] | None = None
    ) -> Page[CollectionStatistics]:
        open_to = self.found if within is None else within
        names = sorted(name for name in self.found if name > (cursor or "") and name in open_to)
        items = tuple(self.found[name] for name in names[:limit])
        return Page(items, names[limit - 1] if len(names) > limit else None)

    @override
    async def names(self, tenant: str) -> Sequence[str]:
        return sorted(self.found)

    @override
    async def get(self, tenant: str, name: str) -> CollectionStatistics:
        if name not in self.found:
            raise NotFound(f"There is no collection called {name!r}.")
        return self.found[name]

    @override
    async def create(self, tenant: str, name: str, **described: Any) -> CollectionStatistics:
        if name in self.found:
            raise Conflict(f"A collection called {name!r} exists already.")
        self.found[name] = collection(name)
        return self.found[name]

    @override
    async def update(
        self,
        tenant: str,
        name: str,
        *,
        new_name: str | None = None,
        description: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> CollectionStatistics:
        found = await self.get(tenant, name)
        if settings is not None:
            changed = replace(found.collection, settings={**found.collection.settings, **settings})
            self.found[name] = replace(found, collection=changed)
        if new_name and new_name != name:
            await self.create(tenant, new_name)
            del self.found[name]
        return self.found[new_name or name]

    @override
    async def open_to(
        self, tenant: str, name: str, *, readers: Sequence[str] | None, writers: Sequence[str] | None
    ) -> CollectionStatistics:
        found = await self.get(tenant, name)
        opened = replace(
            found.collection,
            readers=None if readers is None else tuple(readers),
            writers=None if writers is None else tuple(writers),
        )
        self.found[name] = replace(found, collection=opened)
        return self.found[name]

    @override
    async def delete(self, tenant: str, name: str) -> None:
        await self.get(tenant, name)
        if name != "default":
            del self.found[name]


class FakeReindexes(ReindexService):
    def __init__(self, collections: FakeCollections) -> None:
        self._fakes = collections

    @override
    async def start(self, tenant: str, name: str, embedding_model: str) -> CollectionStatistics:
        found = await self._fakes.get(tenant, name)
        if found.collection.space.model == embedding_model:
            raise Conflict(f"{name!r} uses {embedding_model} already.")
        move = Reindex(UUID(int=3), embedding_model, ReindexStatus.QUEUED, 0, 0, 0, None, NOW, NOW)
        self._fakes.found[name] = replace(found, reindex=move)
        return self._fakes.found[name]

    @override
    async def cancel(self, tenant: str, name: str) -> CollectionStatistics:
        found = await self._fakes.get(tenant, name)
        if found.reindex is None or not found.reindex.active:
            raise Conflict(f"{name!r} is not on its way to another model.")
        moved = replace(found.reindex, status=ReindexStatus.CANCELLED, error="Cancelled.")
        self._fakes.found[name] = replace(found, reindex=moved)
        return self._fakes.found[name]


class FakeDocuments(DocumentService):
    def __init__(self) -> None:
        self.found: dict[UUID, Document] = {}
        self.data: dict[UUID, Upload] = {}
        self.asked: list[Mapping[str, Any]] = []

    @override
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
        self.asked.append(
            {
                "tenant": tenant,
                "collection": collection,
                "metadata": metadata,
                "on_conflict": on_conflict,
                "key": idempotency_key,
            }
        )
        results = []
        for file in files:
            known = next((item for item in self.found.values() if item.sha256 == file.sha256), None)
            stored = known or self._add(await _kept(file), file.sha256, collection, metadata or {})
            results.append(UploadResult(stored, unchanged=known is not None))
        return results

    @override
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
        found = [
            item
            for item in self.found.values()
            if status in {None, item.status} and (within is None or item.collection in within)
        ]
        return Page(tuple(found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)

    @override
    async def get(self, tenant: str, document_id: UUID) -> Document:
        if document_id not in self.found:
            raise NotFound(f"There is no document {document_id}.")
        return self.found[document_id]

    @override
    async def chunks(
        self, tenant: str, document_id: UUID, *, limit: int = 50, cursor: str | None = None
    ) -> Page[Chunk]:
        document = await self.get(tenant, document_id)
        return Page((Chunk(1, document.id, document.filename, 1, 0, "text", 1, 1, None),))

    @override
    async def content(self, tenant: str, document_id: UUID) -> Content:
        document = await self.get(tenant, document_id)
        upload = self.data[document_id]

        async def pieces(start: int, end: int) -> AsyncIterator[bytes]:
            yield b"".join([piece async for piece in upload.pieces()])[start:end]

        return Content(upload.filename, upload.media_type or "", document.sha256, upload.size_bytes, pieces)

    @override
    async def replace(
        self,
        tenant: str,
        document_id: UUID,
        upload: Upload,
        *,
        metadata: dict[str, Any] | None = None,
        if_match: str | None = None,
    ) -> Document:
        document = await self.get(tenant, document_id)
        if if_match not in {None, etag(document)}:
            raise PreconditionFailed("The document has changed.")
        self.data[document_id] = await _kept(upload)
        self.found[document_id] = replace(document, version=document.version + 1)
        return self.found[document_id]

    @override
    async def describe(
        self,
        tenant: str,
        document_id: UUID,
        *,
        filename: str | None = None,
        metadata: dict[str, Any] | None = None,
        if_match: str | None = None,
    ) -> Document:
        document = await self.get(tenant, document_id)
        if if_match not in {None, etag(document)}:
            raise PreconditionFailed("The document has changed.")
        self.found[document_id] = replace(
            document,
            filename=filename or document.filename,
            metadata=document.metadata if metadata is None else metadata,
        )
        return self.found[document_id]

    @override
    async def retry(self, tenant: str, document_id: UUID) -> Document:
        raise Conflict(f"Nothing to retry: the document is {(await self.get(tenant, document_id)).status}.")

    @override
    async def cancel(self, tenant: str, document_id: UUID) -> Document:
        return await self.get(tenant, document_id)

    @override
    async def delete(self, tenant: str, document_id: UUID, if_match: str | None = None) -> None:
        await self.get(tenant, document_id)
        del self.found[document_id]

    def _add(self, file: Upload, sha256: str, collection: str, metadata: dict[str, Any]) -> Document:
        document = Document(
            id=uuid4(),
            tenant="default",
            collection=collection,
            filename=file.filename,
            media_type=file.media_type or "",
            size_bytes=file.size_bytes,
            sha256=sha256,
            status=DocumentStatus.QUEUED,
            stage=None,
            chunk_count=0,
            embedded_count=0,
            failed_count=0,
            reused_count=0,
            error=None,
            metadata=metadata,
            version=1,
            created_at=NOW,
            updated_at=NOW,
            document_date=NOW,
        )
        self.found[document.id] = document
        self.data[document.id] = file
        return document


class FakeWatcher(ProgressWatcher):
    def __init__(self, documents: FakeDocuments) -> None:
        self._documents = documents

    @override
    async def events(self, tenant: str, document_id: UUID) -> AsyncIterator[IngestEvent]:
        document = await self._documents.get(tenant, document_id)
        yield IngestProgress(Stage.EMBED, 1, 2, 10.0, 0.1)
        yield IngestDone(document)


def collection(name: str) -> CollectionStatistics:
    space = EmbeddingSpace(1, "all-minilm", "sha256:1", 384)
    return CollectionStatistics(Collection(1, "default", name, "", "english", 4, space, NOW, NOW), 1, 2, 3)


async def _kept(upload: Upload) -> Upload:
    """The same file in memory: the request's own is closed at its end."""
    return file_of(upload.filename, b"".join([piece async for piece in upload.pieces()]), upload.media_type)
