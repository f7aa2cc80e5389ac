"""The database cache (L3) on a database of a test's own, and its parts."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from app.cache.backend import EntryMetadata
from app.cache.backends.postgres import PostgresCache
from app.cache.postgres.connections import HeldConnections, Pool
from app.cache.postgres.eviction import HitCountBuffer, PostgresEviction
from app.cache.postgres.schema import cache_leases_ddl, query_cache_ddl
from app.db.outages import translated
from tests.support.cache.assembly import key_of, open_pool

TABLE = "stored_cache"
LEASES = "stored_leases"


@dataclass
class Store:
    """L3 and what keeps it, on a database of the test's own."""

    url: str
    pool: Pool
    held: HeldConnections
    cache: PostgresCache
    hit_counts: HitCountBuffer

    def eviction(self, **options: Any) -> PostgresEviction:
        return PostgresEviction(self.held, self.hit_counts, table=TABLE, **options)

    async def keys(self) -> set[str]:
        return {row[0] for row in await self.pool.fetch(f"SELECT query_text FROM {TABLE}")}

    async def put(self, question: str, *, size: int = 100, ttl: float = 60, tenant: str = "acme") -> None:
        about = EntryMetadata(question=question)
        await self.cache.set(key_of(question, tenant=tenant), bytes(size), ttl=ttl, about=about)


@contextlib.asynccontextmanager
async def open_store(database_url: str) -> AsyncIterator[Store]:
    async with open_pool(database_url, max_size=6) as pool:
        await pool.execute(query_cache_ddl(TABLE) + cache_leases_ddl(LEASES))
        held = HeldConnections(pool, translated=translated, acquire_timeout=5)
        cache = PostgresCache(held, table=TABLE, timeout=10, retain=100)
        yield Store(database_url, pool, held, cache, HitCountBuffer())
        await cache.close()
