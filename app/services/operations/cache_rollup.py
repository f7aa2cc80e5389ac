"""Adds this process's cache counters to the table behind the hit rates over time."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from app.concurrency.timeouts import Deadline
from app.db.database import Database
from app.db.operations import analytics
from app.errors import StoreUnavailable

# Seconds between two writes: a minute's row lags by at most as much.
EVERY = 15.0

# Seconds for the last write at a stop, when the database may be gone.
_LAST_WRITE = 2.0

Totals = Mapping[str, Mapping[str, float]]

_log = logging.getLogger(__name__)


class CacheRollup:
    """Adds the counts since the last write every `every` seconds; unchanged counters are not written.

    `totals` returns the counters since the process began, by namespace, named as in `analytics.COUNTERS`.
    """

    def __init__(self, database: Database, totals: Callable[[], Totals], *, every: float = EVERY) -> None:
        self._database = database
        self._totals = totals
        self._every = every
        self._written: Totals = {}

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            await self.write_quietly()

    async def close(self) -> None:
        """Write the last counts, within `_LAST_WRITE` seconds."""
        with suppress(TimeoutError):
            await Deadline(_LAST_WRITE).run(self.write_quietly())

    async def write_quietly(self) -> None:
        try:
            await self.write()
        except StoreUnavailable:
            _log.warning("The cache's counters are not written yet: the database does not answer")
        except Exception:  # noqa: BLE001 - the next write tries again
            _log.exception("The cache's counters are not written yet")

    async def write(self) -> None:
        """Write now. Counts that cannot be written are kept for the next write."""
        totals = {namespace: dict(counters) for namespace, counters in self._totals().items()}
        counted = [
            {"namespace": namespace, **since}
            for namespace, counters in totals.items()
            if any((since := _difference(counters, self._written.get(namespace, {}))).values())
        ]
        if counted:
            async with self._database.connection() as connection:
                await analytics.add(connection, counted)
        self._written = totals


def _difference(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: now.get(name, 0) - before.get(name, 0) for name in analytics.COUNTERS}
