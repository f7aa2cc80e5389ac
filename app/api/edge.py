"""Where a trace begins or is joined, by FastAPI's own telemetry and by our correlation, which must agree."""

from opentelemetry import trace
from starlette.types import Scope

from app.telemetry import correlation
from app.telemetry.correlation import Correlation

# Probes and scrapes: neither logged nor traced.
QUIET = ("/health/", "/metrics")
_IDS = "localchat.ids"


class EdgeSampler:
    """Decides whether a request is recorded, before anything is spent on it: it has the ids of the caller's trace,
    who has decided about that, or begins one, of which the share `sample` is recorded.

    Called by FastAPI for what to leave out.
    """

    def __init__(self, sample: float) -> None:
        self._sample = sample

    def __call__(self, scope: Scope) -> bool:
        ids = scope[_IDS] = _correlated(scope, self._sample)
        return not ids.sampled or scope["path"].startswith(QUIET)


def ids_of(scope: Scope) -> Correlation:
    """A request's ids; those of its span if it is recorded."""
    ids: Correlation = scope.get(_IDS) or _correlated(scope)
    return correlation.joined(ids) if is_recorded(scope) else ids


def is_recorded(scope: Scope) -> bool:
    return scope.get("fastapi.telemetry") is not None


def name_span(scope: Scope) -> None:
    """Name the span of a request that no router sees after its path, which is a route."""
    span = trace.get_current_span()
    span.update_name(f"{scope['method']} {scope['path']}")
    span.set_attribute("http.route", scope["path"])


def _correlated(scope: Scope, sample: float = 1.0) -> Correlation:
    traceparent = request_id = None
    for name, value in scope["headers"]:
        if name == b"traceparent":
            traceparent = value.decode("latin-1")
        elif name == b"x-request-id":
            request_id = value.decode("latin-1")
    return correlation.correlate(traceparent, request_id, sample=sample)
