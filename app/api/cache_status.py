"""The `Cache-Status` header, RFC 9211."""

from collections.abc import Mapping
from urllib.parse import quote

from app.domain.answers import Start

_LONGEST_QUESTION = 200
# The percent sign itself is encoded, so that a reader can decode the whole.
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")

CACHE_STATUS: Mapping[str, object] = {
    "description": "Use of the cache (RFC 9211): `hit` with the tier as `detail`, or the reason of a miss. "
    "Hits of the tier `semantic` have `similarity` (a cosine) and `matched-query`, the question of the result; "
    "characters that are not printable ASCII are percent-encoded UTF-8",
    "schema": {"type": "string"},
    "example": "LocalChat; hit; ttl=3600; detail=l1",
}


def cache_status(status: str, tier: str | None, ttl: float | None = None, *, control: str = "use") -> str:
    """Name the tier that answered, or why none did. `ttl` in seconds; `control` as in the request."""
    match status:
        case "hit" | "stale":
            life = "" if ttl is None else f"; ttl={int(ttl)}"
            return f"LocalChat; hit{life}; detail={tier}{'-stale' if status == 'stale' else ''}"
        case "bypass":
            return "LocalChat; fwd=request"
        case _:
            return f"LocalChat; fwd={'request' if control == 'refresh' else 'uri-miss'}; stored"


def match_parameters(similarity: float, question: str) -> str:
    """Return the parameters of a hit by meaning. Of a long question, a header has room for the beginning."""
    text = quote(question[:_LONGEST_QUESTION], safe=_PRINTABLE).replace("\\", "\\\\").replace('"', '\\"')
    return f'; similarity={similarity:.3f}; matched-query="{text}"'


def answer_headers(event: object, control: str) -> dict[str, str]:
    """Return the headers of an answer that begins with this event."""
    if not isinstance(event, Start):
        return {}
    status = cache_status(event.cache["status"], event.cache.get("tier"), control=control)
    matched = event.cache.get("matched_query")
    if matched is not None:
        status += match_parameters(event.cache["similarity"], matched)
    return {"Cache-Status": status}
