"""Rate, errors and duration of what people ask."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import RATE, mean, quantile, quantiles, rate, ratio

_API = 'job="localchat"'

OVERVIEW = Dashboard(
    "localchat-overview",
    "LocalChat / Overview",
    "Rate, errors and duration of what people ask, and whether what it stands on is there.",
    [
        Row(
            "Now",
            [
                Panel(
                    "Replicas",
                    "API processes that Prometheus reaches.",
                    "short",
                    [Query(f"sum(up{{{_API}}})")],
                    "stat",
                ),
                Panel(
                    "Workers",
                    "Worker processes that Prometheus reaches.",
                    "short",
                    [Query('sum(up{job="localchat-worker"})')],
                    "stat",
                ),
                Panel(
                    "Dependencies",
                    "1 where every replica reaches it, 0 where one does not.",
                    "short",
                    [Query("min by (dependency) (rag_dependency_up)", "{{dependency}}")],
                    "stat",
                ),
                Panel(
                    "Open streams",
                    "Answers and progress reports that are being sent.",
                    "short",
                    [Query("sum(rag_sse_streams_active)")],
                    "stat",
                ),
                Panel(
                    "Releases",
                    "Replicas by release.",
                    "short",
                    [Query("count by (version) (rag_build_info)", "{{version}}")],
                    "stat",
                ),
            ],
            height=4,
        ),
        Row(
            "Requests",
            [
                Panel(
                    "Rate",
                    "HTTP requests per second by route.",
                    "reqps",
                    [Query(rate("http_requests_total", "handler", where=_API), "{{handler}}")],
                    stacked=True,
                ),
                Panel(
                    "Errors",
                    "Share of requests that ended in a 5xx, and in a 4xx.",
                    "percentunit",
                    [
                        Query(
                            ratio(
                                rate("http_requests_total", where=f'{_API},status=~"{digit}.."'),
                                rate("http_requests_total", where=_API),
                            ),
                            f"{digit}xx",
                        )
                        for digit in (5, 4)
                    ],
                ),
                Panel(
                    "Duration",
                    "Of requests; a stream counts until its headers are sent.",
                    "s",
                    [Query(*found) for found in quantiles("http_request_duration_seconds", _API)],
                ),
            ],
        ),
        Row(
            "Questions",
            [
                Panel(
                    "Outcomes",
                    "Questions per second by how they ended.",
                    "ops",
                    [Query(rate("rag_queries_total", "outcome"), "{{outcome}}")],
                    stacked=True,
                ),
                Panel(
                    "Time to the first words",
                    "95 % of answers begin sooner, by the tier that gave them; `miss` asked the model.",
                    "s",
                    [Query(quantile(0.95, "rag_time_to_first_token_seconds", "cache"), "{{cache}}")],
                ),
                Panel(
                    "Where the time goes",
                    "Mean of each stage of a question.",
                    "s",
                    [Query(mean("rag_stage_duration_seconds", "stage"), "{{stage}}")],
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Processes",
            [
                Panel(
                    "How streams end",
                    "Event streams per second by how they ended.",
                    "ops",
                    [Query(rate("rag_sse_streams_total", "end"), "{{end}}")],
                    stacked=True,
                ),
                Panel(
                    "Event loop lateness",
                    "99 % of wakings come sooner; late ones delay everybody.",
                    "s",
                    [Query(quantile(0.99, "rag_event_loop_lag_seconds", "instance"), "{{instance}}")],
                ),
                Panel(
                    "Processor",
                    "Cores in use by process.",
                    "short",
                    [Query(f"rate(process_cpu_seconds_total{RATE})", "{{instance}}")],
                ),
                Panel(
                    "Memory",
                    "Resident memory by process.",
                    "bytes",
                    [Query("process_resident_memory_bytes", "{{instance}}")],
                ),
            ],
        ),
    ],
)
