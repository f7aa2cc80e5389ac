"""A collection's limits on the cache: `cache` among its settings.

`ttl` is how long a result may be used, in seconds. `max_entries` and `max_bytes` are read by L3 when it makes room.
"""

from collections.abc import Mapping
from typing import Any

_CACHE = "cache"


def longest_use(settings: Mapping[str, Any]) -> float | None:
    """Seconds for which a result may be used, from its computation; None leaves that to the tiers."""
    ttl: float | None = settings.get(_CACHE, {}).get("ttl")
    return ttl


def that_change_results(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that belong into a cache key: the limits change no result."""
    return {name: value for name, value in settings.items() if name != _CACHE}
