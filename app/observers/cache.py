"""The cache's counters as Prometheus metrics, made when they are scraped, so that a hit records nothing twice."""

from collections import defaultdict
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from app.cache.stats import CacheStats, TierLatency

# Seconds: memory answers in microseconds, and a shared tier is given up after a quarter of a second.
CACHE_SECONDS = (2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.25)


class CacheCollector(Collector):
    """Counts of every namespace and tier since the process began; series appear with their first event."""

    def __init__(self, stats: CacheStats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        results = "hit, miss, stale, error, or bypass (tier none)"
        requests = _counter("requests", f"Looks into a tier by result: {results}.", "tier", "result")
        evictions = _counter("evictions", "Entries given up for room.", "tier", "reason")
        invalidations = _counter("invalidations", "Entries that may not be served again.", "tier", "reason")
        coalesced = _counter("coalesced", "Requests that joined a computation under way.")
        for namespace, counted in self._stats.namespaces.items():
            _add(requests, counted.bypassed, namespace, "none", "bypass")
            _add(coalesced, counted.coalesced, namespace)
        for (tier, namespace), counters in self._stats.tiers.items():
            _add(requests, counters.hits, namespace, tier, "hit")
            _add(requests, counters.misses, namespace, tier, "miss")
            _add(requests, counters.stale, namespace, tier, "stale")
            _add(requests, counters.errors, namespace, tier, "error")
            for reason, count in counters.evictions.items():
                _add(evictions, count, namespace, tier, reason)
            for reason, count in counters.invalidations.items():
                _add(invalidations, count, namespace, tier, reason)
        yield from (requests, evictions, invalidations, coalesced, self._durations())

    def _durations(self) -> HistogramMetricFamily:
        family = HistogramMetricFamily(
            "rag_cache_operation_duration_seconds",
            "One operation of a tier: get (of a hit), set or delete.",
            labels=("tier", "op"),
        )
        operations: dict[tuple[str, str], TierLatency] = defaultdict(TierLatency, self._stats.operations)
        for (tier, _), counters in self._stats.tiers.items():
            if counters.hits:
                operations[tier, "get"].add(counters.latency)
        for labels, latency in operations.items():
            buckets = [(str(bound), float(latency.below(bound))) for bound in CACHE_SECONDS]
            family.add_metric(labels, [*buckets, ("+Inf", float(latency.total))], latency.nanoseconds / 1e9)
        return family


def _counter(name: str, help_: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"rag_cache_{name}", help_, labels=("cache", *labels))


def _add(family: CounterMetricFamily, count: int, *labels: str) -> None:
    if count:
        family.add_metric(labels, count)
