"""Pinned entries: L3 keeps them until they are unpinned, cleared, or no longer fresh.

A payload carries its own expiry under its signature, so a pinned entry is sealed anew before it expires.
"""

from dataclasses import replace
from time import time
from typing import Any

from app.cache.backend import CacheKey
from app.cache.codec.envelope import EnvelopeCodec, Refusal
from app.cache.postgres.connections import HeldConnections

_PIN = "UPDATE @table SET pinned = $3 WHERE cache_key = $1 AND tenant = $2 RETURNING true"
_DUE = """
SELECT cache_key, namespace, tenant, collection_id, partition, result_data FROM @table
WHERE pinned AND expires_at < now() + make_interval(secs => $1) ORDER BY expires_at LIMIT 100
"""
# Seconds for a statement, waiting for a connection included.
_TIMEOUT = 5.0
# A result that was replaced in the meantime stays as it is.
_RENEW = """
UPDATE @table SET result_data = $3, expires_at = now() + make_interval(secs => $4)
WHERE cache_key = $1 AND pinned AND result_data = $2
"""


class PostgresPins:
    """Pins entries of `table`, and prolongs each by `ttl` seconds when half of its life has passed.

    Raises:
        StoreUnavailable: Postgres does not answer.
    """

    def __init__(
        self,
        connections: HeldConnections,
        codec: EnvelopeCodec,
        *,
        table: str = "query_cache",
        ttl: float = 86_400.0,
    ) -> None:
        self._connections = connections
        self._codec = codec
        self._ttl = ttl
        self._pin, self._due, self._renew = (
            statement.replace("@table", table) for statement in (_PIN, _DUE, _RENEW)
        )

    async def pin(self, tenant: str, digest: str, *, pinned: bool) -> bool:
        """Keep an entry from eviction and expiry, or stop keeping it. False: there is no such entry."""
        found = await self._fetch(self._pin, digest, tenant, pinned)
        if found and pinned:
            await self.renew()
        return bool(found)

    async def renew(self) -> int:
        """Prolong the entries that are due, and return their number."""
        renewed = 0
        for row in await self._fetch(self._due, self._ttl / 2):
            key = CacheKey(
                row["cache_key"], row["namespace"], row["tenant"], row["collection_id"], row["partition"]
            )
            old = row["result_data"]
            record = self._codec.open(key, old, outlived=True)
            if isinstance(record, Refusal):
                continue
            payload = self._codec.seal(key, replace(record, expires=time() + self._ttl))
            await self._fetch(self._renew, key.digest, old, payload, self._ttl)
            renewed += 1
        return renewed

    async def _fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async with self._connections.connection(_TIMEOUT) as connection:
            return list(await connection.fetch(statement, *arguments))
