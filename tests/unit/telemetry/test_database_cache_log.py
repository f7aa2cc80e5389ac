"""The log lines of the database cache."""

import asyncio
import logging
from typing import Any

import pytest

from app.errors import StoreUnavailable
from app.observers.database_cache import DatabaseCacheLog
from tests.support.waiting import until


class Cache:
    """A cache whose counters a test sets; None: the database is away."""

    def __init__(self) -> None:
        self.l3: dict[str, Any] | None = {"available": True, "entries": 0, "hits": 0, "misses": 0, "hit_rate": None}

    async def report(self) -> dict[str, Any]:
        if self.l3 is None:
            raise StoreUnavailable("The database did not answer; try again shortly.")
        return {"tiers": {"l3": self.l3}}


@pytest.fixture(autouse=True)
def _informed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def test_a_line_tells_entries_and_hit_rate_whenever_the_cache_was_used(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache = Cache()
    log = DatabaseCacheLog(cache)
    await log.write()
    assert caplog.messages == []
    cache.l3 = {"available": True, "entries": 12, "hits": 3, "misses": 1, "stale": 0, "hit_rate": 0.75}
    for _ in range(2):
        await log.write()
    assert caplog.messages == ["L3 cache: 12 entries, 75% hit rate"]
    cache.l3 = {**cache.l3, "misses": 3, "hit_rate": 0.5}
    await log.write()
    assert caplog.messages[1:] == ["L3 cache: 12 entries, 50% hit rate"]


async def test_the_loop_begins_with_its_line_and_outlives_the_database(caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache()
    running = asyncio.create_task(DatabaseCacheLog(cache, every=0.01).run())
    await until(lambda: "L3 database cache initialized" in caplog.messages)
    cache.l3 = None
    await until(lambda: "L3 cache: The database did not answer; try again shortly." in caplog.messages)
    cache.l3 = {"available": True, "entries": 1, "hits": 1, "misses": 0, "stale": 0, "hit_rate": 1.0}
    await until(lambda: "L3 cache: 1 entries, 100% hit rate" in caplog.messages)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
