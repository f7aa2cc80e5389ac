"""Counters of the cache since the process began, by tier and namespace."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import accumulate

_SUB_BITS = 3
_BUCKETS = 40 << _SUB_BITS


class TierLatency:
    """Counts in fixed buckets, eight to each power of two of nanoseconds: off by at most 1/8."""

    def __init__(self) -> None:
        self.counts = [0] * _BUCKETS
        self.total = 0
        self.nanoseconds = 0

    def observe(self, nanoseconds: int) -> None:
        self.counts[_bucket(nanoseconds)] += 1
        self.total += 1
        self.nanoseconds += nanoseconds

    def add(self, other: "TierLatency") -> None:
        """Add the counts of another histogram."""
        for bucket, count in enumerate(other.counts):
            self.counts[bucket] += count
        self.total += other.total
        self.nanoseconds += other.nanoseconds

    def below(self, seconds: float) -> int:
        """Return the number of observations in buckets that end below this many seconds."""
        return sum(self.counts[: _bucket(int(seconds * 1e9))])

    def percentile(self, share: float) -> float | None:
        """Return the upper bound, in seconds, of the bucket that holds this share; None before the first."""
        if self.total == 0:
            return None
        wanted = max(1, share * self.total)
        bucket = next(index for index, passed in enumerate(accumulate(self.counts)) if passed >= wanted)
        exponent = max(0, (bucket >> _SUB_BITS) - 1)
        return (bucket - (exponent << _SUB_BITS) + 1 << exponent) / 1e9


def _bucket(nanoseconds: int) -> int:
    exponent = nanoseconds.bit_length() - _SUB_BITS - 1
    bucket = nanoseconds if exponent <= 0 else (exponent << _SUB_BITS) + (nanoseconds >> exponent)
    return min(bucket, _BUCKETS - 1)


class Counted(Enum):
    """The events that one search of the tiers counts.

    HITS: hits alone, since the request has looked before and its misses are counted. USE: the use of an entry by
    another question, which is no hit of the tier but saves as much.
    """

    EVERYTHING = auto()
    HITS = auto()
    USE = auto()
    NOTHING = auto()


@dataclass(slots=True)
class TierCounters:
    """Counts of one namespace in one tier.

    `skipped`: looks that the open breaker prevented. `refused`: payloads that were not opened. `invalidations` and
    `evictions` are by reason; `latency` is of hits.
    """

    hits: int = 0
    misses: int = 0
    stale: int = 0
    errors: int = 0
    skipped: int = 0
    refused: int = 0
    invalidations: Counter[str] = field(default_factory=Counter)
    evictions: Counter[str] = field(default_factory=Counter)
    latency: TierLatency = field(default_factory=TierLatency)


@dataclass(slots=True)
class NamespaceCounters:
    """`dropped`: writes to the shared tiers given up because too many were under way."""

    requests: int = 0
    misses: int = 0
    bypassed: int = 0
    coalesced: int = 0
    carried: int = 0
    served_stale: int = 0
    refreshed: int = 0
    dropped: int = 0
    seconds_saved: float = 0.0
    tokens_saved: int = 0


class CacheStats:
    """Counters of the whole chain. `operations`: latencies of sets and deletes, by tier and operation."""

    def __init__(self) -> None:
        self.operations: dict[tuple[str, str], TierLatency] = {}
        self._tiers: dict[tuple[str, str], TierCounters] = {}
        self._namespaces: dict[str, NamespaceCounters] = {}
        self.since = datetime.now(UTC)

    @property
    def tiers(self) -> Mapping[tuple[str, str], TierCounters]:
        """Counters by tier and namespace."""
        return self._tiers

    @property
    def namespaces(self) -> Mapping[str, NamespaceCounters]:
        return self._namespaces

    def tier(self, tier: str, namespace: str) -> TierCounters:
        counters = self._tiers.get((tier, namespace))
        if counters is None:
            counters = self._tiers[tier, namespace] = TierCounters()
        return counters

    def of(self, namespace: str) -> NamespaceCounters:
        counters = self._namespaces.get(namespace)
        if counters is None:
            counters = self._namespaces[namespace] = NamespaceCounters()
        return counters

    def hit(self, tier: str, namespace: str, nanoseconds: int) -> None:
        counters = self.tier(tier, namespace)
        counters.hits += 1
        counters.latency.observe(nanoseconds)

    def miss(self, tier: str, namespace: str) -> None:
        self.tier(tier, namespace).misses += 1

    def error(self, tier: str, namespace: str) -> None:
        self.tier(tier, namespace).errors += 1

    def invalidated(self, tier: str, namespace: str, reason: str) -> None:
        self.tier(tier, namespace).invalidations[reason] += 1

    def evicted(self, tier: str, namespace: str, reason: str, entries: int = 1) -> None:
        self.tier(tier, namespace).evictions[reason] += entries

    def operated(self, tier: str, operation: str, nanoseconds: int) -> None:
        """Count one set or delete that a tier completed."""
        self.operations.setdefault((tier, operation), TierLatency()).observe(nanoseconds)

    def coalesced(self, namespace: str) -> None:
        self.of(namespace).coalesced += 1

    def totals(self) -> dict[str, dict[str, float]]:
        """Return the counts since the process began, by namespace: sums that only grow."""
        totals: dict[str, dict[str, float]] = {}
        for name, counters in self._namespaces.items():
            totals[name] = {
                "requests": counters.requests,
                "misses": counters.misses,
                "bypassed": counters.bypassed,
                "coalesced": counters.coalesced,
                "seconds_saved": counters.seconds_saved,
                "tokens_saved": counters.tokens_saved,
                "stale": 0,
            }
        for (tier, name), counted in self._tiers.items():
            if name in totals:
                totals[name][f"{tier}_hits"] = counted.hits
                totals[name]["stale"] += counted.stale
        return totals
