"""What each cache tier costs beside its floor, and what the eviction policy is worth.

    python -m tests.performance.bench_cache [--quick]

Starts an embedded PostgreSQL and Valkey of its own. Every comparison interleaves its contenders and repeats
five times; the table gives medians. Ratios hold between machines, absolute figures do not.
"""

import argparse
import asyncio
import gzip
import json
import shutil
import statistics
import tempfile
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
from redis.asyncio import Redis

from app.cache.base import CacheKey
from app.cache.freshness import ArmEvidence, Evidence
from app.cache.memory import MemoryCache
from app.cache.postgres import PostgresCache
from app.cache.postgres_connection import HeldConnections
from app.cache.postgres_schema import query_cache_ddl
from app.cache.record import Computed
from app.cache.redis import RedisCache
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from tests.support.cache import Assembly, assemble, key_of, spec_of

REPEATS = 5
TRAFFIC = Path(__file__).parents[2].parent / "shared" / "data" / "traffic"
Read = Callable[[int], Awaitable[Any]]


@dataclass
class Timing:
    p50_us: float
    p99_us: float
    per_second: float


async def timed(read: Read, *, readers: int, count: int) -> Timing:
    """`count` reads by concurrent readers in a closed loop."""
    latencies: list[int] = []

    async def reader() -> None:
        for number in range(count // readers):
            started = time.perf_counter_ns()
            await read(number)
            latencies.append(time.perf_counter_ns() - started)

    started = time.perf_counter()
    await asyncio.gather(*(reader() for _ in range(readers)))
    elapsed = time.perf_counter() - started
    ranked = sorted(latencies)
    return Timing(ranked[len(ranked) // 2] / 1e3, ranked[int(len(ranked) * 0.99)] / 1e3, len(ranked) / elapsed)


async def compare(title: str, contenders: dict[str, Read], *, readers: int = 1, count: int) -> None:
    """Print each contender beside the first one, the floor."""
    runs: dict[str, list[Timing]] = {name: [] for name in contenders}
    for read in contenders.values():
        await timed(read, readers=readers, count=max(readers, count // 10))
    for _ in range(REPEATS):
        for name, read in contenders.items():
            runs[name].append(await timed(read, readers=readers, count=count))
    print(f"\n{title}, {readers} reader{'s' * (readers > 1)}")
    floor = next(iter(contenders))
    for name, timings in runs.items():
        p50, p99, rate = (
            statistics.median(getattr(timing, field) for timing in timings)
            for field in ("p50_us", "p99_us", "per_second")
        )
        pairs = zip(timings, runs[floor], strict=True)
        ratios = [(own.p50_us / base.p50_us, own.per_second / base.per_second) for own, base in pairs]
        time_ratio, rate_ratio = (statistics.median(column) for column in zip(*ratios, strict=True))
        print(
            f"  {name:<44} p50 {p50:9.2f} us  p99 {p99:9.2f} us  {rate:10,.0f}/s"
            f"  p50 x{time_ratio:5.2f}  rate x{rate_ratio:5.2f}"
        )


def search_response(size: int) -> dict[str, Any]:
    """Five results whose texts make up about `size` bytes."""
    return {
        "results": [
            {"chunk_id": number, "text": chr(97 + number) * (size // 5), "score": 0.5, "scores": {"vector": 0.5}}
            for number in range(5)
        ]
    }


async def bench_l1(count: int) -> None:
    keys = [key_of(str(number)) for number in range(5000)]
    memory: MemoryCache[bytes] = MemoryCache(weigh=len)
    floor: dict[str, tuple[float, bytes]] = {}
    for key in keys:
        memory.put(key, bytes(2000), 3600)
        floor[key.digest] = (time.monotonic() + 3600, bytes(2000))
    made = assemble(memory=None)
    specs = [spec_of(str(number)) for number in range(2000)]

    async def compute() -> Computed[dict[str, Any]]:
        return Computed(search_response(2000), Evidence(1))

    for spec in specs:
        await made.chain.get_or_compute(spec, compute)

    async def dict_lookup(number: int) -> bytes | None:
        entry = floor.get(keys[number % 5000].digest)
        return entry[1] if entry is not None and entry[0] > time.monotonic() else None

    async def l1(number: int) -> Any:
        return await memory.get(keys[number % 5000])

    async def peek(number: int) -> Any:
        return made.tiers.peek(specs[number % 2000].key)

    async def whole(number: int) -> Any:
        return await made.chain.get_or_compute(specs[number % 2000], compute)

    await compare(
        "L1, 2 KB",
        {
            "dict lookup with a time check": dict_lookup,
            "MemoryCache.get": l1,
            "chain, fast path (freshness, statistics)": peek,
            "chain.get_or_compute": whole,
        },
        count=count,
    )


async def filled(backend: Any, size: int, keys: int) -> Assembly:
    """A chain over one shared tier, which holds the answers to `keys` questions."""
    made = assemble([backend], memory=MemoryCache(weigh=lambda record: record.size, max_entries=0))
    arm = ArmEvidence(0.5, exhausted=False)
    evidence = Evidence(1, tuple(range(20)), ("d",) * 5, arm, arm, bytes(1536), ("word",) * 5)

    async def compute() -> Computed[dict[str, Any]]:
        return Computed(search_response(size), evidence)

    for number in range(keys):
        await made.chain.get_or_compute(spec_of(str(number)), compute)
        await made.tiers.drain()
    return made


async def bench_l2(url: str, count: int) -> None:
    async with Redis.from_url(url) as client:
        for size in (2000, 20_000):
            cache = RedisCache(client, timeout=10)
            made = await filled(cache, size, 200)
            specs = [spec_of(str(number)) for number in range(200)]
            names = [cache._name(spec.key) for spec in specs]

            async def plain(number: int, names: list[str] = names) -> Any:
                return await client.get(names[number % 200])

            async def gathered(number: int, cache: RedisCache = cache, specs: list[Any] = specs) -> Any:
                return await cache.get(specs[number % 200].key)

            async def whole(number: int, made: Assembly = made, specs: list[Any] = specs) -> Any:
                hit = (await made.chain.lookup(specs[number % 200])).hit
                assert hit is not None
                return hit

            contenders: dict[str, Read] = {
                "redis.asyncio GET": plain,
                "RedisCache.get": gathered,
                "chain (signature, decoding, freshness)": whole,
            }
            for readers in (1, 16, 64):
                await compare(f"L2, {size // 1000} KB", contenders, readers=readers, count=count)


async def bench_l3(url: str, count: int) -> None:
    async with asyncpg.create_pool(url, min_size=4, max_size=8) as pool:
        await pool.execute(query_cache_ddl("bench_cache"))
        for size in (2000, 20_000):
            held = HeldConnections(pool, acquire_timeout=5)
            cache = PostgresCache(held, table="bench_cache", timeout=10)
            made = await filled(cache, size, 200)
            specs = [spec_of(str(number)) for number in range(200)]
            async with pool.acquire() as connection:
                statement = await connection.prepare(
                    "SELECT result_data FROM bench_cache WHERE cache_key = $1 AND expires_at > now()"
                )

                async def prepared(number: int, statement: Any = statement, specs: list[Any] = specs) -> Any:
                    return await statement.fetchval(specs[number % 200].key.digest)

                async def pooled(number: int, specs: list[Any] = specs) -> Any:
                    return await pool.fetchval(
                        "SELECT result_data FROM bench_cache WHERE cache_key = $1 AND expires_at > now()",
                        specs[number % 200].key.digest,
                    )

                async def tier(number: int, cache: PostgresCache = cache, specs: list[Any] = specs) -> Any:
                    return await cache.get(specs[number % 200].key)

                async def whole(number: int, made: Assembly = made, specs: list[Any] = specs) -> Any:
                    hit = (await made.chain.lookup(specs[number % 200])).hit
                    assert hit is not None
                    return hit

                contenders: dict[str, Read] = {
                    "prepared read, held connection": prepared,
                    "asyncpg.Pool.fetchval": pooled,
                    "PostgresCache.get": tier,
                    "chain (signature, decoding, freshness)": whole,
                }
                await compare(f"L3, {size // 1000} KB", contenders, count=count)
            shared: dict[str, Read] = {"asyncpg.Pool.fetchval": pooled, "PostgresCache.get": tier}
            await compare(f"L3, {size // 1000} KB", shared, readers=16, count=count)
            await cache.close()


class LRU:
    """The policy to compare with."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._keys: OrderedDict[str, None] = OrderedDict()

    def hit(self, key: str) -> bool:
        if key in self._keys:
            self._keys.move_to_end(key)
            return True
        self._keys[key] = None
        if len(self._keys) > self._capacity:
            self._keys.popitem(last=False)
        return False


class S3Fifo:
    def __init__(self, capacity: int) -> None:
        self._cache: MemoryCache[int] = MemoryCache(weigh=lambda _: 1, max_entries=capacity)

    def hit(self, key: str) -> bool:
        if self._cache.lookup(key) is not None:
            return True
        self._cache.put(CacheKey(key, "answer", "acme", 1, "p"), 1, 1e9)
        return False


def hit_rates(title: str, trace: list[str], capacity: int, warm_up: int) -> None:
    rates = []
    for policy in (S3Fifo(capacity), LRU(capacity)):
        hits = [policy.hit(key) for key in trace]
        rates.append(sum(hits[warm_up:]) / (len(hits) - warm_up))
    counts: dict[str, int] = {}
    for key in trace[warm_up:]:
        counts[key] = counts.get(key, 0) + 1
    top = sorted(counts.values(), reverse=True)
    # The best that a fixed set of keys could do on this trace, chosen with hindsight.
    optimum = sum(top[:capacity]) / (len(trace) - warm_up)
    print(
        f"  {title:<52} S3-FIFO {rates[0]:6.1%}  LRU {rates[1]:6.1%}  static optimum {optimum:6.1%}"
        f"  S3-FIFO/optimum {rates[0] / optimum:6.1%}"
    )


def bench_eviction(draws: int) -> None:
    print("\nHit rates of L1 alone, no expiry")
    generator = np.random.default_rng(7)
    for exponent in (0.9, 1.0, 1.1):
        weights = 1 / np.arange(1, 50_001) ** exponent
        draw = generator.choice(50_000, draws, p=weights / weights.sum())
        trace = [str(number) for number in draw.tolist()]
        hit_rates(f"Zipf {exponent}, 5,000 entries over 50,000 keys", trace, 5000, draws // 4)
    for name in ("zipf_qqp_synthetic", "excite_1997"):
        path = TRAFFIC / f"{name}.jsonl.gz"
        if not path.exists():
            print(f"  {name}: skipped, {path.name} is not here")
            continue
        trace = [" ".join(text.split()) for text in texts(path)]
        for capacity in (5000, 500):
            hit_rates(f"{name}, {len(trace):,} queries, {capacity:,} entries", trace, capacity, 0)


def texts(path: Path) -> Iterable[str]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield str(json.loads(line)["text"])


@asynccontextmanager
async def servers() -> AsyncIterator[tuple[str, str]]:
    folder = Path(tempfile.mkdtemp(prefix="localchat-"))
    postgres = EmbeddedPostgres(folder / "postgres")
    valkey = EmbeddedValkey(folder / "valkey")
    try:
        yield await asyncio.to_thread(postgres.start), await asyncio.to_thread(valkey.start)
    finally:
        await asyncio.to_thread(valkey.stop)
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)


async def main(scale: float) -> None:
    await bench_l1(int(50_000 * scale))
    async with servers() as (database, valkey):
        await bench_l2(valkey, int(8000 * scale))
        await bench_l3(database, int(4000 * scale))
    bench_eviction(int(400_000 * scale))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the reads")
    import uvloop

    uvloop.run(main(0.2 if parser.parse_args().quick else 1.0))
