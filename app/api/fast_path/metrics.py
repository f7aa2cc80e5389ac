"""HTTP metrics: prometheus-fastapi-instrumentator measures, /metrics shows."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from prometheus_fastapi_instrumentator.metrics import Info
from prometheus_fastapi_instrumentator.middleware import PrometheusInstrumentatorMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.telemetry.metrics import Metrics

_BROKEN = "localchat.broken"


class HttpMetricsMiddleware(PrometheusInstrumentatorMiddleware):
    """Finds the template of a hot route without trying every route, which costs more than serving it.

    A response that broke off is told from a complete one.
    """

    def __init__(self, app: ASGIApp, /, *, hot: frozenset[str], **options: Any) -> None:
        async def marking(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except Exception:
                scope[_BROKEN] = True
                raise

        super().__init__(marking, **options)
        self._hot = hot

    def _get_handler(self, request: Request) -> tuple[str, bool]:
        path = request.scope["path"]
        return (path, True) if path in self._hot else super()._get_handler(request)


def instrument(app: FastAPI, metrics: Metrics, *, hot: Iterable[str]) -> None:
    """Count and time requests by route template, method and status. A stream lasts until its headers are sent.

    A response that broke off counts as a 500, whatever its status line said.
    """

    def observe(info: Info) -> None:
        status = "500" if _BROKEN in info.request.scope else info.modified_status
        labels = (info.modified_handler, info.method, status)
        metrics.http_requests.labels(*labels).inc()
        metrics.http_duration.labels(*labels).observe(info.modified_duration_without_streaming)

    app.add_middleware(
        HttpMetricsMiddleware,
        hot=frozenset(hot),
        should_group_status_codes=False,
        excluded_handlers=["^/metrics$", "^/health/"],
        instrumentations=[observe],
        registry=metrics.registry,
    )


def fast_hits(metrics: Metrics) -> Callable[[str, float], None]:
    """Return a function that counts hits of the fast path, which the instrumentation does not see."""

    @lru_cache
    def instruments(path: str) -> tuple[Counter, Histogram]:
        labels = (path, "POST", "200")
        return metrics.http_requests.labels(*labels), metrics.http_duration.labels(*labels)

    def observe(path: str, seconds: float) -> None:
        count, duration = instruments(path)
        count.inc()
        duration.observe(seconds)

    return observe
