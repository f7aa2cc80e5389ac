"""Watching a document being ingested."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

from app.domain.documents import Document, DocumentStatus, Stage
from app.domain.ingestion import IngestDone, IngestEvent, IngestFailed, IngestProgress
from app.errors import UnreadableDocument
from app.services.documents.service import DocumentService


class ProgressWatcher:
    """Reports a document's progress by looking at its row every `interval` seconds.

    The row is where workers on any machine commit their progress, so nothing else has to agree.
    """

    def __init__(self, documents: DocumentService, *, interval: float = 0.25) -> None:
        self._documents = documents
        self._interval = interval

    async def events(self, tenant: str, document_id: UUID) -> AsyncIterator[IngestEvent]:
        """Progress as it changes, then exactly one IngestDone or IngestFailed.

        Raises:
            NotFound: at once, or when the document is deleted meanwhile.
        """
        began: tuple[float, int] | None = None
        last: tuple[object, ...] | None = None
        while True:
            document = await self._documents.get(tenant, document_id)
            now = time.monotonic()
            if began is None and document.chunk_count:
                began = (now, _done(document))
            seen = (document.stage, document.chunk_count, _done(document))
            if seen != last:
                last = seen
                yield _progress(document, began, now)
            if document.status is DocumentStatus.FAILED:
                reason = UnreadableDocument(document.error or "The document could not be ingested.")
                yield IngestFailed({"status": reason.status, "title": reason.title, "detail": reason.detail})
                return
            if document.status in (DocumentStatus.READY, DocumentStatus.PARTIAL):
                yield IngestDone(document)
                return
            await asyncio.sleep(self._interval)


def _done(document: Document) -> int:
    return document.embedded_count + document.failed_count


def _progress(document: Document, began: tuple[float, int] | None, now: float) -> IngestProgress:
    done = _done(document)
    rate = eta = None
    if began is not None and now > began[0] and done > began[1]:
        rate = (done - began[1]) / (now - began[0])
        # Before that, more chunks may come.
        if document.stage in (Stage.EMBED, Stage.STORE):
            eta = (document.chunk_count - done) / rate
    return IngestProgress(document.stage, done, document.chunk_count, rate, eta)
