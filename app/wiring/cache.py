"""Puts the cache together: tiers, chain, freshness and the channel that keeps replicas in step."""

import logging
import math
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass

from redis.asyncio import Redis

from app.cache.admin import CacheManager, PostgresTier
from app.cache.backend import EVERYTHING
from app.cache.backends.guarded import GuardedTier
from app.cache.backends.memory import MemoryCache
from app.cache.backends.postgres import PostgresCache
from app.cache.backends.redis import RedisCache
from app.cache.chain import CacheChain
from app.cache.codec.envelope import EnvelopeCodec
from app.cache.entry import CacheEntry
from app.cache.freshness.corpus_versions import VersionWatch
from app.cache.freshness.invalidation import InvalidationBus
from app.cache.freshness.postgres_versions import (
    INVALIDATION_CHANNEL,
    VERSION_CHANNEL,
    PostgresVersions,
    VersionFeed,
    invalidation_sender,
)
from app.cache.freshness.validator import FreshnessGuard, FreshnessValidator
from app.cache.postgres.catalog import PostgresCatalog
from app.cache.postgres.connections import HeldConnections
from app.cache.postgres.eviction import HitCountBuffer, PostgresEviction
from app.cache.postgres.pins import PostgresPins
from app.cache.semantic.matching import QuestionRecorder
from app.cache.semantic.postgres_index import SESSION, PostgresQuestionIndex
from app.cache.stampede.lease import FleetLease, LeaseStore
from app.cache.stampede.lease_stores import PostgresLeases, RedisLeases
from app.cache.stats import CacheObserver, CacheStats
from app.cache.tiered_cache import ChainPolicy, TieredCache
from app.cache.warming import TURN_POLL, LoadGate, Pacer
from app.concurrency.background import run_for_lifetime
from app.concurrency.circuit_breaker import CircuitBreaker
from app.db.database import Database
from app.db.notifications import NotificationListener
from app.db.outages import translated
from app.services.search.change_log import CorpusChanges
from app.settings import Settings

# Seconds for which an expired entry is kept, to be served if the pipeline fails meanwhile.
RETAINED = 3600.0

# Seconds between two readings of all versions, which also notice a lost connection.
VERSION_HEARTBEAT = 0.5

# Signs what stays in this process's memory when no key is configured; never leaves it.
_LOCAL_KEY = ("local", "memory only, never stored")

