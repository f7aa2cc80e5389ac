"""HTTP metrics: prometheus-fastapi-instrumentator measures, /metrics shows."""

from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import metrics
from prometheus_fastapi_instrumentator.middleware import PrometheusInstrumentatorMiddleware
from starlette.requests import Request

from app.api.routing import DirectRoute
from app.telemetry.metrics import REQUEST_SECONDS


class Instrumentation(PrometheusInstrumentatorMiddleware):
    """Finds the template of a hot route without trying every route, which costs more than serving it."""

    def __init__(self, *args: Any, hot: frozenset[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._hot = hot

    def _get_handler(self, request: Request) -> tuple[str, bool]:
        path = request.scope["path"]
        return (path, True) if path in self._hot else super()._get_handler(request)


def instrument(app: FastAPI, registry: CollectorRegistry) -> None:
    """Count and time requests by route template, method and status. A stream lasts until its headers are sent."""
    app.add_middleware(
        Instrumentation,
        hot=frozenset(route.path for route in app.routes if isinstance(route, DirectRoute)),
        should_group_status_codes=False,
        excluded_handlers=["^/metrics$", "^/health/"],
        instrumentations=[
            metrics.requests(metric_name="http_requests_total", registry=registry),
            metrics.latency(
                metric_name="http_request_duration_seconds",
                should_exclude_streaming_duration=True,
                buckets=REQUEST_SECONDS,
                registry=registry,
            ),
        ],
        registry=registry,
    )
