"""Log lines of the database cache (L3): once when it begins, and once a minute while it is used."""

import asyncio
import logging
from typing import Any, Protocol

from app.errors import StoreUnavailable

# Seconds between two lines.
EVERY = 60.0

_log = logging.getLogger(__name__)


class Reports(Protocol):
    async def report(self) -> dict[str, Any]:
        """Counters and contents by tier, as `/api/cache/stats` shows them."""


class DatabaseCacheLog:
    """Logs the entries of L3, and how often lookups of this process have hit it since it began."""

    def __init__(self, cache: Reports, *, every: float = EVERY) -> None:
        self._cache = cache
        self._every = every
        self._lookups = 0

    async def run(self) -> None:
        """Work until cancelled."""
        _log.info("L3 database cache initialized")
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.write()
            except StoreUnavailable as error:
                _log.warning("L3 cache: %s", error.detail)

    async def write(self) -> None:
        """Log one line if L3 was used since the last one."""
        l3 = (await self._cache.report())["tiers"].get("l3", {})
        lookups = sum(l3.get(outcome, 0) for outcome in ("hits", "misses", "stale"))
        if lookups > self._lookups and l3["available"]:
            _log.info("L3 cache: %d entries, %.0f%% hit rate", l3["entries"], 100 * l3["hit_rate"])
        self._lookups = lookups
