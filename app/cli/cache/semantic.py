"""The output of `localchat cache semantic`."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.cache.tables import call, table_of

_MODES = {
    "off": "Matching by meaning is off.",
    "shadow": "In shadow: compared with fresh results, never served.",
    "serve": "Served where labels show that the budget is kept.",
}


_FIGURES = ("from", "hit rate", "false hits", "interval", "wrong/request", "labels", "requests", "served")


async def show_matching(collection: str | None, examples: int, *, url: str, api_key: str | None) -> None:
    """Print a table of collections, and examples of right and of false matches.

    Raises:
        CommandFailed: the service does not answer, or refuses.
    """
    asked = {"examples": str(examples)} | ({"collection": collection} if collection else {})
    report = await call("GET", "/api/cache/semantic", url, api_key, params=asked)
    console = Console(highlight=False)
    console.print(f"{_MODES[report['mode']]} Budget: {report['error_budget']:.2%} of requests answered wrongly.")
    if report["items"]:
        console.print(_summary(report["items"]))
    for item in report["items"]:
        _explain(console, item)


def _summary(items: list[Mapping[str, Any]]) -> Table:
    table = table_of("collection", "namespace", *_FIGURES)
    for item in items:
        low, high = item["interval"] or (None, None)
        table.add_row(
            item["collection"],
            item["namespace"],
            "-" if item["threshold"] is None else f"{item['threshold']:.3f}",
            f"{item['hit_rate']:.1%}",
            _share(item["false_hits"]),
            "" if low is None else f"{_share(low)}-{_share(high)}",
            "" if item["wrong_bound"] is None else f"≤ {item['wrong_bound']:.2%}",
            f"{item['labels']} ({item['wrong']} wrong)",
            str(item["requests"]),
            str(item["served"]),
        )
    return table


def _explain(console: Console, item: Mapping[str, Any]) -> None:
    console.print(f"\n{item['collection']}, {item['namespace']}: {item['reason']}", style="bold", markup=False)
    for kind, mark in (("right_examples", "+"), ("wrong_examples", "-")):
        for each in item[kind]:
            how = "served" if each["served"] else "not served"
            console.print(
                Text(f"  {mark} {each['similarity']:.3f} {each['question']}  =  {each['matched']}"),
                Text(f" ({how}, {each['source']}: {each['detail']})".replace(": )", ")"), style="dim"),
            )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
