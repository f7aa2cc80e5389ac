"""Opens a client of Redis, however it is run: one server, a cluster, or servers that Sentinel watches."""

from contextlib import AsyncExitStack
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from app.cache.backends.redis_topology import AnyRedis
from app.domain.addresses import RedisAddress, redis_address

_SENTINEL = "sentinel_"


def open_redis(url: str, stack: AsyncExitStack, *, connect_seconds: float, seconds: float) -> AnyRedis:
    """Make a client that the stack closes. Nothing is connected before its first use.

    Args:
        url: as `redis_address` reads it.
        stack: closes the client.
        connect_seconds: for connecting to a server.
        seconds: for a server's answer to one command.
    """
    limits: dict[str, Any] = {
        "socket_connect_timeout": connect_seconds,
        "socket_timeout": seconds,
        # Once more, at once: for a connection that the server has closed meanwhile, and in a cluster for servers
        # that have moved. A server that is silent is not asked again.
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    }
    address = redis_address(url)
    client: AnyRedis
    if address.kind == "cluster":
        client = _cluster(address, limits)
    elif address.kind == "sentinel":
        client = _primary(address, limits, stack)
    else:
        client = Redis.from_url(address.url, **limits)
    stack.push_async_callback(client.aclose)
    return client


def _cluster(address: RedisAddress, limits: dict[str, Any]) -> RedisCluster:
    options = _options(address)
    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    # When slots move, the client learns of each as it comes: to look for all servers anew would close connections
    # that are in use.
    return _ClusterClient(startup_nodes=nodes, reinitialize_steps=0, **options, **limits)


class _ClusterClient(RedisCluster):
    """Finds the servers before the first command, which redis-py would send to any of them."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        await self.initialize()
        return await super().execute_command(*args, **options)


def _primary(address: RedisAddress, limits: dict[str, Any], stack: AsyncExitStack) -> Redis:
    """Sentinels take the password that `sentinel_password` in the address names, and none without it."""
    options = _options(address)
    ours = {name: options.pop(name) for name in list(options) if name.startswith(_SENTINEL)}
    theirs = {name.removeprefix(_SENTINEL): value for name, value in ours.items()}
    shared = {name: value for name, value in options.items() if name.startswith("ssl")}
    sentinel = Sentinel(  # type: ignore[no-untyped-call] # redis-py leaves it untyped
        address.hosts, sentinel_kwargs={**limits, **shared, **theirs}, **options, **limits
    )
    stack.push_async_callback(sentinel.aclose)
    client: Redis = sentinel.master_for(address.service)
    return client


def _options(address: RedisAddress) -> dict[str, Any]:
    """Return what the address says besides hosts, as arguments of redis-py's clients."""
    options: dict[str, Any] = dict(parse_url(address.url))
    if options.pop("connection_class", None) is SSLConnection:
        options["ssl"] = True
    options.pop("host", None)
    options.pop("port", None)
    return options
