"""Time limits on others that do not run while this process is too busy to notice an answer.

A timer that fires late says that the event loop was busy, not that the other side was slow: the answer may wait in
a socket that nobody has read. So the timer is set again for the time by which it was late. Without this a burst of
requests makes every cache look dead exactly when it is needed.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

# Seconds by which a timer of an idle loop may be late. A limit is stretched so many times, and by so much at most:
# a loop that is always a little late must not wait for the dead for long.
_PUNCTUAL = 0.01
_STRETCHES = 32
_LONGEST_STRETCH = 1.0


class LagTolerantTimer:
    """Calls `expired` after `seconds` in which the loop was awake, at the latest a second after that."""

    __slots__ = ("_due", "_expired", "_handle", "_last", "_loop", "_stretches")

    def __init__(self, seconds: float, expired: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._expired = expired
        self._due = self._loop.time() + seconds
        self._last = self._due + _LONGEST_STRETCH
        self._stretches = _STRETCHES
        self._handle = self._loop.call_at(self._due, self._fire)

    def cancel(self) -> None:
        self._handle.cancel()

    def _fire(self) -> None:
        now = self._loop.time()
        late = now - self._due
        if late <= _PUNCTUAL or self._stretches == 0 or now >= self._last:
            self._expired()
            return
        self._stretches -= 1
        self._due = min(now + late, self._last)
        self._handle = self._loop.call_at(self._due, self._fire)


class lag_tolerant_timeout:  # noqa: N801 - reads as a statement, `async with patience(0.05):`
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
