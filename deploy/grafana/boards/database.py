"""Postgres as the service sees it."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import quantile, rate

DATABASE = Dashboard(
    "localchat-database",
    "LocalChat / Database",
    "Postgres as the service sees it: the pools, the searches, the slowest tier of the cache.",
    [
        Row(
            "Pools",
            [
                Panel(
                    "Connections",
                    "Of each replica's pool, in use and idle.",
                    "short",
                    [Query("sum by (instance, state) (rag_db_pool_connections)", "{{instance}} {{state}}")],
                    stacked=True,
                ),
                Panel(
                    "Waiting for a connection",
                    "99 % of waits are shorter. Milliseconds: the pool is too small, or transactions too long.",
                    "s",
                    [Query(quantile(0.99, "rag_db_pool_acquire_seconds", "instance"), "{{instance}}")],
                ),
                Panel(
                    "Connections taken",
                    "From the pool per second.",
                    "ops",
                    [Query(rate("rag_db_pool_acquire_seconds_count", "instance"), "{{instance}}")],
                ),
            ],
        ),
        Row(
            "Work",
            [
                Panel(
                    "Retrieval",
                    "Both arms and their fusion; 95 % take less.",
                    "s",
                    [Query(quantile(0.95, "rag_stage_duration_seconds", where='stage="retrieve"'), "95 %")],
                ),
                Panel(
                    "Storing chunks",
                    "95 % of documents are stored sooner.",
                    "s",
                    [Query(quantile(0.95, "rag_ingest_stage_duration_seconds", where='stage="store"'), "95 %")],
                ),
                Panel(
                    "Cache in Postgres",
                    "99 % of its operations take less.",
                    "s",
                    [
                        Query(
                            quantile(0.99, "rag_cache_operation_duration_seconds", "op", where='tier="l3"'),
                            "{{op}}",
                        )
                    ],
                ),
                Panel(
                    "Reached",
                    "1 where the last probe was answered.",
                    "short",
                    [Query('min by (instance) (rag_dependency_up{dependency="postgres"})', "{{instance}}")],
                    maximum=1,
                ),
            ],
        ),
    ],
)
