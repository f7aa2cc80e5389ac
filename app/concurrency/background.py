"""Background work: detached tasks, bounded in number, and loops; their owner waits for the end of both."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

logger = logging.getLogger(__name__)


class Background:
    """Runs coroutines detached. At most `limit` at once: beyond that, work is dropped."""

    def __init__(self, *, limit: int = 256) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Start the work; False if it was dropped."""
        if len(self._tasks) >= self._limit:
            work.close()
            return False
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return True

    async def drain(self) -> None:
        """Wait until everything started so far has ended."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self, *, patience: float = 2.0) -> None:
        """Give the work `patience` seconds to end, then cancel it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        for task in self._tasks:
            task.cancel()
        await self.drain()

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        _report(task)


def run_for_lifetime(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Run a loop for as long as the stack is open; closing the stack cancels it and waits for its end."""
    task = asyncio.create_task(work)
    task.add_done_callback(_report)

    async def stop() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(stop)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.warning("background work failed", exc_info=task.exception())
