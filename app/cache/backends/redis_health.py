"""Whether Redis takes what the cache does, and in plain words why it does not."""

import ssl
from collections.abc import Iterator

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    ClusterCrossSlotError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.cache.backends.redis_topology import AnyRedis
from app.errors import CacheUnavailable

_KEY = "localchat:health"
_LIFE_MS = 1000
# With so many keys each server of a cluster has one of them, or nearly.
_KEYS = 64

_NO_TLS = "Redis does not answer in TLS: without TLS, REDIS_URL begins with redis, not rediss."
# A connection's failure may be raised from any of these.
_REASONS: tuple[tuple[type[Exception] | str, str], ...] = (
    (OutOfMemoryError, "Redis is full and evicts nothing: its maxmemory-policy should be allkeys-lru."),
    (ReadOnlyError, "This Redis is a read-only replica: REDIS_URL should lead to the primary."),
    (AuthenticationError, "Redis wants another user or password than REDIS_URL has."),
    (NoPermissionError, "The user of REDIS_URL may not read and write keys that begin with localchat: in Redis."),
    (ClusterCrossSlotError, "This Redis is part of a cluster: REDIS_URL should begin with redis+cluster://."),
    ("cluster support disabled", "This Redis is no cluster: REDIS_URL should begin with redis://."),
    ("SENTINEL", "Nothing at REDIS_URL is a Sentinel: the address should begin with redis://."),
    (ClusterDownError, "The cluster of Redis has lost a part of its keys."),
    (MasterNotFoundError, "No Sentinel names a primary that lives."),
    ("max number of clients", "Redis takes no more connections (maxclients)."),
    ("DB index is out of range", "Redis has no database of the number in REDIS_URL."),
    (ssl.SSLCertVerificationError, "This machine does not trust the certificate of Redis."),
    (ssl.SSLError, _NO_TLS),
)


async def check_redis(client: AnyRedis) -> None:
    """Read and write as requests do, on each server.

    Raises:
        CacheUnavailable: it does not; the detail says why.
    """
    try:
        await (_write_to_each(client) if isinstance(client, RedisCluster) else _read_and_write(client))
    except (RedisError, RedisClusterException, OSError) as error:
        raise CacheUnavailable(_reason(client, error)) from error


def _reason(client: AnyRedis, error: BaseException) -> str:
    causes = tuple(_causes(error))
    for sign, reason in _REASONS:
        for cause in causes:
            if sign in str(cause) if isinstance(sign, str) else isinstance(cause, sign):
                return reason
    if any(isinstance(cause, RedisTimeoutError) for cause in causes):
        # A server without TLS waits for the end of the first line of what it takes for a command.
        return _NO_TLS if _uses_tls(client) else "Redis does not answer in time."
    if any(isinstance(cause, RedisConnectionError) for cause in causes):
        return "Redis does not answer."
    return f"Redis refuses a write ({type(error).__name__})."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _uses_tls(client: AnyRedis) -> bool:
    options = client.connection_kwargs if isinstance(client, RedisCluster) else vars(client.connection_pool)
    return issubclass(options.get("connection_class", object), SSLConnection)


async def _read_and_write(client: Redis) -> None:
    """A server of a cluster refuses two keys of different slots, whichever it has."""
    await client.mget(f"{_KEY}:0", f"{_KEY}:1")
    await client.set(f"{_KEY}:0", b"", px=_LIFE_MS)


async def _write_to_each(client: RedisCluster) -> None:
    await client.initialize()
    names = [f"{_KEY}:{number}" for number in range(_KEYS)]
    for name in {client.get_node_from_key(name): name for name in names}.values():
        await client.set(name, b"", px=_LIFE_MS)