_LARGEST_VALUE = 1024 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds that a request may wait for a part of the cache.

    Attributes:
        connection: for a connection to Postgres: a cache never queues on the pool.
        version: for reading the version that a collection is at.
        check: for finding out whether changes since an entry's version could alter it.
        redis: for one command.
        postgres: for one statement.
        l2: for what Redis has; after that it counts as having nothing.
        l3: for what Postgres has. The pipeline would ask Postgres for more, so it is worth waiting for.
        hard: for a write to a shared tier.
        budget: for looking into all shared tiers.
        patience: for the pipeline, where an expired result can be served meanwhile.
    """

    connection: float = 0.1
    version: float = 0.25
    check: float = 0.1
    redis: float = 0.25
    postgres: float = 0.5
    l2: float = 0.025
    l3: float = 0.1
    hard: float = 0.25
    budget: float = 0.15
    patience: float = 2.0

    def stretched(self, factor: float) -> "TimeLimits":
        """The same for a machine that is so many times as slow."""
        return TimeLimits(**{name: seconds * factor for name, seconds in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class Cache:
    """The parts that services are given.

    `listeners` are called whenever any collection changed, and when notifications may have been missed. `desk` are
    connections for work that takes its time. `questions` can be found by meaning; None if that is off, or there is
    no L3 to keep them.
    """

    chain: CacheChain
    watch: VersionWatch
    manager: CacheManager
    pacer: Pacer
    redis: Redis | None
    desk: HeldConnections
    questions: PostgresQuestionIndex | None
    listeners: list[Callable[[], None]]

    def listen(self, listener: Callable[[], None]) -> None:
        self.listeners.append(listener)


async def open_cache(
    settings: Settings,
    database: Database,
    stack: AsyncExitStack,
    *,
    observer: CacheObserver | None = None,
    limits: TimeLimits = TimeLimits(),
) -> Cache:
    """Build the tiers that the settings enable; nothing is connected before it is used."""
    parts = _Parts.of(settings, database, CacheStats(observer), limits, stack)
    tiers = parts.tiers()
    chain = CacheChain(tiers, parts.validator, lease=parts.lease())
    stack.push_async_callback(chain.close)
    listeners: list[Callable[[], None]] = []
    run_for_lifetime(stack, parts.listener(tiers, listeners).run())
    last = parts.last_tier() if parts.uses_postgres else None
    if last is not None:
        run_for_lifetime(stack, last.eviction.run())
    manager = CacheManager(tiers, parts.validator, last)
    return Cache(chain, parts.watch, manager, parts.pacer(), parts.redis, parts.desk, parts.questions, listeners)


@dataclass(slots=True)
class _Parts:
    """What several pieces of the cache share."""

    settings: Settings
    limits: TimeLimits
    held: HeldConnections
    desk: HeldConnections
    redis: Redis | None
    codec: EnvelopeCodec
    stats: CacheStats
    watch: VersionWatch
    validator: FreshnessValidator
    memory: MemoryCache[CacheEntry]
    bus: InvalidationBus
    hit_counts: HitCountBuffer
    questions: PostgresQuestionIndex | None

    @classmethod
    def of(
        cls, settings: Settings, database: Database, stats: CacheStats, limits: TimeLimits, stack: AsyncExitStack
    ) -> "_Parts":
        if not settings.cache_signing_keys and (settings.l2_cache_enabled or settings.l3_cache_enabled):
            _log.warning("CACHE_SIGNING_KEYS is not set: results are cached in memory alone")
        held = HeldConnections(database.pool, translated=translated, size=3, acquire_timeout=limits.connection)
        # Upkeep and operators have connections of their own: what takes them seconds is in no request's way.
        # Two, since a sweep renews pins while it holds its lock.
        desk = HeldConnections(database.pool, translated=translated, size=2, acquire_timeout=2.0)
        near = HeldConnections(
            database.pool, translated=translated, size=2, acquire_timeout=limits.connection, session=SESSION
        )
        for connections in (held, desk, near):
            stack.push_async_callback(connections.close)
        versions = PostgresVersions(held, timeout=limits.version)
        stack.push_async_callback(versions.close)
        watch = VersionWatch(versions.ask)
        redis = None
        if settings.redis_url is not None and settings.l2_cache_enabled:
            redis = Redis.from_url(settings.redis_url, socket_connect_timeout=0.25, socket_timeout=0.5)
            stack.push_async_callback(redis.aclose)
        return cls(
            settings=settings,
            limits=limits,
            held=held,
            desk=desk,
            redis=redis,
            codec=EnvelopeCodec(settings.cache_signing_keys or (_LOCAL_KEY,)),
            stats=stats,
            watch=watch,
            validator=FreshnessValidator(watch, FreshnessGuard(CorpusChanges(database)), timeout=limits.check),
            memory=MemoryCache(
                weigh=lambda record: record.size,
                max_entries=settings.l1_cache_max_entries,
                max_bytes=settings.l1_cache_max_bytes,
                max_value_bytes=_LARGEST_VALUE if settings.l1_cache_enabled else 0,
                retain=RETAINED,
                on_evict=lambda key: stats.observer.evicted(key.namespace, "l1", "capacity"),
            ),
            bus=InvalidationBus(invalidation_sender(held)),
            hit_counts=HitCountBuffer(),
            questions=PostgresQuestionIndex(near, table=settings.l3_cache_table) if _by_meaning(settings) else None,
        )

    @property
    def uses_postgres(self) -> bool:
        return _uses_postgres(self.settings)

    def tiers(self) -> TieredCache:
        shared, limits = [], self.limits
        if self.redis is not None and self.settings.cache_signing_keys:
            l2 = RedisCache(self.redis, timeout=limits.redis, retain=RETAINED)
            shared.append(self._tier(l2, self.settings.l2_cache_ttl, limits.l2))
        if self.uses_postgres:
            table = self.settings.l3_cache_table
            l3 = PostgresCache(self.held, table=table, timeout=limits.postgres, retain=RETAINED)
            shared.append(self._tier(l3, self.settings.l3_cache_ttl, limits.l3))
        return TieredCache(
            self.memory,
            shared,
            codec=self.codec,
            validator=self.validator,
            stats=self.stats,
            policy=ChainPolicy(l1_ttl=self.settings.l1_cache_ttl, budget=limits.budget, patience=limits.patience),
            bus=self.bus,
            hit_counts=self.hit_counts,
            on_stored=None if self.questions is None else QuestionRecorder(self.questions).stored,
        )

    def lease(self) -> FleetLease:
        return FleetLease(self._lease_stores())

    def pacer(self) -> Pacer:
        turns = FleetLease(self._lease_stores(), wait=math.inf, poll=TURN_POLL)
        return Pacer(turns, LoadGate(self.settings.cache_warm_max_load))

    def listener(self, tiers: TieredCache, listeners: Sequence[Callable[[], None]]) -> NotificationListener:
        def on_invalidation(payload: str) -> None:
            invalidation = self.bus.read(payload)
            if invalidation is not None:
                tiers.drop(invalidation)

        def on_change() -> None:
            for listener in listeners:
                listener()

        def on_return() -> None:
            self.memory.purge(EVERYTHING)
            on_change()

        assert self.settings.database_url is not None
        feed = VersionFeed(self.watch, on_change)
        return NotificationListener(
            self.settings.database_url,
            {VERSION_CHANNEL: feed.hear, INVALIDATION_CHANNEL: on_invalidation},
            heartbeat=feed.refresh,
            on_return=on_return,
            on_loss=self.watch.lost,
            interval=VERSION_HEARTBEAT,
        )

    def last_tier(self) -> PostgresTier:
        table = self.settings.l3_cache_table
        pins = PostgresPins(self.desk, self.codec, table=table, ttl=self.settings.l3_cache_ttl)
        eviction = PostgresEviction(
            self.desk,
            self.hit_counts,
            pins=pins,
            table=table,
            max_entries=self.settings.l3_cache_max_entries,
            max_bytes=self.settings.l3_cache_max_bytes,
            retain=RETAINED,
            on_removed=lambda namespace, reason, entries: self.stats.observer.evicted(
                namespace, "l3", reason, entries
            ),
        )
        return PostgresTier(PostgresCatalog(self.desk, table=table), eviction, pins)

    def _lease_stores(self) -> list[tuple[LeaseStore, CircuitBreaker]]:
        stores: list[tuple[LeaseStore, CircuitBreaker]] = [(PostgresLeases(self.held), CircuitBreaker())]
        if self.redis is not None:
            stores.insert(0, (RedisLeases(self.redis), CircuitBreaker()))
        return stores

    def _tier(self, backend: RedisCache | PostgresCache, ttl: float, soft: float) -> GuardedTier:
        breaker, hard = CircuitBreaker(), self.limits.hard
        return GuardedTier(
            backend, codec=self.codec, breaker=breaker, stats=self.stats, ttl=ttl, soft=soft, hard=hard
        )


def _uses_postgres(settings: Settings) -> bool:
    return settings.l3_cache_enabled and bool(settings.cache_signing_keys)


def _by_meaning(settings: Settings) -> bool:
    return settings.semantic_cache_mode != "off" and _uses_postgres(settings)
