"""Warming: the cache is filled ahead of need, entry by entry, in one replica at a time, below a set load."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TypeVar

from app.cache.stampede.lease import FleetLease
from app.operating_system import busy_seconds

T = TypeVar("T")

# Seconds between two checks whether another replica has finished warming: from the first to the longest.
TURN_POLL = (0.5, 2.0)
_TURN = "warming"


class LoadGate:
    """Holds back background work while this process is busy with requests.

    `most` is the share of its time, up to 1, for which the event loop's thread may be `busy`. It is measured during
    `window` seconds of waiting, so that the background work itself is not counted.
    """

    def __init__(
        self,
        most: float,
        *,
        window: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        busy: Callable[[], float] = busy_seconds,
    ) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._busy = busy

    async def wait(self) -> None:
        """Return once the load is low enough, after one window at the earliest."""
        while True:
            began, before = self._clock(), self._busy()
            await asyncio.sleep(self._window)
            if self._busy() - before <= self._most * (self._clock() - began):
                return


class Pacer:
    """Works through a list gradually. `turns` waits without end for the single lease."""

    def __init__(self, turns: FleetLease, gate: LoadGate) -> None:
        self._turns = turns
        self._gate = gate

    async def each(self, items: Sequence[T]) -> AsyncGenerator[T, None]:
        """Yield each item as soon as the load allows. Closing it (`aclosing`) lets another replica go on."""
        turn = await self._turns.claim(_TURN, _nothing)
        try:
            for item in items:
                await self._gate.wait()
                yield item
        finally:
            await turn.release()


async def _nothing() -> None:
    """Find nothing: another replica's warming fills its own memory alone."""
