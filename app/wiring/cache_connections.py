"""Opens the cache's connections to Postgres and Redis, and says how long a request waits for each part."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from app.cache.backends.redis_topology import AnyRedis
from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.postgres_index import SESSION
from app.db.database import Database
from app.db.outages import translated
from app.settings import Settings
from app.wiring.redis import open_redis


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds that a request may wait for a part of the cache.

    Attributes:
        connection: for a connection to Postgres: a cache never queues on the pool.
        version: for reading a collection's version.
        check: for checking whether changes since an entry's version could alter it.
        redis: for one command.
        postgres: for one statement.
        l2: for a read of Redis, which then counts as a miss.
        l3: for a read of Postgres. The pipeline would ask Postgres for more, so it is worth waiting for.
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


@dataclass(frozen=True, slots=True)
class CacheConnections:
    """`redis` is None where L2 is off.

    Operators and eviction have `admin_pool` to themselves, so that their slow statements keep no request waiting.
    Its size is two, since a sweep renews pins while it holds its lock.
    """

    read_pool: HeldConnections
    admin_pool: HeldConnections
    vector_pool: HeldConnections
    redis: AnyRedis | None


def open_connections(
    settings: Settings, database: Database, limits: TimeLimits, stack: AsyncExitStack
) -> CacheConnections:
    """Nothing is connected before its first use."""
    connections = partial(HeldConnections, database.pool, translated=translated)
    pools = (
        connections(size=3, acquire_timeout=limits.connection),
        connections(size=2, acquire_timeout=2.0),
        connections(size=2, acquire_timeout=limits.connection, session=SESSION),
    )
    for pool in pools:
        stack.push_async_callback(pool.close)
    redis = None
    if settings.redis_url is not None and settings.l2_cache_enabled:
        redis = open_redis(settings.redis_url, stack, connect_seconds=0.25, seconds=0.5)
    return CacheConnections(*pools, redis)
