"""The two ways in which Redis is run: one server that has all keys, or a cluster whose servers share them."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from redis.asyncio import Connection, ConnectionPool, Redis, RedisCluster

AnyRedis = Redis | RedisCluster

# Keys that a server looks at for one page of a scan.
_SCAN_COUNT = 1000


class RedisTopology(Protocol):
    """What costs differently, or is said differently, in the two."""

    async def read(self, names: Sequence[str]) -> list[tuple[bytes | None, int]]:
        """Return each key's value, None if it is missing, and its remaining life in milliseconds."""

    def scan(self, pattern: str) -> AsyncIterator[list[Any]]:
        """Yield the keys as bytes, in pages that may be empty. A key that moves meanwhile may come twice."""

    async def evicted(self) -> int:
        """Return how many keys were evicted since the servers' start."""

    async def close(self) -> None:
        """Release the connections that this made."""


def topology_of(client: AnyRedis) -> RedisTopology:
    return ClusterTopology(client) if isinstance(client, RedisCluster) else SingleTopology(client)


class SingleTopology:
    """One server, which may be the primary that Sentinel names at the moment."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._reads = HeldRedisConnections(client.connection_pool)

    async def read(self, names: Sequence[str]) -> list[tuple[bytes | None, int]]:
        values, *lives = await self._reads.send([("MGET", *names), *(("PTTL", name) for name in names)])
        return list(zip(values, lives, strict=True))

    async def scan(self, pattern: str) -> AsyncIterator[list[Any]]:
        cursor: Any = None
        while cursor is None or int(cursor):
            cursor, names = await self._client.scan(cursor or 0, match=pattern, count=_SCAN_COUNT)
            yield names

    async def evicted(self) -> int:
        return int((await self._client.info("stats"))["evicted_keys"])

    async def close(self) -> None:
        await self._reads.close()


class ClusterTopology:
    """Servers that have some of the slots each. Keys of different slots are in no command together."""

    def __init__(self, client: RedisCluster) -> None:
        self._client = client

    async def read(self, names: Sequence[str]) -> list[tuple[bytes | None, int]]:
        """Send one pipeline to each server that has some of the keys, to all of them at once."""
        pipeline = self._client.pipeline()
        for name in names:
            pipeline.get(name)
            pipeline.pttl(name)
        replies = await pipeline.execute()
        return list(zip(replies[::2], replies[1::2], strict=True))

    async def scan(self, pattern: str) -> AsyncIterator[list[Any]]:
        await self._client.initialize()
        for server in self._client.get_primaries():
            cursor: Any = None
            while cursor is None or cursor:
                page: Any = await self._client.scan(
                    cursor or 0, match=pattern, count=_SCAN_COUNT, target_nodes=server
                )
                cursor = page[0][server.name]
                yield page[1]

    async def evicted(self) -> int:
        servers = await self._client.info("stats", target_nodes=RedisCluster.PRIMARIES)
        return sum(int(server["evicted_keys"]) for server in servers.values())

    async def close(self) -> None:
        """Nothing is open here but what the client itself closes."""


class HeldRedisConnections:
    """Keeps connections for reads: the client's own path through its pool costs more time than the command.

    Connections are made as `pool` would make them, outside of it. Callers bound the time themselves.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._idle: list[Connection] = []

    async def send(self, commands: Sequence[Sequence[str]]) -> list[Any]:
        """Send the commands in one write and return their replies as bytes.

        A connection whose replies were not all read is closed: it would give the next reader this one's.

        Raises:
            RedisError: the connection broke, or a command was refused.
        """
        connection = self._idle.pop() if self._idle else self._new()
        try:
            if not connection.is_connected:
                # Sentinel is asked for the address in this method alone.
                await connection.connect()  # type: ignore[no-untyped-call] # redis-py leaves it untyped
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            replies = [await connection.read_response(disable_decoding=True) for _ in commands]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        self._idle.append(connection)
        return replies

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().disconnect()

    def _new(self) -> Connection:
        connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call] # redis-py leaves it untyped
        connection.socket_timeout = None
        return connection
