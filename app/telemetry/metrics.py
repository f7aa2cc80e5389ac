"""Every instrument of the service, in one registry of its own.

Base units, `_total` on counters only, and no ids or query text in labels: a label's values are few and known.
"""

from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

# Seconds: a cached answer takes a millisecond, a slow model minutes.
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
# Seconds: the loop should come round within 50 ms.
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """Instruments by the names that dashboards and alerts know."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

        self.sse_streams_active = self._gauge("rag_sse_streams_active", "Event streams open now.")
        self.sse_streams = self._counter(
            "rag_sse_streams_total",
            "Event streams by how they ended: completed, client_disconnect, error or shutdown.",
            "end",
        )
        self.feedback = self._counter("rag_feedback_total", "Verdicts of people on answers.", "verdict")
        self.dependency_up = self._gauge(
            "rag_dependency_up", "1 if the dependency answered the last probe.", "dependency"
        )
        self.event_loop_lag = self._histogram(
            "rag_event_loop_lag_seconds", "How late the event loop woke a sleeper.", LAG_SECONDS
        )
        self._gauge("rag_build_info", "1, labelled with the release.", "version").labels(version).set(1)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(name, help_, labels, registry=self.registry)

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        return Gauge(name, help_, labels, registry=self.registry)

    def _histogram(self, name: str, help_: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, help_, labels, buckets=buckets, registry=self.registry)
