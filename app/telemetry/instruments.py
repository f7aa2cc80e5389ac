"""How instruments are made: latency histograms with exemplars, and instruments that do nothing when all are off."""

import time
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec, Self, TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.telemetry import correlation

P = ParamSpec("P")
T = TypeVar("T")


class LatencyHistogram(Histogram):
    """Remembers for each bucket the last sampled trace that fell into it (an OpenMetrics exemplar)."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        super().observe(amount, exemplar or _current_trace())


class NullInstrument:
    """Stands for any instrument while metrics are off."""

    def labels(self, *_values: object) -> Self:
        return self

    def inc(self, amount: float = 1) -> None:
        pass

    def dec(self, amount: float = 1) -> None:
        pass

    def set(self, value: float) -> None:
        pass

    def set_function(self, function: Callable[[], float]) -> None:
        pass

    def observe(self, amount: float) -> None:
        pass


class Instruments:
    """Makes instruments of one registry; with `enabled=False`, null ones."""

    def __init__(self, registry: CollectorRegistry, *, enabled: bool = True) -> None:
        self._registry = registry
        self._enabled = enabled

    def counter(self, name: str, help_: str, *labels: str) -> Counter:
        return self._make(lambda: Counter(name, help_, labels, registry=self._registry))

    def gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        return self._make(lambda: Gauge(name, help_, labels, registry=self._registry))

    def histogram(self, name: str, help_: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return self._make(lambda: Histogram(name, help_, labels, buckets=buckets, registry=self._registry))

    def latency(self, name: str, help_: str, buckets: Sequence[float], *labels: str) -> Histogram:
        """A histogram in seconds that carries exemplars."""
        return self._make(lambda: LatencyHistogram(name, help_, labels, buckets=buckets, registry=self._registry))

    def _make(self, make: Callable[[], T]) -> T:
        return make() if self._enabled else cast("T", NullInstrument())


class timed:  # noqa: N801 - reads as a statement, `with timed(…):`, and as a decorator, `@timed(…)`
    """Time a block, or each call of a coroutine function, into a histogram (seconds), however it ends."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._histogram.observe(time.perf_counter() - self._began)

    def __call__(self, function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        histogram = self._histogram

        @wraps(function)
        async def measured(*args: P.args, **kwargs: P.kwargs) -> T:
            with timed(histogram):
                return await function(*args, **kwargs)

        return measured


def _current_trace() -> dict[str, str] | None:
    ids = correlation.current()
    return {"trace_id": ids.trace_id} if ids is not None and ids.sampled else None
