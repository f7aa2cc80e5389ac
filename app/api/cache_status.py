"""The `Cache-Status` header, RFC 9211."""

from collections.abc import Mapping

from app.domain.answers import Event, Start

CACHE_STATUS: Mapping[str, object] = {
    "description": "What the cache did (RFC 9211): `hit` with the tier as `detail`, or why it was passed by",
    "schema": {"type": "string"},
    "example": "LocalChat; hit; ttl=3600; detail=l1",
}


def cache_status(status: str, tier: str | None, ttl: float | None = None, *, control: str = "use") -> str:
    """Name the tier that answered, or why none did. `ttl` in seconds, `control` as the request has it."""
    match status:
        case "hit" | "stale":
            life = "" if ttl is None else f"; ttl={int(ttl)}"
            return f"LocalChat; hit{life}; detail={tier}{'-stale' if status == 'stale' else ''}"
        case "bypass":
            return "LocalChat; fwd=request"
        case _:
            return f"LocalChat; fwd={'request' if control == 'refresh' else 'uri-miss'}; stored"


def answer_headers(event: Event, control: str) -> dict[str, str]:
    """The headers of an answer that begins with this event: none if no cache was on its way."""
    if not isinstance(event, Start) or "status" not in event.cache:
        return {}
    return {"Cache-Status": cache_status(event.cache["status"], event.cache.get("tier"), control=control)}
