"""Child processes behind an async interface, which run tasks over files."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

from app.domain.documents import StoredFile
from app.errors import UnreadableDocument
from app.ingestion.loaders.worker import DONE, ChildDied, Limits, Task, TaskFailed, TaskTimedOut, Worker

_log = logging.getLogger(__name__)


class ChildPool:
    """Runs as many tasks at once as there are `workers`.

    Children start when they are first needed and are reused. A file that crashes its child, exhausts its memory or
    overruns its time is refused, and costs no other file its result.
    """

    def __init__(self, workers: int, limits: Limits, *, name: str = "loader") -> None:
        self._limits = limits
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._slots = asyncio.Semaphore(workers)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)

    async def run(self, task: Task, content: StoredFile, *arguments: object) -> list[Any]:
        """Run a task that yields picklable parts in a child, and return the parts."""
        async with self.stream(task, content, *arguments) as parts:
            return [part async for part in parts]

    @asynccontextmanager
    async def stream(
        self, task: Task, content: StoredFile, *arguments: object
    ) -> AsyncIterator[AsyncIterator[Any]]:
        """Run a task that yields picklable parts in a child, which ends with the block if the task has not.

        Raises:
            UnsupportedMedia, UnreadableDocument: with a reason for the file's owner, perhaps after some parts.
        """
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
        async for piece in content.pieces():
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

    return StoredFile(len(content), pieces)
