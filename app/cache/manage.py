"""Looking into the cache and changing it by hand."""

from dataclasses import dataclass
from typing import Any

from app.cache.base import CacheKey, Scope
from app.cache.codec import EnvelopeCodec, Refusal
from app.cache.postgres_catalog import CatalogEntry, PostgresCatalog
from app.cache.postgres_upkeep import PostgresUpkeep
from app.cache.record import Record
from app.cache.tiers import TieredStore


@dataclass(frozen=True, slots=True)
class EntryDetails:
    """An entry with what it rests on. `record` is a Refusal if the payload cannot be opened."""

    entry: CatalogEntry
    record: Record | Refusal
    in_memory: bool


class CacheManager:
    """What operators do. Everything is bound to a tenant; what reads the last tier raises what it raises."""

    def __init__(
        self,
        tiers: TieredStore,
        codec: EnvelopeCodec,
        catalog: PostgresCatalog,
        upkeep: PostgresUpkeep,
    ) -> None:
        self._tiers = tiers
        self._codec = codec
        self._upkeep = upkeep
        self.catalog = catalog

    async def top(self, tenant: str, *, limit: int = 10) -> list[CatalogEntry]:
        """Return the most used entries; hits of the last seconds are written first."""
        await self._upkeep.flush()
        return await self.catalog.top(tenant, limit=limit)

    async def details(self, tenant: str, digest: str) -> EntryDetails | None:
        found = await self.catalog.one(tenant, digest)
        if found is None:
            return None
        entry, payload = found
        return EntryDetails(
            entry, self._codec.open(entry.key, payload), self._tiers.key_in_memory(digest) is not None
        )

    async def delete(self, tenant: str, digest: str) -> bool:
        """Remove an entry from every tier of every replica; False if nobody has it."""
        key = await self._key(tenant, digest)
        return key is not None and await self._tiers.delete(key)

    async def pin(self, tenant: str, digest: str, *, pinned: bool = True) -> bool:
        return await self.catalog.pin(tenant, digest, pinned=pinned)

    async def clear(
        self,
        tenant: str,
        *,
        tier: str | None = None,
        namespace: str | None = None,
        collection: int | None = None,
    ) -> int:
        """Clear in one tier or in all; never another tenant's entries."""
        return await self._tiers.clear(Scope(namespace, tenant, collection), tier=tier)

    async def clear_expired(self) -> int:
        """Remove expired entries of every tenant from the last tier: nobody can be served them."""
        return await self._upkeep.clear_expired()

    async def report(self) -> dict[str, Any]:
        """Return counters and holdings of every tier as plain data."""
        return self._tiers.statistics.report(await self._tiers.held())

    async def _key(self, tenant: str, digest: str) -> CacheKey | None:
        found = await self.catalog.one(tenant, digest)
        if found is not None:
            return found[0].key
        key = self._tiers.key_in_memory(digest)
        return key if key is not None and key.tenant == tenant else None
