"""L2: a Redis or Valkey shared by the replicas.

Keys are `{prefix}{namespace}:{tenant}:{collection}:{digest}`, so that a scope can be cleared by pattern.
The server keeps relative expiry times, so no two clocks are ever compared.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from redis.asyncio import Connection, ConnectionPool, Redis

from app.cache.backend import EVERYTHING, BackendStats, CacheKey, EntryMetadata, Scope, StoredPayload, TierUsage
from app.concurrency.data_loader import DataLoader
from app.concurrency.timeouts import lag_tolerant_timeout

_SCAN_COUNT = 1000
_MAX_PREFIXES = 10_000


class RedisCache:
    """An entry stays for `retain` seconds past its deadline, and a command may take `timeout` seconds.

    `client` must leave responses as bytes.

    Raises:
        RedisError, OSError, TimeoutError: Redis does not answer.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: str = "localchat:",
        timeout: float = 0.25,
        retain: float = 0.0,
        max_value_bytes: int = 1024 * 1024,
    ) -> None:
        self.name = "l2"
        self._client = client
        self._prefix = prefix
        self._timeout = timeout
        self._retain = retain
        self._max_value_bytes = max_value_bytes
        self._reads = HeldRedisConnections(client.connection_pool)
        self._loader: DataLoader[str, StoredPayload[bytes]] = DataLoader(self._fetch, timeout=timeout)
        self._oversized = 0
        self._prefixes: dict[tuple[str, str, int | None], str] = {}

    async def get(self, key: CacheKey) -> StoredPayload[bytes] | None:
        return await self.submit(key)

    def submit(self, key: CacheKey) -> asyncio.Future[StoredPayload[bytes] | None]:
        return self._loader.submit(self._name(key))

    async def set(self, key: CacheKey, value: bytes, *, ttl: float, about: EntryMetadata) -> bool:  # noqa: ARG002
        name = self._name(key)
        async with lag_tolerant_timeout(self._timeout):
            if len(value) > self._max_value_bytes:
                self._oversized += 1
                await self._client.unlink(name)
                return False
            await self._client.set(name, value, px=max(1, round((ttl + self._retain) * 1000)))
        return True

    async def delete(self, key: CacheKey) -> bool:
        async with lag_tolerant_timeout(self._timeout):
            return bool(await self._client.unlink(self._name(key)))

    async def clear(self, scope: Scope) -> int:
        removed = 0
        async for names in self._scan(scope):
            async with lag_tolerant_timeout(self._timeout):
                removed += await self._client.unlink(*names)
        return removed

    async def stats(self) -> BackendStats:
        """Walk all keys of the prefix, in linear time. Evictions are the server's since its start."""
        entries: dict[str, int] = {}
        sizes: dict[str, int] = {}
        async for names in self._scan(EVERYTHING):
            async with lag_tolerant_timeout(self._timeout):
                pipeline = self._client.pipeline(transaction=False)
                for name in names:
                    pipeline.strlen(name)
                lengths = await pipeline.execute()
            for name, length in zip(names, lengths, strict=True):
                namespace = name.decode().removeprefix(self._prefix).partition(":")[0]
                entries[namespace] = entries.get(namespace, 0) + 1
                sizes[namespace] = sizes.get(namespace, 0) + length
        async with asyncio.timeout(self._timeout):
            server = await self._client.info("stats")
        usage = {namespace: TierUsage(count, sizes[namespace]) for namespace, count in entries.items()}
        return BackendStats(usage, int(server["evicted_keys"]), self._oversized)

    async def close(self) -> None:
        await self._loader.close()
        await self._reads.close()

    async def _fetch(self, names: Sequence[str]) -> Mapping[str, StoredPayload[bytes]]:
        commands = [("MGET", *names), *(("PTTL", name) for name in names)]
        values, *lives = await self._reads.send(commands)
        now = time.monotonic() - self._retain
        return {
            name: StoredPayload(value, now + life / 1000)
            for name, value, life in zip(names, values, lives, strict=True)
            if value is not None
        }

    async def _scan(self, scope: Scope) -> AsyncIterator[list[Any]]:
        """Yield keys in the scope, page by page. A key that moves during the scan may come twice."""
        pattern = ":".join(
            (
                _escape(self._prefix) + _part(scope.namespace),
                _part(scope.tenant),
                _part(scope.collection),
                _escape(scope.digest) + "*",
            )
        )
        cursor: Any = 0
        while True:
            async with lag_tolerant_timeout(self._timeout):
                cursor, names = await self._client.scan(cursor, match=pattern, count=_SCAN_COUNT)
            if names:
                yield names
            if int(cursor) == 0:
                return

    def _name(self, key: CacheKey) -> str:
        scope = (key.namespace, key.tenant, key.collection)
        prefix = self._prefixes.get(scope)
        if prefix is None:
            collection = "" if key.collection is None else key.collection
            prefix = f"{self._prefix}{quote(key.namespace, '')}:{quote(key.tenant, '')}:{collection}:"
            if len(self._prefixes) < _MAX_PREFIXES:
                self._prefixes[scope] = prefix
        return prefix + key.digest


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


def _part(value: str | int | None) -> str:
    return "*" if value is None else _escape(quote(str(value), ""))


def _escape(text: str) -> str:
    return "".join(f"\\{char}" if char in r"*?[]\^" else char for char in text)
