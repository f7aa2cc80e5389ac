"""Writes what this process's cache counted to the table that tells hit rates over time."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from app.db.database import Database
from app.db.operations import analytics
from app.errors import StoreUnavailable

# Seconds between two writes: a minute's row is at most so much behind.
EVERY = 15.0

Totals = Mapping[str, Mapping[str, float]]

_log = logging.getLogger(__name__)


class CacheRollup:
    """Adds, every `every` seconds, what was counted since the last time; nothing is written while nothing happens.

    `totals` gives the counters since the process began, by namespace, with the names of `analytics.COUNTERS`.
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

    async def write_quietly(self) -> None:
        try:
            await self.write()
        except StoreUnavailable:
            _log.warning("The cache's counters are not written yet: the database does not answer")
        except Exception:  # noqa: BLE001 - whatever it is, it is tried again
            _log.exception("The cache's counters are not written yet")

    async def write(self) -> None:
        """Write now. What cannot be written is written the next time."""
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
