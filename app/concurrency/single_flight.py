"""Single flight: one computation per key and process, however many callers ask for it at once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs work in a task of its own: no caller's cancellation reaches it, and it finishes for later callers."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    def start(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """Begin the work without waiting for it, unless it is under way."""
        task = self._flights.get(key)
        if task is None:
            task = self._flights[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._finished(key, done))
        return task

    async def run(
        self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]], *, wait: float | None = None
    ) -> T:
        """Return the result of the key's work, or raise what it raised.

        Raises:
            TimeoutError: it took longer than `wait` seconds; the work goes on.
        """
        task = self.start(key, work)
        done, _ = await asyncio.wait({task}, timeout=wait)
        if not done:
            raise TimeoutError
        return task.result()

    async def close(self) -> None:
        """Cancel the work under way and wait for it to end."""
        tasks = list(self._flights.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, key: Hashable, task: asyncio.Task[T]) -> None:
        del self._flights[key]
        if not task.cancelled():
            task.exception()  # retrieved, also when no caller waits any more
