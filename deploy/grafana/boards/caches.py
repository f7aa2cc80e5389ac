"""What the cache saves, costs and gives up."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import quantile, rate, ratio

_LOOKS = 'result=~"hit|miss|stale|error"'

CACHES = Dashboard(
    "localchat-caches",
    "LocalChat / Caches",
    "What each tier saves, what it costs, and what it gives up.",
    [
        Row(
            "Hits",
            [
                Panel(
                    "Answered by the cache",
                    "Share of looks that found a fresh entry. A tier is asked what the one before it missed.",
                    "percentunit",
                    [
                        Query(
                            ratio(
                                rate("rag_cache_requests_total", "cache", "tier", where='result="hit"'),
                                rate("rag_cache_requests_total", "cache", "tier", where=_LOOKS),
                            ),
                            "{{cache}} {{tier}}",
                        )
                    ],
                    maximum=1,
                ),
                Panel(
                    "Looks by result",
                    "Per second. `stale`: found, but a document has changed what it rests on.",
                    "ops",
                    [Query(rate("rag_cache_requests_total", "result"), "{{result}}")],
                    stacked=True,
                ),
                Panel(
                    "Questions by tier",
                    "Answers per second by the tier that gave them.",
                    "ops",
                    [Query(rate("rag_query_duration_seconds_count", "cache"), "{{cache}}")],
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Speed",
            [
                Panel(
                    "Operations",
                    "99 % of a tier's operations take less.",
                    "s",
                    [
                        Query(
                            quantile(0.99, "rag_cache_operation_duration_seconds", "tier", "op"), "{{tier}} {{op}}"
                        )
                    ],
                ),
                Panel(
                    "Questions",
                    "95 % of questions take less, by the tier that answered.",
                    "s",
                    [Query(quantile(0.95, "rag_query_duration_seconds", "cache"), "{{cache}}")],
                ),
                Panel(
                    "Computed once for several",
                    "Requests per second that joined a computation under way.",
                    "ops",
                    [Query(rate("rag_cache_coalesced_total", "cache"), "{{cache}}")],
                ),
            ],
        ),
        Row(
            "Contents",
            [
                Panel(
                    "Entries",
                    "Largest count of any replica.",
                    "short",
                    [Query("max by (cache, tier) (rag_cache_entries)", "{{cache}} {{tier}}")],
                ),
                Panel(
                    "Size",
                    "Largest of any replica.",
                    "bytes",
                    [Query("max by (cache, tier) (rag_cache_size_bytes)", "{{cache}} {{tier}}")],
                ),
                Panel(
                    "Evictions",
                    "Entries per second given up for room or age.",
                    "ops",
                    [Query(rate("rag_cache_evictions_total", "tier", "reason"), "{{tier}} {{reason}}")],
                ),
                Panel(
                    "Invalidations",
                    "Entries per second that may not be served again.",
                    "ops",
                    [Query(rate("rag_cache_invalidations_total", "tier", "reason"), "{{tier}} {{reason}}")],
                ),
            ],
        ),
    ],
)
