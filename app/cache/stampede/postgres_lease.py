"""Leases in Postgres, for when Redis is away. A row needs no connection while it is held."""

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


class PostgresLeases:
    """A `LeaseStore` on the table of `cache_leases_ddl`."""

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
