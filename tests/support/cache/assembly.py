"""Backends and chains put together for tests, and stand-ins for what the cache asks."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import numpy as np

from app.cache.backend import (
    BackendStats,
    CacheBackend,
    CacheKey,
    EntryMetadata,
    Scope,
    StoredPayload,
    TierUsage,
)
from app.cache.backends.guarded import GuardedTier
from app.cache.backends.memory import MemoryCache
from app.cache.backends.postgres import PostgresCache
from app.cache.backends.redis import RedisCache
from app.cache.chain import CacheChain
from app.cache.codec.envelope import EnvelopeCodec
from app.cache.entry import CacheControl, CacheEntry, Computed
from app.cache.evidence import ChangeSet, Evidence
from app.cache.freshness.invalidation import InvalidationBus
from app.cache.freshness.validator import FreshnessGuard, FreshnessValidator
from app.cache.keys import KeySpec, Partition
from app.cache.postgres.connections import HeldConnections, Pool
from app.cache.postgres.eviction import HitCountBuffer
from app.cache.postgres.schema import query_cache_ddl
from app.cache.stampede.lease import FleetLease
from app.cache.stats import CacheStats
from app.cache.tiered_cache import ChainPolicy, TieredCache
from app.concurrency.background import Background
from app.concurrency.circuit_breaker import CircuitBreaker
from app.db.outages import translated
from app.errors import NotCached
from app.wiring.redis import open_redis

TABLE = "tested_cache"
MAX_VALUE = 64 * 1024
SIGNING_KEYS = [("test", "a secret of the tests")]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class FakeVersions:
    """A `VersionSource`. What is in `heard` is known at once; `stored` has to be asked for."""

    def __init__(self, heard: Mapping[int, int] | None = None) -> None:
        self.heard = dict(heard or {1: 1})
        self.stored: dict[int, int] = dict(self.heard)
        self.asked = 0

    def known(self, collection: int) -> int | None:
        return self.heard.get(collection)

    async def current(self, collection: int) -> int | None:
        await asyncio.sleep(0)
        return self.known(collection) or await self.ask(collection)

    async def ask(self, collection: int) -> int | None:
        self.asked += 1
        return self.stored.get(collection)

    def set(self, collection: int, version: int) -> None:
        self.heard[collection] = self.stored[collection] = version


@dataclass
class FakeChanges:
    """A `ChangeLog` that says what it is told to, and counts how often it was asked."""

    answer: ChangeSet | None = field(default_factory=lambda: ChangeSet(frozenset(), added=False))
    admitted: bool = False
    error: Exception | None = None
    asked: int = 0

    async def changes(self, collection: int, after: int, upto: int) -> ChangeSet | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.answer

    async def admits(self, collection: int, after: int, upto: int, evidence: Evidence) -> bool:
        return self.admitted


@dataclass(frozen=True)
class StoredChunk:
    id: int
    document: str
    vector: Sequence[float]
    lexemes: frozenset[str]


@dataclass
class MemoryChangeLog:
    """A `ChangeLog` over a corpus in memory, scoring chunks exactly as the model of retrieval does."""

    documents: dict[str, list[StoredChunk]] = field(default_factory=dict)
    history: list[tuple[int, str, list[StoredChunk]]] = field(default_factory=list)

    @property
    def version(self) -> int:
        return self.history[-1][0] if self.history else 0

    def change(self, document: str, chunks: list[StoredChunk]) -> None:
        """Replace a document; no chunks delete it."""
        self.history.append((self.version + 1, document, chunks))
        self.documents.pop(document, None)
        if chunks:
            self.documents[document] = chunks

    async def changes(self, collection: int, after: int, upto: int) -> ChangeSet | None:
        touched = [(name, chunks) for version, name, chunks in self.history if after < version <= upto]
        return ChangeSet(frozenset(name for name, _ in touched), added=any(chunks for _, chunks in touched))

    async def admits(self, collection: int, after: int, upto: int, evidence: Evidence) -> bool:
        query = np.frombuffer(evidence.query_vector, "<f4")
        for version, _, chunks in self.history:
            for chunk in chunks if after < version <= upto else ():
                if evidence.vector and evidence.vector.admits(vector_score(chunk, query)):
                    return True
                score = len(chunk.lexemes.intersection(evidence.lexemes))
                if evidence.lexical and score and evidence.lexical.admits(score):
                    return True
        return False


def vector_score(chunk: StoredChunk, query: np.typing.NDArray[Any]) -> float:
    return float(np.dot(np.asarray(chunk.vector, dtype="<f4"), query))


def spec_of(
    question: str = "what?", namespace: str = "answer", tenant: str = "acme", collection: int | None = 1
) -> KeySpec:
    return KeySpec(Partition(namespace, tenant, collection), question)


def key_of(
    question: str = "what?", namespace: str = "answer", tenant: str = "acme", collection: int | None = 1
) -> CacheKey:
    return spec_of(question, namespace, tenant, collection).key


def new_codec(**options: Any) -> EnvelopeCodec:
    return EnvelopeCodec(SIGNING_KEYS, **options)


def new_memory(**options: Any) -> MemoryCache[CacheEntry]:
    return MemoryCache(weigh=lambda record: record.size, max_value_bytes=MAX_VALUE, **options)


@contextlib.asynccontextmanager
async def open_pool(url: str, **options: Any) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(url, **{"min_size": 1, "max_size": 4, **options}) as pool:
        yield pool


@contextlib.asynccontextmanager
async def open_postgres_cache(url: str, **options: Any) -> AsyncIterator[PostgresCache]:
    async with open_pool(url) as pool:
        await pool.execute(f"DROP TABLE IF EXISTS {TABLE};" + query_cache_ddl(TABLE))
        held = HeldConnections(pool, translated=translated, acquire_timeout=5)
        cache = PostgresCache(held, **{"table": TABLE, "timeout": 10, "max_value_bytes": MAX_VALUE, **options})
        yield cache
        await cache.close()


@contextlib.asynccontextmanager
async def open_redis_cache(url: str, **options: Any) -> AsyncIterator[RedisCache]:
    async with contextlib.AsyncExitStack() as stack:
        client = open_redis(url, stack, connect_seconds=10, seconds=10)
        cache = RedisCache(
            client, **{"prefix": "te*st[1]:", "timeout": 10, "max_value_bytes": MAX_VALUE, **options}
        )
        yield cache
        await cache.close()


@dataclass
class Assembly:
    """A chain and the parts that tests reach for."""

    chain: CacheChain
    tiers: TieredCache
    validator: FreshnessValidator
    memory: MemoryCache[CacheEntry]
    shared: list[GuardedTier]
    stats: CacheStats
    versions: FakeVersions
    changes: FakeChanges


def assemble(
    backends: Sequence[CacheBackend[bytes]] = (),
    *,
    memory: MemoryCache[CacheEntry] | None = None,
    versions: Any = None,
    changes: Any = None,
    policy: ChainPolicy | None = None,
    lease: FleetLease | None = None,
    bus: InvalidationBus | None = None,
    hit_counts: HitCountBuffer | None = None,
    background: Background | None = None,
    codec: EnvelopeCodec | None = None,
    soft: float = 10.0,
    hard: float = 10.0,
    ttl: float = 3600.0,
    **clocks: Any,
) -> Assembly:
    """Put a chain together with timeouts that only matter where a test sets them."""
    stats = CacheStats()
    codec = codec or new_codec()
    versions = versions or FakeVersions()
    changes = changes or FakeChanges()
    if memory is None:
        memory = new_memory(retain=clocks.pop("retain", 0.0), **_only(clocks, "clock"))
    validator = FreshnessValidator(versions, FreshnessGuard(changes), timeout=5)
    shared = [
        GuardedTier(
            backend,
            codec=codec,
            breaker=CircuitBreaker(),
            stats=stats,
            ttl=ttl,
            soft=soft,
            hard=hard,
            **_only(clocks, "clock"),
        )
        for backend in backends
    ]
    tiers = TieredCache(
        memory,
        shared,
        codec=codec,
        validator=validator,
        stats=stats,
        policy=policy or ChainPolicy(jitter=0, budget=30),
        bus=bus,
        hit_counts=hit_counts,
        background=background,
        **clocks,
    )
    chain = CacheChain(tiers, validator, lease=lease)
    return Assembly(chain, tiers, validator, memory, shared, stats, versions, changes)


class ChainBackend:
    """A chain under the contract of a tier, so that the conformance tests can drive `get_or_compute`."""

    name = "chain"

    def __init__(self, made: Assembly) -> None:
        self._made = made

    async def get(self, key: CacheKey) -> StoredPayload[Any] | None:
        async def compute() -> Computed[Any]:
            raise AssertionError("only cached results are asked for")

        try:
            found = await self._made.chain.get_or_compute(_spec_under(key), compute, CacheControl.ONLY_IF_CACHED)
        except NotCached:
            return None
        return StoredPayload(found.value, time.monotonic() + found.expires_in)

    async def set(self, key: CacheKey, value: Any, *, ttl: float, about: EntryMetadata) -> bool:
        async def compute() -> Computed[Any]:
            return Computed(value)

        spec = _spec_under(key, ttl)
        await self._made.chain.get_or_compute(spec, compute, CacheControl.REFRESH)
        await self._made.tiers.drain()
        return self._made.chain.peek(spec) is not None

    async def delete(self, key: CacheKey) -> bool:
        return await self.clear(Scope(digest=key.digest)) > 0

    async def clear(self, scope: Scope) -> int:
        return await self._made.tiers.clear(scope)

    async def stats(self) -> BackendStats:
        """For each namespace, the usage of the tier that holds most of it."""
        usage: dict[str, TierUsage] = {}
        for held in (await self._made.tiers.usage()).values():
            for namespace, tier in (held.usage if held else {}).items():
                usage[namespace] = max(usage.get(namespace, TierUsage()), tier, key=lambda each: each.entries)
        return BackendStats(usage)

    async def close(self) -> None:
        await self._made.chain.close()


def _spec_under(key: CacheKey, ttl: float | None = None) -> KeySpec:
    spec = KeySpec(Partition(key.namespace, key.tenant, key.collection), key.digest, ttl)
    spec.__dict__["key"] = key
    return spec


def _only(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if name in options}
