"""L3: the `query_cache` table. It survives restarts, and operators can query it.

Each operation is a single statement, so that no reader ever sees half a write.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from app.cache.backend import BackendStats, CacheKey, EntryMetadata, Scope, StoredPayload, TierUsage
from app.cache.postgres.connections import HeldConnections
from app.concurrency.data_loader import DataLoader

_READ = """
SELECT cache_key, result_data, extract(epoch FROM expires_at - now())::float8, hit_count
FROM @table WHERE cache_key = @which AND expires_at > now() - interval '@retain seconds'
"""
# An older result never replaces a newer one: versions order writes, clocks do not.
_WRITE = """
INSERT INTO @table AS old (cache_key, query_text, query_params, result_data, metadata, expires_at,
    namespace, tenant, collection_id, partition, corpus_version, created_at)
VALUES ($1, $2, $3::text::jsonb, $4, $5::text::jsonb, now() + make_interval(secs => $6), $7, $8, $9, $10, $11,
    coalesce(to_timestamp($12::float8), now()))
ON CONFLICT (cache_key) DO UPDATE SET query_text = EXCLUDED.query_text, query_params = EXCLUDED.query_params,
    result_data = EXCLUDED.result_data, metadata = EXCLUDED.metadata, created_at = EXCLUDED.created_at,
    expires_at = EXCLUDED.expires_at, corpus_version = EXCLUDED.corpus_version
WHERE old.corpus_version IS NULL OR EXCLUDED.corpus_version >= old.corpus_version
"""
_DELETE = "DELETE FROM @table WHERE cache_key = $1"
_CLEAR = """
DELETE FROM @table WHERE namespace = coalesce($1, namespace) AND tenant = coalesce($2, tenant)
    AND ($3::integer IS NULL OR collection_id = $3) AND cache_key BETWEEN $4 AND $5
"""
_DIGEST = 64
# Reads at once, each on a connection of its own.
_IN_FLIGHT = 2
# Seconds for a statement that may remove every row.
_CLEARING = 60.0
_USAGE = "SELECT namespace, count(*), coalesce(sum(size_bytes), 0)::bigint FROM @table GROUP BY namespace"


class PostgresCache:
    """`table` is a plain identifier. `timeout` bounds every statement, in seconds.

    An entry is kept for `retain` seconds past its expiry.

    Raises:
        StoreUnavailable: Postgres does not answer.
    """

    def __init__(
        self,
        connections: HeldConnections,
        *,
        table: str = "query_cache",
        timeout: float = 0.5,
        retain: float = 0.0,
        max_value_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        self.name = "l3"
        self._connections = connections
        self._timeout = timeout
        self._max_value_bytes = max_value_bytes
        self._loader: DataLoader[str, StoredPayload[bytes]] = DataLoader(
            self._fetch, timeout=timeout, in_flight=_IN_FLIGHT
        )
        self._write, self._remove, self._clear, self._usage = (
            statement.replace("@table", table) for statement in (_WRITE, _DELETE, _CLEAR, _USAGE)
        )
        self._read_one = reading(table, retain)
        self._read_many = reading(table, retain, "ANY($1::varchar[])")
        self._oversized = 0

    async def get(self, key: CacheKey) -> StoredPayload[bytes] | None:
        return await self.submit(key)

    def submit(self, key: CacheKey) -> asyncio.Future[StoredPayload[bytes] | None]:
        return self._loader.submit(key.digest)

    async def set(self, key: CacheKey, value: bytes, *, ttl: float, about: EntryMetadata) -> bool:
        if len(value) > self._max_value_bytes:
            self._oversized += 1
            await self.delete(key)
            return False
        await self._execute(
            self._write,
            key.digest,
            _storable(about.question),
            _json(about.parameters),
            value,
            _json(about.metadata),
            ttl,
            key.namespace,
            key.tenant,
            key.collection,
            key.partition,
            about.corpus_version,
            about.created,
        )
        return True

    async def delete(self, key: CacheKey) -> bool:
        return await self._execute(self._remove, key.digest) > 0

    async def clear(self, scope: Scope) -> int:
        digests = scope.digest.ljust(_DIGEST, "0"), scope.digest.ljust(_DIGEST, "f")
        arguments = (scope.namespace, scope.tenant, scope.collection, *digests)
        return await self._execute(self._clear, *arguments, seconds=_CLEARING)

    async def stats(self) -> BackendStats:
        async with self._connections.connection() as connection:
            rows = await connection.fetch(self._usage, timeout=self._timeout)
        return BackendStats({row[0]: TierUsage(row[1], row[2]) for row in rows}, oversized=self._oversized)

    async def close(self) -> None:
        await self._loader.close()
        await self._connections.close()

    async def _fetch(self, digests: Sequence[str]) -> Mapping[str, StoredPayload[bytes]]:
        if len(digests) == 1:
            rows = await self._connections.fetch(self._read_one, digests[0])
        else:
            rows = await self._connections.fetch(self._read_many, digests)
        now = time.monotonic()
        return {digest: StoredPayload(payload, now + ttl, hits) for digest, payload, ttl, hits in rows}

    async def _execute(self, statement: str, *arguments: Any, seconds: float | None = None) -> int:
        """Run a statement; how many rows it touched."""
        async with self._connections.connection() as connection:
            tag = await connection.execute(statement, *arguments, timeout=seconds or self._timeout)
        return int(tag.rpartition(" ")[2])


def reading(table: str, retain: float = 0.0, which: str = "$1") -> str:
    """The statement that reads an entry by its key."""
    return _READ.replace("@table", table).replace("@retain", f"{retain:f}").replace("@which", which)


def _storable(text: str) -> str:
    """Postgres takes neither NUL nor lone surrogates."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=str).replace("\\u0000", "")
