"""Puts the cache together: tiers, chain, leases, and the tools of operators."""

import logging
import math
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from app.cache.admin import CacheManager, PostgresTier
from app.cache.backends.guarded import GuardedTier
from app.cache.backends.memory import MemoryCache
from app.cache.backends.postgres import PostgresCache
from app.cache.backends.redis import RedisCache
from app.cache.backends.redis_topology import AnyRedis
from app.cache.chain import CacheChain
from app.cache.codec.envelope import EnvelopeCodec
from app.cache.entry import CacheEntry
from app.cache.freshness.corpus_versions import VersionWatch
from app.cache.freshness.invalidation import InvalidationBus
from app.cache.freshness.postgres_versions import invalidation_sender
from app.cache.postgres.catalog import PostgresCatalog
from app.cache.postgres.connections import HeldConnections
from app.cache.postgres.eviction import HitCountBuffer, PostgresEviction
from app.cache.postgres.pins import PostgresPins
from app.cache.semantic.matching import QuestionRecorder
from app.cache.semantic.postgres_index import PostgresQuestionIndex
from app.cache.stampede.lease import FleetLease, LeaseStore
from app.cache.stampede.lease_stores import PostgresLeases, RedisLeases
from app.cache.stats import CacheStats
from app.cache.tiered_cache import ChainPolicy, TieredCache
from app.cache.warming import TURN_POLL, LoadGate, Pacer
from app.concurrency.background import run_for_lifetime
from app.concurrency.circuit_breaker import CircuitBreaker
from app.db.database import Database
from app.settings import Settings
from app.wiring.cache_connections import CacheConnections, TimeLimits, open_connections
from app.wiring.freshness import Listeners, listen_for_changes, open_freshness

# Seconds for which an expired entry is kept, to be served if the pipeline fails meanwhile.
RETAINED = 3600.0

# Signs entries in this process's memory when no key is configured; those never leave it.
_LOCAL_KEY = ("local", "memory only, never stored")

_LARGEST_VALUE = 1024 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cache:
    """The parts of the cache for other builders.

    `listeners` are called at each change, and when notifications may have been missed.
    `questions` can be found by meaning; None if that is off, or there is no L3 to keep them.
    """

    chain: CacheChain
    watch: VersionWatch
    manager: CacheManager
    pacer: Pacer
    redis: AnyRedis | None
    admin_pool: HeldConnections
    questions: PostgresQuestionIndex | None
    listeners: Listeners

    def listen(self, listener: Callable[[], None]) -> None:
        self.listeners.collections.append(listener)

    def listen_to_keys(self, listener: Callable[[str], None]) -> None:
        self.listeners.keys.append(listener)


async def open_cache(
    settings: Settings,
    database: Database,
    stack: AsyncExitStack,
    *,
    limits: TimeLimits = TimeLimits(),  # noqa: B008 - frozen
) -> Cache:
    """Build the tiers that the settings enable. Nothing is connected before its first use."""
    assert settings.session_url is not None
    if not settings.cache_signing_keys and (settings.l2_cache_enabled or settings.l3_cache_enabled):
        _log.warning("CACHE_SIGNING_KEYS is not set: results are cached in memory alone")
    connections = open_connections(settings, database, limits, stack)
    fresh = open_freshness(database, connections.read_pool, limits, stack)
    stats, hit_counts = CacheStats(), HitCountBuffer()
    codec = EnvelopeCodec(settings.cache_signing_keys or (_LOCAL_KEY,))
    bus = InvalidationBus(invalidation_sender(connections.read_pool))
    questions = _questions(settings, connections.vector_pool)
    tiers = TieredCache(
        _memory(settings, stats),
        _shared_tiers(settings, limits, connections, codec, stats),
        codec=codec,
        validator=fresh.validator,
        stats=stats,
        policy=ChainPolicy(l1_ttl=settings.l1_cache_ttl, budget=limits.budget, patience=limits.patience),
        bus=bus,
        hit_counts=hit_counts,
        on_stored=None if questions is None else QuestionRecorder(questions).stored,
    )
    chain = CacheChain(tiers, fresh.validator, lease=FleetLease(_lease_stores(connections)))
    stack.push_async_callback(chain.close)
    listeners = Listeners()
    listen_for_changes(settings.session_url, fresh.watch, tiers, bus, listeners, stack)
    l3 = None
    if _uses_postgres(settings):
        l3 = _postgres_tier(settings, connections.admin_pool, codec, hit_counts, stats)
        run_for_lifetime(stack, l3.eviction.run())
    turns = FleetLease(_lease_stores(connections), wait=math.inf, poll=TURN_POLL)
    return Cache(
        chain=chain,
        watch=fresh.watch,
        manager=CacheManager(tiers, fresh.validator, l3),
        pacer=Pacer(turns, LoadGate(settings.cache_warm_max_load)),
        redis=connections.redis,
        admin_pool=connections.admin_pool,
        questions=questions,
        listeners=listeners,
    )


