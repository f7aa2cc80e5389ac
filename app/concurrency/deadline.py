"""A time limit that holds even for work that is slow to notice its cancellation, as a query to a hung server is."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class Deadline:
    """Gives each work so many seconds, then cancels it and does not wait for its end."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._overdue: set[asyncio.Future[Any]] = set()

    async def run(self, work: Awaitable[T]) -> T:
        """
        Raises:
            TimeoutError: the time is over.
            Exception: whatever `work` raises.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task,), timeout=self.seconds)
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                self._overdue.add(task)
                task.add_done_callback(self._settle)

    def _settle(self, task: asyncio.Future[Any]) -> None:
        self._overdue.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved: no caller waits for it any more
