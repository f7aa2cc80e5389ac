"""What a hit costs inside the process, beside the floor of its tier."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from redis.asyncio import Redis

from app.cache.backend import CacheBackend
from app.cache.backends.memory import MemoryCache
from app.cache.backends.postgres import PostgresCache
from app.cache.backends.redis import RedisCache
from app.cache.entry import Computed
from app.cache.evidence import ArmEvidence, Evidence
from app.cache.postgres.connections import HeldConnections
from app.cache.postgres.schema import query_cache_ddl
from app.db.outages import translated
from tests.performance.shared.report import Report
from tests.performance.shared.timing import Read, compare, several
from tests.support.cache.assembly import Assembly, assemble, key_of, spec_of

SIZES = {"2 KB": 2_000, "20 KB": 20_000}
READERS = (1, 16, 64)
# Questions that the readers of a shared tier take in turn.
QUESTIONS = 200
_ENTRIES = 5_000
_READ = "SELECT result_data FROM bench_cache WHERE cache_key = $1 AND expires_at > now()"
_ARM = ArmEvidence(0.5, exhausted=False)
_EVIDENCE = Evidence(1, tuple(range(20)), ("d",) * 5, _ARM, _ARM, bytes(1536), ("word",) * 5)

HIT = "whole hit"


def search_response(size: int) -> dict[str, Any]:
    """Five results whose texts make up about `size` bytes."""
    return {
        "results": [
            {"chunk_id": number, "text": chr(97 + number) * (size // 5), "score": 0.5, "scores": {"vector": 0.5}}
            for number in range(5)
        ]
    }


async def bench_l1(report: Report, count: int) -> None:
    keys = [key_of(str(number)) for number in range(_ENTRIES)]
    memory: MemoryCache[bytes] = MemoryCache(weigh=len)
    floor: dict[str, tuple[float, bytes]] = {}
    for key in keys:
        memory.put(key, bytes(2000), 3600)
        floor[key.digest] = (time.monotonic() + 3600, bytes(2000))
    made = await _filled([], SIZES["2 KB"], _ENTRIES)
    specs = [spec_of(str(number)) for number in range(_ENTRIES)]

    async def compute() -> Computed[dict[str, Any]]:
        raise AssertionError("a miss")

    async def dict_lookup(number: int) -> bytes | None:
        entry = floor.get(keys[number % _ENTRIES].digest)
        return entry[1] if entry is not None and entry[0] > time.monotonic() else None

    async def tier(number: int) -> Any:
        return await memory.get(keys[number % _ENTRIES])

    async def peek(number: int) -> Any:
        return made.chain.peek(specs[number % _ENTRIES])

    async def whole(number: int) -> Any:
        return await made.chain.get_or_compute(specs[number % _ENTRIES], compute)

    contenders: dict[str, Read] = {
        "dict lookup with a time check": dict_lookup,
        "MemoryCache.get": tier,
        "peek of the fast lane": peek,
        HIT: whole,
    }
    report.compared("tiers", "L1 2 KB, 1 reader", await compare(contenders, readers=1, count=count))


async def bench_l2(report: Report, url: str, count: int) -> None:
    specs = [spec_of(str(number)) for number in range(QUESTIONS)]
    async with Redis.from_url(url) as client:
        for label, size in SIZES.items():
            cache = RedisCache(client, timeout=10)
            made = await _filled([cache], size, QUESTIONS)
            names = [cache._name(spec.key) for spec in specs]

            async def plain(number: int, names: list[str] = names) -> Any:
                return await client.get(names[number % QUESTIONS])

            contenders = {"redis.asyncio GET": plain, **_reads(cache, made)}
            for readers in READERS:
                found = await compare(contenders, readers=readers, count=count)
                report.compared("tiers", f"L2 {label}, {several(readers, 'reader')}", found)
            await cache.close()


async def bench_l3(report: Report, url: str, count: int) -> None:
    specs = [spec_of(str(number)) for number in range(QUESTIONS)]
    async with asyncpg.create_pool(url, min_size=4, max_size=8) as pool:
        for label, size in SIZES.items():
            async with _table(pool) as cache, pool.acquire() as connection:
                made = await _filled([cache], size, QUESTIONS)
                statement = await connection.prepare(_READ)

                async def prepared(number: int, statement: Any = statement) -> Any:
                    return await statement.fetchval(specs[number % QUESTIONS].key.digest)

                async def pooled(number: int) -> Any:
                    return await pool.fetchval(_READ, specs[number % QUESTIONS].key.digest)

                floor: dict[str, Read] = {"prepared read, held connection": prepared}
                contenders = {"asyncpg.Pool.fetchval": pooled, **_reads(cache, made)}
                # A connection that is held serves one reader at a time.
                for readers in READERS:
                    entered = {**(floor if readers == 1 else {}), **contenders}
                    found = await compare(entered, readers=readers, count=count)
                    report.compared("tiers", f"L3 {label}, {several(readers, 'reader')}", found)


@asynccontextmanager
async def _table(pool: Any) -> AsyncIterator[PostgresCache]:
    await pool.execute("DROP TABLE IF EXISTS bench_cache;" + query_cache_ddl("bench_cache"))
    cache = PostgresCache(
        HeldConnections(pool, translated=translated, acquire_timeout=5), table="bench_cache", timeout=10
    )
    yield cache
    await cache.close()


def _reads(cache: RedisCache | PostgresCache, made: Assembly) -> dict[str, Read]:
    specs = [spec_of(str(number)) for number in range(QUESTIONS)]

    async def tier(number: int) -> Any:
        return await cache.get(specs[number % QUESTIONS].key)

    async def whole(number: int) -> Any:
        hit = (await made.chain.lookup(specs[number % QUESTIONS])).hit
        assert hit is not None
        return hit

    return {f"{type(cache).__name__}.get": tier, HIT: whole}


async def _filled(backends: list[CacheBackend[bytes]], size: int, keys: int) -> Assembly:
    """A chain that holds the answers to `keys` questions, in memory if there is no shared tier, else only there."""
    memory = MemoryCache(weigh=lambda record: record.size, max_entries=0 if backends else _ENTRIES)  # type: ignore[var-annotated]
    made = assemble(backends, memory=memory)

    async def compute() -> Computed[dict[str, Any]]:
        return Computed(search_response(size), _EVIDENCE)

    for number in range(keys):
        await made.chain.get_or_compute(spec_of(str(number)), compute)
        await made.tiers.drain()
    return made