def _memory(settings: Settings, stats: CacheStats) -> MemoryCache[CacheEntry]:
    return MemoryCache(
        weigh=lambda record: record.size,
        max_entries=settings.l1_cache_max_entries,
        max_bytes=settings.l1_cache_max_bytes,
        max_value_bytes=_LARGEST_VALUE if settings.l1_cache_enabled else 0,
        retain=RETAINED,
        on_evict=lambda key: stats.evicted("l1", key.namespace, "capacity"),
    )


def _shared_tiers(
    settings: Settings, limits: TimeLimits, connections: CacheConnections, codec: EnvelopeCodec, stats: CacheStats
) -> list[GuardedTier]:
    def guarded(backend: RedisCache | PostgresCache, ttl: float, soft: float) -> GuardedTier:
        return GuardedTier(
            backend, codec=codec, breaker=CircuitBreaker(), stats=stats, ttl=ttl, soft=soft, hard=limits.hard
        )

    shared = []
    if connections.redis is not None and settings.cache_signing_keys:
        l2 = RedisCache(connections.redis, timeout=limits.redis, retain=RETAINED)
        shared.append(guarded(l2, settings.l2_cache_ttl, limits.l2))
    if _uses_postgres(settings):
        l3 = PostgresCache(
            connections.read_pool, table=settings.l3_cache_table, timeout=limits.postgres, retain=RETAINED
        )
        shared.append(guarded(l3, settings.l3_cache_ttl, limits.l3))
    return shared


def _postgres_tier(
    settings: Settings,
    admin_pool: HeldConnections,
    codec: EnvelopeCodec,
    hit_counts: HitCountBuffer,
    stats: CacheStats,
) -> PostgresTier:
    table = settings.l3_cache_table
    pins = PostgresPins(admin_pool, codec, table=table, ttl=settings.l3_cache_ttl)
    eviction = PostgresEviction(
        admin_pool,
        hit_counts,
        pins=pins,
        table=table,
        max_entries=settings.l3_cache_max_entries,
        max_bytes=settings.l3_cache_max_bytes,
        retain=RETAINED,
        on_removed=partial(stats.evicted, "l3"),
    )
    return PostgresTier(PostgresCatalog(admin_pool, table=table), eviction, pins)


def _lease_stores(connections: CacheConnections) -> list[tuple[LeaseStore, CircuitBreaker]]:
    """Redis first, which is faster; Postgres decides while Redis is away."""
    stores: list[tuple[LeaseStore, CircuitBreaker]] = []
    if connections.redis is not None:
        stores.append((RedisLeases(connections.redis), CircuitBreaker()))
    return [*stores, (PostgresLeases(connections.read_pool), CircuitBreaker())]


def _questions(settings: Settings, vector_pool: HeldConnections) -> PostgresQuestionIndex | None:
    if settings.semantic_cache_mode == "off" or not _uses_postgres(settings):
        return None
    return PostgresQuestionIndex(vector_pool, table=settings.l3_cache_table)


def _uses_postgres(settings: Settings) -> bool:
    return settings.l3_cache_enabled and bool(settings.cache_signing_keys)
