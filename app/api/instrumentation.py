"""HTTP metrics: prometheus-fastapi-instrumentator measures, /metrics shows."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics

from app.telemetry.metrics import REQUEST_SECONDS


def instrument(app: FastAPI, registry: CollectorRegistry) -> None:
    """Count and time requests by route template, method and status. A stream lasts until its headers are sent."""
    instrumentator = Instrumentator(
        should_group_status_codes=False,
        excluded_handlers=["^/metrics$", "^/health/"],
        registry=registry,
    )
    instrumentator.add(
        metrics.requests(metric_name="http_requests_total", registry=registry),
        metrics.latency(
            metric_name="http_request_duration_seconds",
            should_exclude_streaming_duration=True,
            buckets=REQUEST_SECONDS,
            registry=registry,
        ),
    )
    instrumentator.instrument(app)
