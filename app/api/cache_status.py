"""The `Cache-Status` header, RFC 9211."""

from typing import Any

from app.cache.record import Cached, CacheStatus


def cache_status(cached: Cached[Any]) -> str:
    """Name the tier that answered, or why none did."""
    match cached.status:
        case CacheStatus.HIT:
            return f"LocalChat; hit; ttl={int(cached.expires_in)}; detail={cached.tier}"
        case CacheStatus.STALE:
            return f"LocalChat; hit; ttl={int(cached.expires_in)}; detail={cached.tier}-stale"
        case CacheStatus.BYPASS:
            return "LocalChat; fwd=request"
        case _:
            return "LocalChat; fwd=uri-miss; stored"
