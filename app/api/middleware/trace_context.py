"""Gives each request its ids, and decides whether its trace is recorded."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.telemetry import correlation
from app.telemetry.correlation import Correlation
from app.telemetry.tracing import Tracing

# Probes and scrapes: neither logged nor traced.
QUIET = ("/health/", "/metrics")
_IDS = "localchat.ids"
_RECORDED = "fastapi.telemetry"


class TracedFastAPI(FastAPI):
    """FastAPI, its telemetry included, behind the middleware of `ahead`."""

    def __init__(self, *, tracing: Tracing, ahead: Callable[[ASGIApp], ASGIApp], **options: Any) -> None:
        super().__init__(
            telemetry={
                "tracer_provider": tracing.provider,
                "tracing": tracing.provider is not None,
                "operation_spans": False,
                "metrics": False,
                "logs": False,
            },
            **options,
        )
        self._edge = ahead(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._edge(scope, receive, send)


class TraceContextMiddleware:
    """Gives each request its ids, and keeps FastAPI from opening spans for traces that are not recorded.

    A caller's `traceparent` brings that decision with it; of the traces that begin here the share `sample` is
    recorded.
    """

    def __init__(self, app: ASGIApp, *, sample: float) -> None:
        self.app = app
        self._sample = sample

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            ids = scope[_IDS] = _correlated(scope, self._sample)
            if not ids.sampled or scope["path"].startswith(QUIET):
                # Marks a request as FastAPI's `exclude` would. Calling `exclude` costs a fifth of a cache hit.
                scope[_RECORDED] = None
        await self.app(scope, receive, send)


def ids_of(scope: Scope) -> Correlation:
    """Return a request's ids; those of its span if FastAPI has opened one."""
    ids: Correlation = scope.get(_IDS) or _correlated(scope)
    return correlation.joined(ids) if has_span(scope) else ids


def has_span(scope: Scope) -> bool:
    return scope.get(_RECORDED) is not None


def caller_of(scope: Scope) -> dict[str, str]:
    """Return the `traceparent` of a request, if it has one."""
    value = dict(scope["headers"]).get(b"traceparent")
    return {} if value is None else {"traceparent": value.decode("latin-1")}


def _correlated(scope: Scope, sample: float = 1.0) -> Correlation:
    traceparent = request_id = None
    for name, value in scope["headers"]:
        if name == b"traceparent":
            traceparent = value.decode("latin-1")
        elif name == b"x-request-id":
            request_id = value.decode("latin-1")
    return correlation.correlate(traceparent, request_id, sample=sample)
