"""The cache as services see it: a lookup in every tier, then one computation for all who ask."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from app.cache.backend import EVERYTHING, BackendStats, CacheKey, EntryMetadata, Scope, StoredPayload
from app.cache.entry import CacheControl, CacheResult, CacheStatus, Computed, freeze
from app.cache.freshness.validator import FreshnessValidator
from app.cache.keys import KeySpec
from app.cache.stampede.lease import ComputeLease, FleetLease
from app.cache.stats import Counted
from app.cache.tiered_lookup import LookupResult
from app.cache.tiered_store import TieredCache
from app.concurrency.coalescing import TrailingCoalescer
from app.concurrency.single_flight import SingleFlight
from app.errors import NotCached

T = TypeVar("T")

# Finds the fresh result of another question that may be served for this one.
Nearby = Callable[[], Awaitable[CacheResult[Any] | None]]


async def find_nearby(nearby: Nearby | None, control: CacheControl) -> CacheResult[Any] | None:
    """What may be served by meaning: to somebody who waits for it."""
    return None if nearby is None or control is CacheControl.WARM else await nearby()


class CacheChain:
    """Puts computation behind the tiers. The judge is the one that the tiers use."""

    name = "chain"

    def __init__(
        self,
        tiers: TieredCache,
        judge: FreshnessValidator,
        *,
        lease: FleetLease | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tiers = tiers
        self.statistics = tiers.statistics
        self._judge = judge
        self._lease = lease
        self._clock = clock
        self._flights: SingleFlight[CacheResult[Any]] = SingleFlight()
        self._searches: TrailingCoalescer[LookupResult] = TrailingCoalescer()

    async def lookup(self, spec: KeySpec, control: CacheControl = CacheControl.USE) -> LookupResult:
        """Look into the tiers, once for all who have asked for the same."""
        if control is CacheControl.WARM:
            return LookupResult(hit=(await self.tiers.search(spec, counted=Counted.NOTHING)).hit)
        hit = self.tiers.peek(spec.key, spec.ttl)
        if hit is not None:
            return LookupResult(hit=hit)
        found, shared = await self._searches.run(spec.key.digest, lambda: self.tiers.search(spec))
        if shared and found.hit is not None:
            self.statistics.coalesced(spec.key.namespace)
        return found

    async def get_or_compute(
        self,
        spec: KeySpec,
        compute: Callable[[], Awaitable[Computed[T]]],
        control: CacheControl = CacheControl.USE,
        *,
        nearby: Nearby | None = None,
    ) -> CacheResult[T]:
        """Return the cached result, or compute it once for everybody who asks meanwhile, here and elsewhere.

        The result is frozen, also when it was just computed. `nearby` is looked for when no tier has the result.

        Raises:
            NotCached: `control` is ONLY_IF_CACHED and no tier has it.
            NotPlain: the computed value is not made of plain builtins.
            Exception: whatever `compute` raises, unless an expired entry that is fresh by version can be
                served in its place, marked STALE.
        """
        key = spec.key
        if control is CacheControl.BYPASS:
            self.count_bypass(key)
            computed = await compute()
            value = freeze(computed.value)
            return CacheResult(value, CacheStatus.BYPASS, key.digest, corpus_version=computed.corpus_version)
        fallback: CacheResult[T] | None = None
        if control is not CacheControl.REFRESH:
            found = await self.lookup(spec, control)
            if found.hit is not None:
                if control is not CacheControl.WARM and self.is_ageing(found.hit):
                    self.refresh_early(spec, compute)
                return found.hit
            near = await find_nearby(nearby, control)
            if near is not None:
                return near
            fallback = found.fallback
            if control is CacheControl.ONLY_IF_CACHED:
                raise NotCached("The cache holds no fresh result for this request.")
        return await self._share(spec, compute, fallback, refresh=control is CacheControl.REFRESH)

    async def version(self, key: CacheKey) -> int | None:
        """Return the version that a result asked for now must not be older than."""
        return await self._judge.version(key)

    async def claim(
        self, spec: KeySpec, version: int | None, *, refresh: bool = False
    ) -> CacheResult[Any] | ComputeLease:
        """Wait for another replica's result, or get the lease under which to compute it.

        Whoever gets a lease calls `remember` with it, or releases it.
        """
        if self._lease is None or refresh or not self.tiers.is_shared:
            return ComputeLease(spec.key.digest, "", 0.0, None)

        async def probe() -> CacheResult[Any] | None:
            return (await self.tiers.search(spec, counted=Counted.HITS)).hit

        return await self._lease.claim(f"{spec.key.digest}:{version}", probe)

    def is_ageing(self, hit: CacheResult[Any]) -> bool:
        """Whether a hit is near enough to its end to be computed anew while it is being served."""
        return hit.expires_in < (1 - self.tiers.policy.eager) * (hit.age_seconds + hit.expires_in)

    def refresh_early(self, spec: KeySpec, compute: Callable[[], Awaitable[Computed[Any]]]) -> None:
        """Compute a result anew that nobody waits for, unless that is under way."""
        flight = ("early", spec.key.digest)
        if flight not in self._flights:
            self.statistics.of(spec.key.namespace).refreshed += 1
            self._flights.start(flight, lambda: self._produce(spec, compute, None, refresh=True))

    async def serves_stale(self, key: CacheKey, fallback: CacheResult[Any]) -> bool:
        """Whether an expired result still equals what a fresh one would be; if so, it is counted as served."""
        if fallback.corpus_version not in (None, await self.version(key)):
            return False
        self.statistics.of(key.namespace).served_stale += 1
        return True

    def count_bypass(self, key: CacheKey) -> None:
        self.statistics.of(key.namespace).bypassed += 1
        self.statistics.observer.requested(key.namespace, "none", "bypass")

    async def get(self, key: CacheKey) -> StoredPayload[Any] | None:
        return await self.tiers.get(key)

    async def set(self, key: CacheKey, value: Any, *, ttl: float, about: EntryMetadata) -> bool:
        return await self.tiers.set(key, value, ttl=ttl, about=about)

    async def delete(self, key: CacheKey) -> bool:
        return await self.tiers.delete(key)

    async def clear(self, scope: Scope = EVERYTHING) -> int:
        return await self.tiers.clear(scope)

    async def stats(self) -> BackendStats:
        return await self.tiers.stats()

    async def close(self) -> None:
        """Cancel computations, give writes under way a moment, and close the tiers."""
        await self._flights.close()
        await self._judge.close()
        await self.tiers.close()

    async def _share(
        self,
        spec: KeySpec,
        compute: Callable[[], Awaitable[Computed[T]]],
        fallback: CacheResult[T] | None,
        *,
        refresh: bool,
    ) -> CacheResult[T]:
        key = spec.key
        version = await self.version(key)
        flight = self.flight_key(key, version, refresh=refresh)
        if flight in self._flights:
            self.statistics.coalesced(key.namespace)
        try:
            return await self._flights.run(
                flight,
                lambda: self._produce(spec, compute, version, refresh=refresh),
                wait=self.tiers.policy.patience if fallback else None,
            )
        except Exception:
            if fallback is None or not await self.serves_stale(key, fallback):
                raise
            return fallback

    @staticmethod
    def flight_key(key: CacheKey, version: int | None, *, refresh: bool) -> object:
        """Name the computation that a request may join: one that began at the version it must see.

        While the version of its collection cannot be proven, a request joins none.
        """
        if version is None and key.collection is not None:
            return object()
        return (key.digest, version, refresh)

    async def _produce(
        self,
        spec: KeySpec,
        compute: Callable[[], Awaitable[Computed[T]]],
        version: int | None,
        *,
        refresh: bool,
    ) -> CacheResult[T]:
        claimed = await self.claim(spec, version, refresh=refresh)
        if isinstance(claimed, CacheResult):
            return claimed
        started = self._clock()
        try:
            computed = await compute()
        except BaseException:
            await claimed.release()
            raise
        seconds = self._clock() - started
        return await self.tiers.remember(spec, computed, seconds=seconds, lease=claimed, replaces=refresh)
