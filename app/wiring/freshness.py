"""Puts freshness together: the watch on collections' versions, and the listener that hears of changes."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from app.cache.backend import EVERYTHING
from app.cache.freshness.corpus_versions import VersionWatch
from app.cache.freshness.invalidation import Invalidation, InvalidationBus
from app.cache.freshness.postgres_versions import (
    INVALIDATION_CHANNEL,
    VERSION_CHANNEL,
    PostgresVersions,
    VersionFeed,
)
from app.cache.freshness.validator import FreshnessGuard, FreshnessValidator
from app.cache.postgres.connections import HeldConnections
from app.cache.tiered_cache import TieredCache
from app.concurrency.background import run_for_lifetime
from app.db.database import Database
from app.db.notifications import NotificationListener
from app.services.access.verified_keys import KEY_CHANNEL
from app.services.search.change_log import CorpusChanges
from app.wiring.cache_connections import TimeLimits

# Seconds between two readings of all versions, by which a lost connection is noticed.
_HEARTBEAT = 0.5


@dataclass(frozen=True, slots=True)
class Listeners:
    """Called at each change of a collection, and of a key with its id, which is empty if changes were missed."""

    collections: list[Callable[[], None]] = field(default_factory=list)
    keys: list[Callable[[str], None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FreshnessChecks:
    watch: VersionWatch
    validator: FreshnessValidator


def open_freshness(
    database: Database, read_pool: HeldConnections, limits: TimeLimits, stack: AsyncExitStack
) -> FreshnessChecks:
    versions = PostgresVersions(read_pool, timeout=limits.version)
    stack.push_async_callback(versions.close)
    watch = VersionWatch(versions.ask)
    guard = FreshnessGuard(CorpusChanges(database))
    return FreshnessChecks(watch, FreshnessValidator(watch, guard, timeout=limits.check))


def listen_for_changes(
    database_url: str,
    watch: VersionWatch,
    tiers: TieredCache,
    bus: InvalidationBus,
    listeners: Listeners,
    stack: AsyncExitStack,
) -> None:
    """Feed the watch, drop what other replicas removed, and call `listeners` at each change.

    After a loss of the connection, memory is cleared and `listeners` are called: messages may have been missed.
    """

    def on_invalidation(payload: str) -> None:
        invalidation = bus.read(payload)
        if invalidation is not None:
            tiers.drop(invalidation)

    def on_change() -> None:
        for listener in listeners.collections:
            listener()

    def on_key(key_id: str) -> None:
        for listener in listeners.keys:
            listener(key_id)

    def on_return() -> None:
        tiers.drop(Invalidation(scope=EVERYTHING))
        on_change()
        on_key("")

    feed = VersionFeed(watch, on_change)
    listener = NotificationListener(
        database_url,
        {VERSION_CHANNEL: feed.hear, INVALIDATION_CHANNEL: on_invalidation, KEY_CHANNEL: on_key},
        heartbeat=feed.refresh,
        on_return=on_return,
        on_loss=watch.lost,
        interval=_HEARTBEAT,
    )
    run_for_lifetime(stack, listener.run())
