"""Time limits: for work that is slow to end when cancelled, and for a process that is too busy to see an answer.

A timer that fires late shows that the event loop was busy, not that the other side was slow: the answer may wait in
a socket that nobody has read. So a lag-tolerant timer is set again for the time by which it was late. Without this,
a burst of requests makes every cache look dead exactly when it is needed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

# Seconds by which a timer of an idle loop may be late. A limit is extended at most so many times and by so many
# seconds: a loop that is always a little late must not wait long for a dead server.
_PUNCTUAL = 0.01
_EXTENSIONS = 32
_LONGEST_EXTENSION = 1.0


class Deadline:
    """Cancels work after so many seconds without waiting for its end: a query to a hung server may have none."""

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
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._overdue.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved: no caller waits any more


class LagTolerantTimer:
    """Calls `expired` after `seconds` in which the loop was awake, at the latest a second after that."""

    __slots__ = ("_due", "_expired", "_extensions", "_handle", "_last", "_loop")

    def __init__(self, seconds: float, expired: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._expired = expired
        self._due = self._loop.time() + seconds
        self._last = self._due + _LONGEST_EXTENSION
        self._extensions = _EXTENSIONS
        self._handle = self._loop.call_at(self._due, self._fire)

    def cancel(self) -> None:
        self._handle.cancel()

    def _fire(self) -> None:
        now = self._loop.time()
        late = now - self._due
        if late <= _PUNCTUAL or self._extensions == 0 or now >= self._last:
            self._expired()
            return
        self._extensions -= 1
        self._due = min(now + late, self._last)
        self._handle = self._loop.call_at(self._due, self._fire)


class lag_tolerant_timeout:  # noqa: N801 - reads as a statement, `async with lag_tolerant_timeout(0.05):`
    """Raises TimeoutError when the block has taken `seconds` in which the loop was awake."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._timer = LagTolerantTimer(self._seconds, self._expire)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _expire(self) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time())
