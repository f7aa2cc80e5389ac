from collections.abc import Callable
from functools import cache

from app.cache.stats import CacheObserver
from app.telemetry.metrics import Metrics


class CacheMetrics(CacheObserver):
    """Counts and times the tiers. Series are looked up once: a hit in memory takes a few microseconds in all."""

    def __init__(self, metrics: Metrics) -> None:
        requests, durations = metrics.cache_requests, metrics.cache_operation_duration
        self._requested = cache(lambda *labels: requests.labels(*labels).inc)
        self._operated: Callable[..., Callable[[float], None]] = cache(
            lambda *labels: durations.labels(*labels).observe
        )
        self._invalidations = metrics.cache_invalidations
        self._evictions = metrics.cache_evictions
        self._coalesced = metrics.cache_coalesced

    def requested(self, namespace: str, tier: str, result: str) -> None:
        self._requested(namespace, tier, result)()

    def operated(self, tier: str, operation: str, seconds: float) -> None:
        self._operated(tier, operation)(seconds)

    def invalidated(self, namespace: str, tier: str, reason: str) -> None:
        self._invalidations.labels(namespace, tier, reason).inc()

    def evicted(self, namespace: str, tier: str, reason: str, entries: int = 1) -> None:
        self._evictions.labels(namespace, tier, reason).inc(entries)

    def coalesced(self, namespace: str) -> None:
        self._coalesced.labels(namespace).inc()
