"""The first half of an ingestion: a file's chunks, stored as they come out of it."""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from math import ceil
from typing import Protocol

from app.db.lifecycle import leases
from app.db.tables import chunks, document_parts, documents
from app.domain.documents import PIECE, ChunkDraft, Chunking, ChunkPart, Collection, Stage, StoredFile
from app.domain.reading import names_of
from app.errors import UnreadableDocument
from app.services.documents.observer import IngestObserver
from app.services.ingestion.fencing import Fence, LeaseLost

# What is embedded of a chunk, by its text and its section.
EmbeddingText = Callable[[str, str | None], str]

_log = logging.getLogger(__name__)


class Loader(Protocol):
    def chunks(
        self, content: StoredFile, filename: str, media_type: str | None, chunking: Chunking
    ) -> AbstractAsyncContextManager[AsyncIterator[ChunkPart]]:
        """Raises UnsupportedMedia or UnreadableDocument, with a reason a person can act on."""


class SplitProgress:
    """Tells those who embed of chunks that were stored. `complete`: there will be no more."""

    def __init__(self, *, complete: bool) -> None:
        self.complete = complete
        self._news = asyncio.Event()

    def announce(self, *, complete: bool) -> None:
        self.complete = complete
        self._news.set()

    async def wait(self) -> None:
        await self._news.wait()
        self._news.clear()


class ChunkLoading:
    """Reads the file of one version and stores its chunks by COPY, part by part.

    The parts that a worker stored before it was killed are not stored again: the same file is cut the same way, so
    what comes out once more is compared with what is there. If it differs, since another release had cut it, the
    version begins anew. `writers` limits the connections that write in the whole process.
    """

    def __init__(
        self,
        fence: Fence,
        collection: Collection,
        arrivals: SplitProgress,
        loader: Loader,
        writers: asyncio.Semaphore,
        *,
        embedding_text: EmbeddingText,
        observer: IngestObserver,
    ) -> None:
        self._fence = fence
        self._task = fence.task
        self._collection = collection
        self._arrivals = arrivals
        self._loader = loader
        self._writers = writers
        self._embedding_text = embedding_text
        self._observer = observer
        self._began = 0.0
        self._seconds = 0.0

    async def run(self) -> None:
        """
        Raises:
            UnreadableDocument, UnsupportedMedia: nothing, or only a part, can be read.
            LeaseLost: the version is another's now.
        """
        task = self._task
        async with self._fence.database.transaction() as connection:
            await self._fence.advance(connection, Stage.LOAD)
            size = await documents.content_size(connection, task.document_id, task.version)
            known = await chunks.hashes(connection, task.document_id, task.version)
        if size is None:
            raise LeaseLost
        if not await self._store(size, known):
            _log.warning("Document %s is cut in another way than before it was interrupted", task.document_id)
            async with self._fence.writing(Stage.LOAD) as (connection, _):
                await chunks.discard(connection, self._collection.space.id, task.document_id, task.version)
            await self._store(size, ())
        self._observer.spent("store", self._began, self._began + self._seconds)

    async def _store(self, size: int, known: Sequence[bytes]) -> bool:
        """Store what comes after the `known` chunks. False if those are not what comes first."""
        task = self._task
        self._began = time.time()
        seen = 0
        content = StoredFile(size, lambda: self._pieces(size))
        async with self._loader.chunks(content, task.filename, task.media_type, self._collection.chunking) as parts:
            async for part in parts:
                hashed = [(draft, self._hash(draft)) for draft in part.chunks]
                stored = known[seen : seen + len(hashed)]
                if any(of != digest for of, (_, digest) in zip(stored, hashed, strict=False)):
                    return False
                seen += len(hashed)
                if part.last and seen < len(known):
                    return False
                await self._write(part, hashed[len(stored) :])
                if seen >= len(known):
                    self._arrivals.announce(complete=part.last)
        if not seen:
            raise UnreadableDocument(f"{task.filename} holds no text.")
        return True

    async def _pieces(self, size: int) -> AsyncIterator[bytes]:
        for part in range(ceil(size / PIECE)):
            async with self._fence.database.connection() as connection:
                piece = await document_parts.read(connection, self._task.document_id, self._task.version, part)
            if piece is None:
                raise LeaseLost
            yield piece

    async def _write(self, part: ChunkPart, hashed: Sequence[tuple[ChunkDraft, bytes]]) -> None:
        if not hashed and not part.last:
            return
        task = self._task
        async with self._writers:
            began = time.perf_counter()
            async with self._fence.writing(Stage.EMBED if part.last else Stage.SPLIT) as (connection, written):
                await chunks.insert(
                    connection,
                    tenant=task.tenant,
                    collection_id=self._collection.id,
                    language=self._collection.language,
                    document_id=task.document_id,
                    version=task.version,
                    drafts=hashed,
                    names=names_of(task.filename, part.properties, task.metadata),
                )
                written.chunks = len(hashed)
                if part.last:
                    await leases.recognise(
                        connection, task.document_id, self._fence.lease, part.media_type, part.warnings
                    )
                    await leases.set_split(connection, task.document_id, task.version, part.properties)
            self._seconds += time.perf_counter() - began
        self._observer.chunks("inserted", len(hashed))

    def _hash(self, draft: ChunkDraft) -> bytes:
        """Of all that is embedded, so that equal hashes mean equal vectors."""
        text = self._embedding_text(draft.text, draft.section)
        return hashlib.sha256(text.encode()).digest()
