"""Housekeeping of L3, off the request path: hit counts, expiry, and limits."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from app.cache.postgres.connections import HeldConnections
from app.cache.postgres.pins import PostgresPins
from app.errors import StoreUnavailable

logger = logging.getLogger(__name__)

# Rows are locked in one order, so that two replicas that flush at once cannot deadlock.
_COUNT = """
WITH counted AS (
    SELECT id, hits FROM @table JOIN unnest($1::varchar[], $2::integer[]) AS noted (cache_key, hits)
        USING (cache_key) ORDER BY id FOR NO KEY UPDATE OF @table
)
UPDATE @table SET hit_count = hit_count + hits, last_accessed_at = now() FROM counted WHERE @table.id = counted.id
"""
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('@table eviction'))"
_EXPIRE = (
    "DELETE FROM @table WHERE NOT pinned AND expires_at < now() - make_interval(secs => $1) RETURNING namespace"
)
# The entries unused for longest go first. Pinned ones count towards the limits and stay.
_EVICT = """
DELETE FROM @table WHERE NOT pinned AND id IN (
    SELECT id FROM (
        SELECT id, count(*) OVER kept AS entries, sum(size_bytes) OVER kept AS bytes FROM @table
        WINDOW kept AS (ORDER BY pinned DESC, last_accessed_at DESC, id DESC ROWS UNBOUNDED PRECEDING)
    ) AS ranked WHERE entries > $1 OR bytes > $2
) RETURNING namespace
"""
_EVICT_BY_QUOTA = """
DELETE FROM @table WHERE NOT pinned AND id IN (
    SELECT id FROM (
        SELECT q.id, count(*) OVER kept AS entries, sum(q.size_bytes) OVER kept AS bytes,
            (c.settings->'cache'->>'max_entries')::bigint AS most_entries,
            (c.settings->'cache'->>'max_bytes')::bigint AS most_bytes
        FROM @table q JOIN collections c ON c.id = q.collection_id
        WHERE c.settings->'cache' ?| '{max_entries,max_bytes}'
        WINDOW kept AS (
            PARTITION BY q.collection_id ORDER BY q.pinned DESC, q.last_accessed_at DESC, q.id DESC
            ROWS UNBOUNDED PRECEDING
        )
    ) AS ranked WHERE entries > most_entries OR bytes > most_bytes
) RETURNING namespace
"""

# Seconds for writing the hits of a few seconds, for which an operator may wait, and for a statement of a sweep.
_FLUSHING = 5.0
_SWEEPING = 30.0


class HitCountBuffer:
    """Counts hits in memory, so that a hit never writes. It holds at most `max_keys` entries at once."""

    def __init__(self, *, max_keys: int = 20_000) -> None:
        self._hits: Counter[str] = Counter()
        self._max_keys = max_keys

    def note(self, digest: str) -> None:
        if digest in self._hits or len(self._hits) < self._max_keys:
            self._hits[digest] += 1

    def pending(self, digest: str) -> int:
        """Return the number of hits that are not written yet."""
        return self._hits[digest]

    def take(self) -> Counter[str]:
        taken, self._hits = self._hits, Counter()
        return taken

    def put_back(self, hits: Counter[str]) -> None:
        for digest, count in hits.items():
            if digest in self._hits or len(self._hits) < self._max_keys:
                self._hits[digest] += count


class PostgresEviction:
    """Flushes hit counts every `flush_every` seconds, and enforces expiry and limits every `sweep_every`.

    `expired` counts the entries that this replica removed at their expiry, `evicted` those removed for room, by
    namespace. `on_removed` receives the namespace, the reason (expired or capacity) and the number of both.

    Sweeps run in one replica at a time, under an advisory lock of the transaction.
    """

    def __init__(
        self,
        connections: HeldConnections,
        hit_counts: HitCountBuffer,
        *,
        pins: PostgresPins | None = None,
        table: str = "query_cache",
        max_entries: int = 100_000,
        max_bytes: int = 1024 * 1024 * 1024,
        retain: float = 0.0,
        flush_every: float = 5.0,
        sweep_every: float = 60.0,
        on_removed: Callable[[str, str, int], None] = lambda _namespace, _reason, _entries: None,
    ) -> None:
        self._connections = connections
        self._hit_counts = hit_counts
        self._limits = (max_entries, max_bytes)
        self._retain = retain
        self._flush_every = flush_every
        self._sweep_every = sweep_every
        self._on_removed = on_removed
        self._pins = pins
        self._count, self._try_lock, self._expire, self._evict, self._evict_by_quota = (
            statement.replace("@table", table)
            for statement in (_COUNT, _TRY_LOCK, _EXPIRE, _EVICT, _EVICT_BY_QUOTA)
        )
        self.expired = 0
        self.evicted: Counter[str] = Counter()

    async def run(self) -> None:
        """Work until cancelled. After a failure, which is logged, the next turn tries again."""
        loop = asyncio.get_running_loop()
        sweep_at = loop.time() + self._sweep_every
        while True:
            await asyncio.sleep(self._flush_every)
            try:
                await self.flush()
                if loop.time() >= sweep_at:
                    sweep_at = loop.time() + self._sweep_every
                    await self.sweep()
            except Exception as error:
                unexpected = not isinstance(error, StoreUnavailable)
                logger.warning("cache eviction failed and will be tried again: %r", error, exc_info=unexpected)

    async def flush(self) -> None:
        """Write the hits counted so far. If that fails, the next flush writes them."""
        hits = self._hit_counts.take()
        if not hits:
            return
        try:
            async with self._connections.connection(_FLUSHING) as connection:
                await connection.execute(self._count, list(hits.keys()), list(hits.values()))
        except BaseException:
            self._hit_counts.put_back(hits)
            raise

    async def clear_expired(self) -> int:
        """Remove every expired entry now, also those kept in case the pipeline fails. Pinned ones stay."""
        async with self._connections.connection() as connection:
            return len(await connection.fetch(self._expire, 0.0, timeout=_SWEEPING))

    async def sweep(self) -> bool:
        """Enforce expiry, limits and collections' quotas, and renew pins. False: another replica is doing it."""
        async with self._connections.connection() as connection, connection.transaction():
            if not await connection.fetchval(self._try_lock, timeout=_SWEEPING):
                return False
            expired = await connection.fetch(self._expire, self._retain, timeout=_SWEEPING)
            evicted = await connection.fetch(self._evict_by_quota, timeout=_SWEEPING)
            evicted += await connection.fetch(self._evict, *self._limits, timeout=_SWEEPING)
            if self._pins is not None:
                await self._pins.renew()
        self.expired += len(expired)
        self.evicted.update(row["namespace"] for row in evicted)
        for reason, rows in (("expired", expired), ("capacity", evicted)):
            for namespace, entries in Counter(row["namespace"] for row in rows).items():
                self._on_removed(namespace, reason, entries)
        return True
