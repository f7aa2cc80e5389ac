"""The report on the cache for operators, as plain data.

Counters and latencies are this process's since its start. Entries and bytes of a shared tier are of all replicas.
"""

import os
import platform
from collections.abc import Iterable, Mapping
from typing import Any

from app.cache.backend import BackendStats, TierUsage
from app.cache.stats import CacheStats, NamespaceCounters, TierCounters, TierLatency

_COUNTS = ("hits", "misses", "stale", "errors", "skipped", "refused")
_SAVED = ("seconds_saved", "tokens_saved")
_SHOWN = ("bypassed", "coalesced", "carried", "served_stale", "refreshed", "dropped", *_SAVED)


def report(stats: CacheStats, held: Mapping[str, BackendStats | None]) -> dict[str, Any]:
    """Put counters and contents together. `held` maps a tier to its contents, None if it did not answer."""
    tiers = {tier: _tier(tier, stats, usage) for tier, usage in held.items()}
    # Hits by meaning have no tier of their own: the others hold their entries.
    for tier, _ in stats.tiers:
        tiers.setdefault(tier, _tier(tier, stats, BackendStats({})))
    return {
        "replica": f"{platform.node()}:{os.getpid()}",
        "since": stats.since,
        "tiers": tiers,
        "namespaces": {name: _namespace(counters) for name, counters in sorted(stats.namespaces.items())},
        "invalidations": sum(tier["invalidations"] for tier in tiers.values()),
        **{
            name: sum(getattr(counters, name) for counters in stats.namespaces.values())
            for name in ("coalesced", *_SAVED)
        },
    }


def _tier(tier: str, stats: CacheStats, held: BackendStats | None) -> dict[str, Any]:
    usage = {} if held is None else held.usage
    counted = {namespace: counters for (name, namespace), counters in stats.tiers.items() if name == tier}
    return {
        "available": held is not None,
        "oversized": held.oversized if held else None,
        **_sums(counted.values(), _total(usage.values(), held)),
        "namespaces": {
            namespace: _sums([counted.get(namespace, TierCounters())], usage.get(namespace, TierUsage()))
            for namespace in sorted({*counted, *usage})
        },
    }


def _total(usage: Iterable[TierUsage], held: BackendStats | None) -> TierUsage:
    each = list(usage)
    entries, size = sum(item.entries for item in each), sum(item.bytes for item in each)
    return TierUsage(entries, size, held.evictions if held else None)


def _sums(counters: Iterable[TierCounters], usage: TierUsage) -> dict[str, Any]:
    each, latency = list(counters), TierLatency()
    for item in each:
        latency.add(item.latency)
    counts = {name: sum(getattr(item, name) for item in each) for name in _COUNTS}
    counts["invalidations"] = sum(item.invalidations.total() for item in each)
    looked = counts["hits"] + counts["misses"] + counts["stale"]
    return {
        "entries": usage.entries,
        "bytes": usage.bytes,
        "evictions": usage.evictions,
        **counts,
        "hit_rate": counts["hits"] / looked if looked else None,
        "latency_ms": {"p50": _ms(latency.percentile(0.50)), "p99": _ms(latency.percentile(0.99))},
    }


def _namespace(counters: NamespaceCounters) -> dict[str, Any]:
    hits = counters.requests - counters.misses
    return {
        "requests": counters.requests,
        "hits": hits,
        "misses": counters.misses,
        "hit_rate": hits / counters.requests if counters.requests else None,
        **{name: getattr(counters, name) for name in _SHOWN},
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
