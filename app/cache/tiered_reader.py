"""Finds a fresh entry in the fastest tier that has one, and fills the faster tiers from it."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app.cache.backend import CacheKey, EntryMetadata
from app.cache.backends.guarded import GuardedTier, TierHit
from app.cache.backends.memory import MemoryCache
from app.cache.codec.envelope import EnvelopeCodec
from app.cache.entry import CacheEntry, CacheResult, CacheStatus, Computed, freeze
from app.cache.evidence import Freshness
from app.cache.freshness.validator import FreshnessValidator, Validation
from app.cache.keys import KeySpec
from app.cache.postgres.eviction import HitCountBuffer
from app.cache.stats import CacheStats, Counted
from app.concurrency.background import Background
from app.telemetry import tracing

_log = logging.getLogger(__name__)


class OutdatedEntry(NamedTuple):
    """An entry that documents may have changed since. `left`: seconds for which it may be used if they have not."""

    record: CacheEntry
    tier: str
    left: float


@dataclass(frozen=True, slots=True)
class LookupResult:
    """
    Attributes:
        hit: what is served.
        fallback: it has expired but is fresh by version: it is served if the computation fails or is late.
        outdated: what is computed anew may equal it, and is then carried forward.
    """

    hit: CacheResult[Any] | None = None
    fallback: CacheResult[Any] | None = None
    outdated: OutdatedEntry | None = None

    def completed_by(self, slower: "LookupResult") -> "LookupResult":
        """Add what a slower tier has. What it serves, no faster tier had."""
        return LookupResult(slower.hit, self.fallback or slower.fallback, self.outdated or slower.outdated)


class TieredReader:
    """Reads the tiers from the fastest to the slowest, in `budget` seconds in all for one request."""

    def __init__(
        self,
        memory: MemoryCache[CacheEntry],
        shared: Sequence[GuardedTier],
        *,
        validator: FreshnessValidator,
        codec: EnvelopeCodec,
        stats: CacheStats,
        background: Background,
        hit_counts: HitCountBuffer | None,
        l1_ttl: float,
        budget: float,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._memory = memory
        self._shared = shared
        self._validator = validator
        self._codec = codec
        self._stats = stats
        self._background = background
        self._hit_counts = hit_counts
        self._l1_ttl = l1_ttl
        self._budget = budget
        self._clock = clock
        self._wall = wall

    def peek(self, spec: KeySpec) -> CacheResult[Any] | None:
        """Return a hit from memory that is known to be fresh, without awaiting. None proves nothing."""
        started = time.perf_counter_ns()
        key = spec.key
        entry = self._memory.lookup(key.digest)
        if entry is None or not self._validator.is_known_fresh(key, entry.value, spec.statistics):
            return None
        left = self._left(entry.deadline, entry.value, spec.ttl)
        if left <= 0:
            return None
        hit = self._hit(key, entry.value, self._memory.name, left, started)
        if tracing.recording():
            seconds = (time.perf_counter_ns() - started) / 1e9
            attributes = {"rag.cache.namespace": key.namespace, **_outcome(hit)}
            tracing.record_ended("rag.cache get", seconds, attributes=attributes)
        return hit

    async def search(self, spec: KeySpec, *, counted: Counted = Counted.EVERYTHING) -> LookupResult:
        """Look into every tier, and keep the best expired entry as the fallback.

        An entry that is carried forward to a later version is written back to the shared tiers.
        """
        if not tracing.recording():
            return await self._search(spec, counted)
        again = counted is Counted.HITS
        with tracing.span(
            "rag.cache get", attributes={"rag.cache.namespace": spec.key.namespace, "rag.cache.again": again}
        ) as span:
            found = await self._search(spec, counted)
            span.set_attributes(_outcome(found.hit))
            return found

    async def _search(self, spec: KeySpec, counted: Counted) -> LookupResult:
        give_up = self._clock() + self._budget
        found = await self._in_memory(spec, counted)
        for position, tier in enumerate(self._shared):
            left = give_up - self._clock()
            if found.hit is not None or left <= 0:
                break
            found = found.completed_by(await self._in_shared(spec, position, tier, left, counted))
        return found

    def renew(
        self, spec: KeySpec, outdated: OutdatedEntry, computed: Computed[Any], *, counted: Counted
    ) -> CacheResult[Any]:
        """Carry an outdated entry forward, since it was computed anew for less than a miss costs. It is a hit."""
        record = replace(outdated.record, value=freeze(computed.value), evidence=computed.evidence)
        self._memory.put(spec.key, record, min(outdated.left, self._l1_ttl))
        self._carry(spec, record, outdated.left)
        if counted is not Counted.NOTHING:
            self._stats.of(spec.key.namespace).carried += 1
            self._stats.tier(outdated.tier, spec.key.namespace).hits += 1
            counted = Counted.USE
        return self._hit(spec.key, record, outdated.tier, outdated.left, 0, counted=counted)

    async def _in_memory(self, spec: KeySpec, counted: Counted) -> LookupResult:
        started = time.perf_counter_ns()
        key, name = spec.key, self._memory.name
        entry = self._memory.lookup(key.digest)
        if entry is None:
            if counted is Counted.EVERYTHING:
                self._stats.miss(name, key.namespace)
            return LookupResult()
        validation = await self._validator.validate(key, entry.value, spec.statistics)
        left = self._left(entry.deadline, entry.value, spec.ttl)
        if not self._usable(key, validation, name):
            outdated = self._outdated(validation, name, left)
            if outdated is None:
                self._memory.remove(key.digest)
            return LookupResult(outdated=outdated)
        if left <= 0:
            return LookupResult(fallback=self._expired(key, validation.record, name))
        if validation.carried:
            self._memory.put(key, validation.record, left)
            self._carry(spec, validation.record, left)
        return LookupResult(self._hit(key, validation.record, name, left, started, counted=counted))

    async def _in_shared(
        self, spec: KeySpec, position: int, tier: GuardedTier, budget: float, counted: Counted
    ) -> LookupResult:
        started = time.perf_counter_ns()
        key = spec.key
        found = await tier.read(key, budget, counted=counted)
        if found is None:
            return LookupResult()
        validation = await self._validator.validate(key, found.record, spec.statistics)
        left = self._left(found.deadline, found.record, spec.ttl)
        if not self._usable(key, validation, tier.name):
            outdated = self._outdated(validation, tier.name, left)
            if outdated is None and validation.freshness is Freshness.STALE:
                self._background.spawn(tier.discard(key))
            return LookupResult(outdated=outdated)
        if left <= 0:
            return LookupResult(fallback=self._expired(key, validation.record, tier.name))
        self._memory.put(key, validation.record, min(left, self._l1_ttl))
        if validation.carried:
            self._carry(spec, validation.record, left)
        elif position > 0:
            self._background.spawn(self._fill(key, found, left, position))
        hit = self._hit(key, validation.record, tier.name, left, started, found.hits, counted=counted)
        return LookupResult(hit)

    @staticmethod
    def _outdated(validation: Validation, tier: str, left: float) -> OutdatedEntry | None:
        """An entry that stays in its tier until what is computed anew replaces it or carries it forward."""
        return OutdatedEntry(validation.record, tier, left) if validation.renewable and left > 0 else None

    def _left(self, deadline: float, record: CacheEntry, ttl: float | None) -> float:
        """Return the seconds for which an entry may still be used."""
        left = deadline - self._clock()
        return left if ttl is None else min(left, record.created + ttl - self._wall())

    def _usable(self, key: CacheKey, validation: Validation, tier: str) -> bool:
        if validation.freshness is Freshness.FRESH:
            if validation.carried:
                self._stats.of(key.namespace).carried += 1
            return True
        self._stats.tier(tier, key.namespace).stale += 1
        if validation.freshness is Freshness.STALE and not validation.renewable:
            self._stats.invalidated(tier, key.namespace, "corpus_changed")
        return False

    def _carry(self, spec: KeySpec, record: CacheEntry, left: float) -> None:
        if self._shared and not self._background.spawn(self._rewrite(spec, record, left)):
            self._stats.of(spec.key.namespace).dropped += 1

    async def _rewrite(self, spec: KeySpec, record: CacheEntry, left: float) -> None:
        payload = self._codec.seal(spec.key, record)
        for tier in reversed(self._shared):
            about = spec.about(record.corpus_version, record.created)
            await tier.write(spec.key, payload, min(left, tier.ttl), about)

    async def _fill(self, key: CacheKey, found: TierHit, left: float, below: int) -> None:
        for tier in reversed(self._shared[:below]):
            await tier.write(key, found.payload, min(left, tier.ttl), EntryMetadata())

    def _hit(
        self,
        key: CacheKey,
        record: CacheEntry,
        tier: str,
        left: float,
        started: int,
        hits: int | None = None,
        *,
        counted: Counted = Counted.EVERYTHING,
    ) -> CacheResult[Any]:
        if counted is Counted.NOTHING:
            return self._cached(key, record, CacheStatus.HIT, tier, left)
        counters = self._stats.of(key.namespace)
        counters.requests += 1
        counters.seconds_saved += record.seconds
        counters.tokens_saved += record.tokens
        if self._hit_counts is not None:
            self._hit_counts.note(key.digest)
        if counted is Counted.USE:
            return self._cached(key, record, CacheStatus.HIT, tier, left)
        self._stats.hit(tier, key.namespace, time.perf_counter_ns() - started)
        # A log record costs more than a hit in memory.
        level = logging.DEBUG if tier == self._memory.name else logging.INFO
        if _log.isEnabledFor(level):
            self._tell(level, key, tier, hits)
        return self._cached(key, record, CacheStatus.HIT, tier, left)

    def _tell(self, level: int, key: CacheKey, tier: str, hits: int | None) -> None:
        """Log a hit, with the number of hits where it is known, those included that are not written yet."""
        if hits is not None and self._hit_counts is not None:
            hits += self._hit_counts.pending(key.digest)
        count = "" if hits is None else f" (hits={hits})"
        _log.log(
            level, "Cache HIT (%s): %s…%s", tier.upper(), key.digest[:6], count, extra={"cache": key.namespace}
        )

    def _expired(self, key: CacheKey, record: CacheEntry, tier: str) -> CacheResult[Any]:
        self._stats.miss(tier, key.namespace)
        return self._cached(key, record, CacheStatus.STALE, tier, 0.0)

    def _cached(
        self, key: CacheKey, record: CacheEntry, status: CacheStatus, tier: str, left: float
    ) -> CacheResult[Any]:
        age = max(0.0, self._wall() - record.created)
        return CacheResult(record.value, status, key.digest, tier, age, record.corpus_version, left)


def _outcome(hit: CacheResult[Any] | None) -> dict[str, str]:
    return (
        {"rag.cache.result": "miss"}
        if hit is None
        else {"rag.cache.result": "hit", "rag.cache.tier": str(hit.tier)}
    )
