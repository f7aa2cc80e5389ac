"""The service's way to read documents: a few worker processes behind an async interface."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from app.domain.documents import ChunkDraft, LoadedDocument, Section
from app.errors import UnreadableDocument
from app.ingestion.loaders.extract import extract
from app.ingestion.loaders.worker import ChildDied, Limits, Task, TaskFailed, TaskTimedOut, Worker
from app.ingestion.splitter import SplitterConfig, splitter_for

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
        return _assemble(await self.run(load_parts, content, filename, media_type))[0]

    async def load_and_split(
        self, content: bytes, filename: str, media_type: str | None = None
    ) -> tuple[LoadedDocument, list[ChunkDraft]]:
        """Read a file and cut it into chunks, both in the child.

        Raises:
            UnsupportedMedia, UnreadableDocument: with a reason for the sender.
        """
        *parts, timings = await self.run(split_parts, content, filename, media_type, self._splitter)
        for stage, began, ended in timings:
            self._on_stage(stage, began, ended)
        return _assemble(parts)

    async def run(self, task: Task, content: bytes, *arguments: object) -> list[Any]:
        """Run a task that yields picklable parts in a child, and return the parts."""
        async with self._slots:
            loop = asyncio.get_running_loop()
            worker = await loop.run_in_executor(self._threads, self._take)
            self._busy.add(worker)
            work = loop.run_in_executor(self._threads, worker.run, task, content, *arguments)
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                worker.kill()
                await asyncio.wait([work])
                work.exception()
                raise
            except TaskTimedOut as error:
                raise UnreadableDocument(
                    f"Reading the file took longer than {error.seconds:.0f} seconds."
                ) from None
            except ChildDied as error:
                _log.warning("A loader process died while it read a file (%s)", error)
                raise UnreadableDocument(
                    "Reading the file crashed its reader or took more memory than is allowed."
                ) from None
            except TaskFailed as error:
                _log.warning("A loader failed with %s", error)
                raise UnreadableDocument("The file is damaged, or made in a way that is not supported.") from None
            finally:
                self._busy.discard(worker)
                await self._give_back(worker)

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

    async def _give_back(self, worker: Worker) -> None:
        if worker.spent:
            worker.close()
        else:
            self._idle.append(worker)


def load_parts(content: bytes, filename: str, media_type: str | None) -> Iterator[object]:
    """Runs in the child: the document without its sections, then the sections."""
    yield from _document_parts(extract(content, filename, media_type))


def split_parts(content: bytes, filename: str, media_type: str | None, config: SplitterConfig) -> Iterator[object]:
    """Runs in the child: as `load_parts`, then the chunks, then the times of both stages."""
    began = time.time()
    document = extract(content, filename, media_type)
    parsed = time.time()
    chunks = splitter_for(config).split(document, title=filename)
    chunked = time.time()
    yield from _document_parts(document)
    for start in range(0, len(chunks), _PART):
        yield chunks[start : start + _PART]
    yield (("parse", began, parsed), ("chunk", parsed, chunked))


def _document_parts(document: LoadedDocument) -> Iterator[object]:
    yield replace(document, sections=())
    for start in range(0, len(document.sections), _PART):
        yield list(document.sections[start : start + _PART])


def _assemble(parts: list[Any]) -> tuple[LoadedDocument, list[ChunkDraft]]:
    document: LoadedDocument = parts[0]
    items = [item for part in parts[1:] for item in part]
    sections = tuple(item for item in items if isinstance(item, Section))
    chunks = [item for item in items if isinstance(item, ChunkDraft)]
    return replace(document, sections=sections), chunks
