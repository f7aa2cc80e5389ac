"""The cache as services see it: a lookup in every tier, then one computation for everyone who asks."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal, TypeVar

from app.cache.backend import CacheKey
from app.cache.entry import CacheControl, CacheResult, CacheStatus, Computed, freeze
from app.cache.freshness.validator import FreshnessValidator
from app.cache.keys import KeySpec
from app.cache.stampede.lease import ComputeLease, FleetLease
from app.cache.stats import Counted
from app.cache.tiered_cache import TieredCache
from app.cache.tiered_reader import LookupResult, OutdatedEntry
from app.concurrency.coalescing import TrailingCoalescer
from app.concurrency.single_flight import SingleFlight
from app.errors import NotCached

T = TypeVar("T")

# Finds a fresh result of another question that may be served for this one.
Nearby = Callable[[], Awaitable[CacheResult[Any] | None]]

# Whether a computed value says the same as an older one.
Same = Callable[[Any, Any], bool]

SEMANTIC_TIER = "semantic"


class CacheChain:
    """Computes results that no tier holds, once for all callers. `validator` is the one that the tiers use too.

    Example, with a chain whose only tier is memory:

    >>> from app.cache.entry import Computed
    >>> from app.cache.keys import KeySpec, Partition
    >>> async def example(chain: CacheChain) -> None:
    ...     async def compute() -> Computed[str]:
    ...         return Computed("thirty days")
    ...
    ...     spec = KeySpec(Partition("answer", "acme", collection=None), "How long is the notice?")
    ...     for _ in range(2):
    ...         result = await chain.get_or_compute(spec, compute)
    ...         print(result.value, result.status, result.tier)
    >>> run(example)
    thirty days miss None
    thirty days hit l1
    """

    def __init__(
        self,
        tiers: TieredCache,
        validator: FreshnessValidator,
        *,
        lease: FleetLease | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tiers = tiers
        self.statistics = tiers.statistics
        self._reader = tiers.reader
        self._validator = validator
        self._lease = lease
        self._clock = clock
        self._flights: SingleFlight[CacheResult[Any]] = SingleFlight()
        self._searches: TrailingCoalescer[LookupResult] = TrailingCoalescer()

    def peek(self, spec: KeySpec) -> CacheResult[Any] | None:
        """Return a hit from memory that is known to be fresh, without awaiting. None proves nothing."""
        return self._reader.peek(spec)

    async def search(self, spec: KeySpec, *, used: bool = False) -> CacheResult[Any] | None:
        """Look into every tier for the entry of another question. With `used`, count that its result is served."""
        return (await self._reader.search(spec, counted=Counted.USE if used else Counted.NOTHING)).hit

    def note_semantic(
        self, namespace: str, outcome: Literal["hit", "miss", "error"], *, nanoseconds: int = 0
    ) -> None:
        """Count a lookup by meaning, as those of the tiers are counted. `nanoseconds`: the time that a hit took."""
        match outcome:
            case "hit":
                self.statistics.hit(SEMANTIC_TIER, namespace, nanoseconds)
            case "miss":
                self.statistics.miss(SEMANTIC_TIER, namespace)
            case _:
                self.statistics.error(SEMANTIC_TIER, namespace)

    async def lookup(
        self, spec: KeySpec, control: CacheControl = CacheControl.USE, *, nearby: Nearby | None = None
    ) -> LookupResult:
        """Look into the tiers, once for everyone who asks for the same at the moment, then for a result `nearby`.

        An outdated entry of the question itself goes before another question's result.

        Raises:
            NotCached: `control` is ONLY_IF_CACHED, and there is no hit.
        """
        if control is CacheControl.REFRESH:
            return LookupResult()
        if control is CacheControl.WARM:
            found = await self._reader.search(spec, counted=Counted.NOTHING)
            return replace(found, fallback=None)
        hit = self.peek(spec)
        if hit is not None:
            return LookupResult(hit=hit)
        found, shared = await self._searches.run(spec.key.digest, lambda: self._reader.search(spec))
        if shared and found.hit is not None:
            self.statistics.coalesced(spec.key.namespace)
        if found.hit is None and found.outdated is None and nearby is not None:
            found = LookupResult(await nearby(), found.fallback)
        if found.hit is None and control is CacheControl.ONLY_IF_CACHED:
            raise NotCached("The cache holds no fresh result for this request.")
        return found

    async def get_or_compute(
        self,
        spec: KeySpec,
        compute: Callable[[], Awaitable[Computed[T]]],
        control: CacheControl = CacheControl.USE,
        *,
        nearby: Nearby | None = None,
        same: Same | None = None,
    ) -> CacheResult[T]:
        """Return the cached result, or compute it once for everyone who asks meanwhile, here and on other replicas.

        The result is frozen, also when it was just computed. `nearby` is called when no tier has the result. One
        that is the `same` as the result from before documents changed keeps the age and the end of that.

        Raises:
            NotCached: `control` is ONLY_IF_CACHED, and no tier has the result.
            NotPlain: the computed value is not made of plain builtins.
            Exception: `compute` raised it, unless an expired entry that is fresh by version can be
                served in its place, marked STALE.
        """
        key = spec.key
        if control is CacheControl.BYPASS:
            self.count_bypass(key)
            computed = await compute()
            value = freeze(computed.value)
            return CacheResult(value, CacheStatus.BYPASS, key.digest, corpus_version=computed.corpus_version)
        found = await self.lookup(spec, control, nearby=nearby)
        if found.hit is None:
            refresh = control is CacheControl.REFRESH
            return await self._share(spec, compute, found, same, refresh=refresh)
        if control is not CacheControl.WARM and self.is_ageing(found.hit):
            self.refresh_early(spec, compute)
        return found.hit

    async def version(self, key: CacheKey) -> int | None:
        """Return the version that a result asked for now must not be older than."""
        return await self._validator.version(key)

    async def claim(
        self, spec: KeySpec, version: int | None, *, refresh: bool = False
    ) -> CacheResult[Any] | ComputeLease:
        """Wait for another replica's result, or get the lease under which to compute it.

        The holder of a lease calls `remember` with it, or releases it.
        """
        if self._lease is None or refresh or not self.tiers.is_shared:
            return ComputeLease(spec.key.digest, "", 0.0, None)

        async def probe() -> CacheResult[Any] | None:
            return (await self._reader.search(spec, counted=Counted.HITS)).hit

        return await self._lease.claim(f"{spec.key.digest}:{version}", probe)

    def is_ageing(self, hit: CacheResult[Any]) -> bool:
        """Whether a hit is near enough to its end to be computed anew while it is being served."""
        life = hit.age_seconds + hit.expires_in
        return hit.matched is None and hit.expires_in < (1 - self.tiers.policy.eager) * life

    def refresh_early(self, spec: KeySpec, compute: Callable[[], Awaitable[Computed[Any]]]) -> None:
        """Compute a result anew in the background, unless that is under way."""
        flight = ("early", spec.key.digest)
        if flight not in self._flights:
            self.statistics.of(spec.key.namespace).refreshed += 1
            self._flights.start(flight, lambda: self._produce(spec, compute, None, None, None, refresh=True))

    async def serves_stale(self, key: CacheKey, fallback: CacheResult[Any]) -> bool:
        """Whether an expired result still equals a fresh one. If so, it is counted as served."""
        if fallback.corpus_version not in (None, await self.version(key)):
            return False
        self.statistics.of(key.namespace).served_stale += 1
        return True

    def renew(
        self, spec: KeySpec, outdated: OutdatedEntry, computed: Computed[Any], control: CacheControl
    ) -> CacheResult[Any]:
        """Carry an outdated entry forward by a result that was not worth a miss. It is a hit."""
        counted = Counted.NOTHING if control is CacheControl.WARM else Counted.EVERYTHING
        return self._reader.renew(spec, outdated, computed, counted=counted)

    def count_changed(self, key: CacheKey, outdated: OutdatedEntry) -> None:
        """Count an entry that documents did change."""
        self.statistics.invalidated(outdated.tier, key.namespace, "corpus_changed")

    def count_bypass(self, key: CacheKey) -> None:
        self.statistics.of(key.namespace).bypassed += 1

    async def close(self) -> None:
        """Cancel computations, give the writes under way a moment, and close the tiers."""
        await self._flights.close()
        await self._validator.close()
        await self.tiers.close()

    async def _share(
        self,
        spec: KeySpec,
        compute: Callable[[], Awaitable[Computed[T]]],
        found: LookupResult,
        same: Same | None,
        *,
        refresh: bool,
    ) -> CacheResult[T]:
        key, fallback = spec.key, found.fallback
        version = await self.version(key)
        flight = self.flight_key(key, version, refresh=refresh)
        if flight in self._flights:
            self.statistics.coalesced(key.namespace)
        try:
            return await self._flights.run(
                flight,
                lambda: self._produce(spec, compute, version, found.outdated, same, refresh=refresh),
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
        outdated: OutdatedEntry | None,
        same: Same | None,
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
        continues = outdated
        if outdated is not None and not (same and same(outdated.record.value, computed.value)):
            self.count_changed(spec.key, outdated)
            continues = None
        return await self.tiers.remember(
            spec, computed, seconds=seconds, lease=claimed, replaces=refresh, continues=continues
        )
