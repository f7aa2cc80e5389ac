"""What pages of other origins may send and read (the CORS protocol of the Fetch standard)."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Range",
    "X-API-Key",
    "X-Request-ID",
    "X-Unit-ID",
    "traceparent",
)
_READ = (
    "Accept-Ranges",
    "Cache-Status",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Experiment",
    "X-Request-ID",
)
_PREFLIGHT_SECONDS = 3600


def with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Let pages of these origins use `app`. Keys are sent by their scripts, so no cookies are allowed for."""
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_SENT,
        expose_headers=_READ,
        allow_private_network=True,
        max_age=_PREFLIGHT_SECONDS,
    )
