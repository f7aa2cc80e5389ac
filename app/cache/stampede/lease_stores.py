"""Where leases are kept: in Redis, and in Postgres for when Redis is away."""

from redis.asyncio.lock import Lock

from app.cache.backends.redis_topology import AnyRedis
from app.cache.postgres.connections import HeldConnections
from app.concurrency.timeouts import lag_tolerant_timeout

_ACQUIRE = """
INSERT INTO @table AS lease (name, token, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE SET token = EXCLUDED.token, expires_at = EXCLUDED.expires_at
WHERE lease.expires_at < now() RETURNING true
"""
_EXTEND = """
UPDATE @table SET expires_at = now() + make_interval(secs => $3) WHERE name = $1 AND token = $2 RETURNING true
"""
_RELEASE = "DELETE FROM @table WHERE name = $1 AND token = $2"


class RedisLeases:
    """A `LeaseStore` of keys that expire, compared and changed by the scripts of the client's own lock."""

    def __init__(self, client: AnyRedis, *, prefix: str = "localchat:", timeout: float = 0.05) -> None:
        self._client = client
        self._prefix = f"{prefix}lease:"
        self._timeout = timeout
        self._extend = client.register_script(Lock.LUA_REACQUIRE_SCRIPT)
        self._release = client.register_script(Lock.LUA_RELEASE_SCRIPT)

    async def acquire(self, name: str, token: str, ttl: float) -> bool:
        async with lag_tolerant_timeout(self._timeout):
            return bool(await self._client.set(self._prefix + name, token, nx=True, px=round(ttl * 1000)))

    async def extend(self, name: str, token: str, ttl: float) -> bool:
        async with lag_tolerant_timeout(self._timeout):
            return bool(await self._extend(keys=[self._prefix + name], args=[token, round(ttl * 1000)]))

    async def release(self, name: str, token: str) -> None:
        async with lag_tolerant_timeout(self._timeout):
            await self._release(keys=[self._prefix + name], args=[token])


class PostgresLeases:
    """A `LeaseStore` on the table of `cache_leases_ddl`. A row needs no connection while its lease is held."""

    def __init__(self, connections: HeldConnections, *, table: str = "cache_leases", timeout: float = 0.25) -> None:
        self._connections = connections
        self._timeout = timeout
        self._acquire, self._extend, self._release = (
            statement.replace("@table", table) for statement in (_ACQUIRE, _EXTEND, _RELEASE)
        )

    async def acquire(self, name: str, token: str, ttl: float) -> bool:
        return await self._fetch(self._acquire, name, token, ttl)

    async def extend(self, name: str, token: str, ttl: float) -> bool:
        return await self._fetch(self._extend, name, token, ttl)

    async def release(self, name: str, token: str) -> None:
        await self._fetch(self._release, name, token)

    async def _fetch(self, statement: str, *arguments: str | float) -> bool:
        async with lag_tolerant_timeout(self._timeout), self._connections.connection() as connection:
            return bool(await connection.fetchval(statement, *arguments))
