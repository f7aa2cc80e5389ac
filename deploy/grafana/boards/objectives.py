"""The objectives that the burn-rate alerts watch."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row

_OBJECTIVES = (
    ("availability", "HTTP requests that do not end in a 5xx", 0.005),
    ("answers", "Questions that do not end in an error", 0.01),
    ("search_latency", "Searches within half a second", 0.05),
)
_WINDOWS = ("5m", "30m", "1h", "6h", "3d")

SLO = Dashboard(
    "localchat-slo",
    "LocalChat / Objectives",
    "What is left of each error budget, and how fast it burns: 1 spends it in exactly a month.",
    [
        Row(
            title,
            [
                Panel(
                    "Kept",
                    f"Share of the last three days; the objective is {1 - budget:.1%}.",
                    "percentunit",
                    [Query(f"1 - localchat:{name}:error_ratio_rate3d")],
                    "stat",
                ),
                Panel(
                    "Budget left",
                    "Of what three days may spend; below 0 the objective is missed.",
                    "percentunit",
                    [Query(f"1 - localchat:{name}:error_ratio_rate3d / {budget}")],
                    "stat",
                ),
                Panel(
                    "Burn rate",
                    "By window. Alerts: 14.4 over 1h and 5m, 6 over 6h and 30m, 1 over 3d and 6h.",
                    "none",
                    [Query(f"localchat:{name}:error_ratio_rate{window} / {budget}", window) for window in _WINDOWS],
                ),
            ],
        )
        for name, title, budget in _OBJECTIVES
    ],
)
