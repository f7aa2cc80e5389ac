"""The cache for operators: they inspect it, and change it by hand."""

from dataclasses import dataclass, replace
from typing import Any

from app.cache.backend import BackendStats, CacheKey, Scope
from app.cache.backends.guarded import TierEntry
from app.cache.codec.envelope import Refusal
from app.cache.entry import CacheEntry
from app.cache.evidence import Freshness
from app.cache.freshness.validator import FreshnessValidator
from app.cache.postgres.catalog import CatalogEntry, PostgresCatalog
from app.cache.postgres.eviction import PostgresEviction
from app.cache.postgres.pins import PostgresPins
from app.cache.report import report
from app.cache.tiered_cache import TieredCache
from app.concurrency.single_flight import SingleFlight
from app.errors import TierOff

__all__ = ["CacheManager", "CatalogEntry", "EntryDetails", "PostgresTier", "Refusal", "TierEntry", "refusal_of"]


@dataclass(frozen=True, slots=True)
class EntryDetails:
    """An entry in every tier, and whether it may be served.

    `entry` is None if L3 has no row of it. `record` and `freshness` are None if no tier holds a payload that can be
    opened.
    """

    key: CacheKey
    entry: CatalogEntry | None
    copies: list[TierEntry]
    record: CacheEntry | None
    freshness: Freshness | None


@dataclass(frozen=True, slots=True)
class PostgresTier:
    """The parts by which L3 is managed."""

    catalog: PostgresCatalog
    eviction: PostgresEviction
    pins: PostgresPins


class CacheManager:
    """The operators' view of the cache, bound to a tenant.

    `last` is None if L3 is off.

    Raises:
        TierOff: the method needs L3, which is off.
        StoreUnavailable: the method needs L3, and Postgres does not answer.
    """

    def __init__(self, tiers: TieredCache, validator: FreshnessValidator, l3: PostgresTier | None) -> None:
        self._tiers = tiers
        self._validator = validator
        self.l3 = l3
        self._counting: SingleFlight[dict[str, BackendStats | None]] = SingleFlight()

    @property
    def catalog(self) -> PostgresCatalog:
        return self._required.catalog

    async def top(self, tenant: str, *, limit: int = 10, namespace: str | None = None) -> list[CatalogEntry]:
        """Return the most used entries. The hits of the last seconds are written first, so they count."""
        last = self._required
        await last.eviction.flush()
        return await last.catalog.top(tenant, limit=limit, namespace=namespace)

    async def popular(
        self,
        *,
        limit: int,
        tenant: str | None = None,
        collection: int | None = None,
        namespace: str | None = None,
    ) -> list[CatalogEntry]:
        """Return used searches and answers, most used first, expired ones too. `tenant` None: of every tenant."""
        last = self._required
        await last.eviction.flush()
        return await last.catalog.popular(limit=limit, tenant=tenant, collection=collection, namespace=namespace)

    async def details(self, tenant: str, digest: str) -> EntryDetails | None:
        row = None if self.l3 is None else await self.l3.catalog.one(tenant, digest)
        key = self._tiers.key_in_memory(digest) if row is None else row[0].key
        if key is None or key.tenant != tenant:
            return None
        copies = await self._tiers.examine(key)
        records = [each.record for each in copies if isinstance(each.record, CacheEntry)]
        if not records:
            return EntryDetails(key, row and row[0], copies, None, None)
        validation = await self._validator.validate(key, records[0])
        return EntryDetails(key, row and row[0], copies, validation.record, validation.freshness)

    async def evict(self, tenant: str, digest: str) -> int:
        """Remove the entry whose key begins with `digest` from every tier of every replica; 0 if no tier has it.

        Raises:
            CacheUnavailable: a shared tier did not answer, and may still have the entry.
        """
        await self._tiers.drain()
        return await self._tiers.clear(Scope(tenant=tenant, digest=digest))

    async def pin(self, tenant: str, digest: str, *, pinned: bool = True) -> bool:
        return await self._required.pins.pin(tenant, digest, pinned=pinned)

    async def clear(
        self,
        tenant: str,
        *,
        tier: str | None = None,
        namespace: str | None = None,
        collection: int | None = None,
    ) -> int:
        """Clear entries of the tenant in one tier or in all.

        Raises:
            TierOff: `tier` is not in use.
            CacheUnavailable: a tier did not answer. The others are cleared.
        """
        if tier is not None and tier not in self._tiers.lifetimes:
            raise _off(tier)
        await self._tiers.drain()
        return await self._tiers.clear(Scope(namespace, tenant, collection), tier=tier)

    async def clear_expired(self) -> int:
        """Remove expired entries of every tenant from L3, those too that are retained for a failing pipeline."""
        return await self._required.eviction.clear_expired()

    async def report(self) -> dict[str, Any]:
        """Return counters and copies of every tier as plain data. Concurrent callers share one count."""
        return report(self._tiers.statistics, await self._counting.run(0, self._held))

    async def _held(self) -> dict[str, BackendStats | None]:
        held = await self._tiers.usage()
        counted = held.get("l3")
        if self.l3 is not None and counted is not None:
            evicted = self.l3.eviction.evicted
            usage = {name: replace(use, evictions=evicted[name]) for name, use in counted.usage.items()}
            held["l3"] = replace(counted, usage=usage, evictions=evicted.total())
        return held

    @property
    def _required(self) -> PostgresTier:
        if self.l3 is None:
            raise _off("l3")
        return self.l3


def refusal_of(holding: TierEntry) -> Refusal | None:
    """Return why a tier's payload was not opened; None if it was opened, or there is none."""
    return holding.record if isinstance(holding.record, Refusal) else None


def _off(tier: str) -> TierOff:
    hints = {
        "l2": "REDIS_URL, L2_CACHE_ENABLED and CACHE_SIGNING_KEYS turn it on",
        "l3": "L3_CACHE_ENABLED and CACHE_SIGNING_KEYS turn it on",
    }
    return TierOff(f"{tier} is not in use; {hints.get(tier, 'a tier is l1, l2 or l3')}.")
