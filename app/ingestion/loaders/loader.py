"""The service's way to read documents: a few worker processes behind an async interface."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from app.domain.documents import ChunkPart, StoredFile
from app.errors import UnreadableDocument
from app.ingestion.document.model import LoadedDocument
from app.ingestion.loaders.extract import extract, open_file
from app.ingestion.loaders.worker import DONE, ChildDied, Limits, Task, TaskFailed, TaskTimedOut, Worker
from app.ingestion.splitting.splitter import SplitterConfig, splitter_for

T = TypeVar("T")

# Sections or chunks in one message from a child: some 100 kB.
_PART = 128

_log = logging.getLogger(__name__)


class DocumentLoader:
    """Reads files in child processes, as many at once as there are `workers`.

    Children start when they are first needed and are reused. A file that crashes its child, exhausts its
    memory or overruns its time is refused, and costs no other file its result. `on_stage` is told when the parsing
    and the chunking of a file began and ended, in epoch seconds.
    """

    def __init__(
        self,
        splitter: SplitterConfig,
        *,
        workers: int = 2,
        limits: Limits | None = None,
        on_stage: Callable[[str, float, float], None] = lambda _stage, _began, _ended: None,
    ) -> None:
        self._splitter = splitter
        self._on_stage = on_stage
        self._limits = limits or Limits()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._slots = asyncio.Semaphore(workers)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="loader")

    async def load(self, content: bytes, filename: str, media_type: str | None = None) -> LoadedDocument:
        """Read a file. `media_type` is what the sender declared; content and name go before it.

        Raises:
            UnsupportedMedia, UnreadableDocument: with a reason for the sender.
        """
        parts = await self.run(load_parts, content, filename, media_type)
        document: LoadedDocument = parts[0]
        return replace(document, sections=tuple(section for part in parts[1:] for section in part))

    @asynccontextmanager
    async def chunks(
        self, content: StoredFile, filename: str, media_type: str | None = None
    ) -> AsyncIterator[AsyncIterator[ChunkPart]]:
        """Read a file and cut it into chunks, both in the child, which works ahead by a part or two.

        Raises:
            UnsupportedMedia, UnreadableDocument: with a reason for the sender, perhaps after some parts.
        """
        async with self.stream(chunk_parts, content, filename, media_type, self._splitter) as parts:
            yield self._told(parts)

    async def _told(self, parts: AsyncIterator[Any]) -> AsyncIterator[ChunkPart]:
        async for part in parts:
            if isinstance(part, ChunkPart):
                yield part
            else:
                for stage, began, ended in part:
                    self._on_stage(stage, began, ended)

    async def run(self, task: Task, content: bytes, *arguments: object) -> list[Any]:
        """Run a task that yields picklable parts in a child, and return the parts."""
        async with self.stream(task, whole(content), *arguments) as parts:
            return [part async for part in parts]

    @asynccontextmanager
    async def stream(
        self, task: Task, content: StoredFile, *arguments: object
    ) -> AsyncIterator[AsyncIterator[Any]]:
        """Run a task that yields picklable parts in a child, which ends with the block if the task has not."""
        async with self._slots:
            worker = await asyncio.get_running_loop().run_in_executor(self._threads, self._take)
            self._busy.add(worker)
            try:
                async with aclosing(self._parts(worker, task, content, arguments)) as parts:
                    yield parts
            finally:
                self._busy.discard(worker)
                if worker.working:
                    worker.kill()
                self._give_back(worker)

    async def _parts(
        self, worker: Worker, task: Task, content: StoredFile, arguments: tuple[object, ...]
    ) -> AsyncGenerator[Any, None]:
        await self._in_thread(worker, partial(worker.begin, task, content.size, *arguments))
        async for piece in content.pieces:
            await self._in_thread(worker, partial(worker.feed, piece))
        await self._in_thread(worker, worker.wait_until_fed)
        while (part := await self._in_thread(worker, worker.receive)) is not DONE:
            yield part

    async def _in_thread(self, worker: Worker, step: Callable[[], Any]) -> Any:
        work = asyncio.get_running_loop().run_in_executor(self._threads, step)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            worker.kill()
            await asyncio.wait([work])
            work.exception()
            raise
        except TaskTimedOut as error:
            raise UnreadableDocument(f"Reading the file took longer than {error.seconds:.0f} seconds.") from None
        except ChildDied as error:
            _log.warning("A loader process died while it read a file (%s)", error)
            raise UnreadableDocument(
                "Reading the file crashed its reader or took more memory than is allowed."
            ) from None
        except TaskFailed as error:
            _log.warning("A loader failed with %s", error)
            raise UnreadableDocument("The file is damaged, or made in a way that is not supported.") from None

    async def close(self) -> None:
        """End every child. What still runs is refused."""
        for worker in self._busy:
            worker.kill()
        while self._idle:
            self._idle.pop().close()
        self._threads.shutdown(wait=False)

    def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if not worker.spent:
                return worker
            worker.close()
        return Worker(self._limits)

    def _give_back(self, worker: Worker) -> None:
        if worker.spent:
            worker.close()
        else:
            self._idle.append(worker)


def whole(content: bytes) -> StoredFile:
    """A file that is in memory already."""

    async def pieces() -> AsyncIterator[bytes]:
        if content:
            yield content

    return StoredFile(len(content), pieces())


def load_parts(content: bytes, filename: str, media_type: str | None) -> Iterator[object]:
    """Runs in the child: the document without its sections, then the sections."""
    document = extract(content, filename, media_type)
    yield replace(document, sections=())
    yield from _batched(document.sections)


def chunk_parts(content: bytes, filename: str, media_type: str | None, config: SplitterConfig) -> Iterator[object]:
    """Runs in the child: `ChunkPart`s, then when parsing and chunking began and ended.

    They take turns, so the times are as if one had come after the other.
    """
    began = time.time()
    reading = open_file(content, filename, media_type)
    opened = time.time()
    sections = _Timed(reading.sections)
    parts = _Timed(_batched(splitter_for(config).stream(sections)))
    part = next(parts, ())
    while part:
        following = next(parts, ())
        warnings = () if following else reading.warnings.all()
        yield ChunkPart(reading.media_type, part, not following, warnings, reading.properties)
        part = following
    parsed = opened + sections.seconds
    yield (("parse", began, parsed), ("chunk", parsed, opened + parts.seconds))


class _Timed(Iterator[T]):
    """Gives out what `items` gives, and adds up the `seconds` that takes."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self.seconds = 0.0

    def __next__(self) -> T:
        began = time.perf_counter()
        try:
            return next(self._items)
        finally:
            self.seconds += time.perf_counter() - began


def _batched(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while part := tuple(islice(rest, _PART)):
        yield part
