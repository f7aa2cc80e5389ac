"""The log lines that say where a result came from and how long it took."""

import logging
import re

import pytest

from tests.support.cache.replicas import open_fleet


async def test_a_search_says_how_long_it_took_and_which_tier_answered(
    database_url: str, valkey_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_fleet(database_url, valkey_url, l2_cache_enabled=False) as fleet:
        here, there = fleet.replicas
        await fleet.desk.add("amber delta\nbasalt ember", "stones.txt")
        await fleet.settle()
        caplog.set_level(logging.INFO, logger="app.services.search.cached")
        for replica in (here, there, there):
            await replica.find("amber delta")
    lines = [re.sub(r"\d+ms", "45ms", record.getMessage()) for record in caplog.records if "latency" in record.msg]
    assert lines == [
        "Query latency: 45ms (cache miss)",
        "Query latency: 45ms (L3 cache hit)",
        "Query latency: 45ms (L1 cache hit)",
    ]
