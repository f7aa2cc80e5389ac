"""The output of `localchat cache stats`, `top` and `clear`."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.api_client import api_client, problem_of
from app.cli.shared import CommandFailed

_KIB = 1024
_USE = ("entries", "size", "hits", "misses", "rate", "p50", "p99", "evicted", "errors")


async def show_stats(*, url: str, api_key: str | None) -> None:
    """Print a table of tiers and namespaces, and the savings.

    Raises:
        CommandFailed: the service does not answer, or refuses; so do the others.
    """
    stats = await call("GET", "/api/cache/stats", url, api_key)
    table = table_of("tier", "namespace", *_USE)
    for name, tier in stats["tiers"].items():
        state = "all" if tier["available"] else "no answer"
        table.add_row(name, state, *_use(tier), style="bold")
        for namespace, use in tier["namespaces"].items():
            table.add_row("", namespace, *_use(use), style="dim")
    console = Console(highlight=False)
    console.print(table)
    requests = sum(each["requests"] for each in stats["namespaces"].values())
    console.print(
        f"{requests} requests at {stats['replica']} since {stats['since'][:19].replace('T', ' ')} UTC, "
        f"{stats['coalesced']} joined another's computation. "
        f"Saved: {_duration(stats['seconds_saved'])} of computing and {stats['tokens_saved']} tokens. "
        f"{stats['invalidations']} entries became unfit."
    )


async def show_top(limit: int, namespace: str | None, *, url: str, api_key: str | None) -> None:
    """Print the most used entries."""
    asked = {"limit": str(limit)} | ({"namespace": namespace} if namespace else {})
    found = await call("GET", "/api/cache/top", url, api_key, params=asked)
    table = table_of("hits", "namespace", "collection", "question", "size", "key")
    for entry in found["items"]:
        question = Text(("📌 " if entry["pinned"] else "") + entry["question"], overflow="ellipsis", no_wrap=True)
        table.add_row(
            str(entry["hit_count"]),
            entry["namespace"],
            entry["collection"] or "",
            question,
            _size(entry["size_bytes"]),
            entry["key"][:12],
        )
    Console(highlight=False).print(table)


async def clear_cache(scope: Mapping[str, str | None] | None, *, url: str, api_key: str | None) -> None:
    """Clear the entries in `scope`; with None, the expired ones."""
    if scope is None:
        removed = await call("POST", "/api/cache/clear-expired", url, api_key)
    else:
        removed = await call("POST", "/api/cache/clear", url, api_key, json=scope)
    Console(highlight=False).print(f"Removed {removed['removed']} entries.")


async def call(method: str, path: str, url: str, api_key: str | None, **request: Any) -> Any:
    """Ask the service and return its reply.

    Raises:
        CommandFailed: it does not answer, or refuses.
    """
    async with api_client(url, api_key) as client:
        response = await client.request(method, path, **request)
    if response.is_error:
        raise CommandFailed(problem_of(response))
    return response.json()


def table_of(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        text = column in {"tier", "namespace", "collection", "question", "key"}
        table.add_column(column, justify="left" if text else "right")
    return table


def _use(use: Mapping[str, Any]) -> list[str]:
    return [
        str(use["entries"]),
        _size(use["bytes"]),
        str(use["hits"]),
        str(use["misses"]),
        "" if use["hit_rate"] is None else f"{use['hit_rate']:.1%}",
        _ms(use["latency_ms"]["p50"]),
        _ms(use["latency_ms"]["p99"]),
        "" if use["evictions"] is None else str(use["evictions"]),
        str(use["errors"]),
    ]


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < _KIB:
            return f"{count:.0f} {unit}"
        count /= _KIB
    return f"{count:.1f} GiB"


def _ms(milliseconds: float | None) -> str:
    if milliseconds is None:
        return ""
    return f"{milliseconds * 1000:.0f} µs" if milliseconds < 1 else f"{milliseconds:.1f} ms"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:.0f} min {seconds:.0f} s" if minutes else f"{seconds:.1f} s"
