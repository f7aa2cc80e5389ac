"""The page and the plot of what `bench_cache` found."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from tests.performance.cache.aims import LIMITS, aims
from tests.performance.cache.replicas import RATES
from tests.performance.cache.tiers import HIT
from tests.performance.cache.traffic import TIERS
from tests.performance.shared.report import Report

_COLOURS = {"l1": "#1f5fa8", "l2": "#5f9bd1", "l3": "#a9cbe8"}
_PAGE = """# The cache, measured

Written by `make bench-cache`, with the floors in the same run; all figures are in [cache.tsv](cache.tsv).
Contenders take turns: a figure is the median of {repeats} turns, a ratio the median of the ratios within a turn.
Ratios hold between machines, absolute times do not. The machine had {cores:.0f} cores, and a load of {load:.1f} by
other work before the run: what waits for a turn on a core shows in every p99.

{aims}

![Throughput, response times and hit rates](cache.png)

## How often each tier has the answer
Through the real chain; L2 and L3 forget nothing by themselves. A tier's rate counts the questions that came as far
as it; "all tiers" is the share that nobody had to compute. No cache can have more of a log than its repeats, and L3
has nothing that L2 lacks until L2 loses it. So the three tiers together reach 80, 60 and 40 % where questions come
back, replicas do not share memory, and L2 was emptied once, as in the last row.

{traffic}

## What the eviction policy is worth
L1 by itself. The bound is a fixed set of the most popular questions, for logs every repeat.

{eviction}
"""


def write_page(report: Report, folder: Path, repeats: int) -> None:
    found = report.aims(aims())
    (folder / "cache.md").write_text(
        _PAGE.format(
            repeats=repeats,
            cores=report.figures["machine", "", "", "cores"],
            load=report.figures["machine", "", "", "load"],
            aims=_table(("aim", "bound", "measured", ""), found),
            traffic=_rates(report, "traffic", ("all tiers", *TIERS)),
            eviction=_table(("traffic", "S3-FIFO", "LRU", "bound"), _policies(report)),
        )
    )


def draw(report: Report, path: Path) -> None:
    figure = Figure(figsize=(13, 4.5), layout="constrained")
    rates, times, hits = figure.subplots(1, 3)
    _draw_throughput(report, rates)
    _draw_times(report, times)
    _draw_hits(report, hits)
    for axes in (rates, times, hits):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _draw_throughput(report: Report, axes: Any) -> None:
    """As multiples of each floor."""
    bars = {
        "L1 over HTTP, of a\nbare Starlette route": ("http", "HTTP, 16 connections", "l1", "rate_ratio"),
        "L2, 16 readers, of\nredis.asyncio": ("tiers", "L2 2 KB, 16 readers", HIT, "rate_ratio"),
        "L2, 64 readers": ("tiers", "L2 2 KB, 64 readers", HIT, "rate_ratio"),
        "L3, 16 readers, of\nasyncpg.Pool": ("tiers", "L3 2 KB, 16 readers", HIT, "rate_ratio"),
        "L3, 64 readers": ("tiers", "L3 2 KB, 64 readers", HIT, "rate_ratio"),
    }
    shown = {label: report.figures[name] for label, name in bars.items() if name in report.figures}
    axes.barh(list(shown), list(shown.values()), color=_COLOURS["l1"])
    axes.axvline(1, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.set_title("Throughput of whole hits, of the floor's")


def _draw_times(report: Report, axes: Any) -> None:
    for place, tier in enumerate(TIERS):
        for rate, marker in zip(RATES, "os", strict=True):
            for measure, fill in (("p50_us", _COLOURS[tier]), ("p99_us", "white")):
                value = report.figures.get(("http", f"arrivals, {rate}/s", tier, measure))
                if value is not None:
                    axes.plot(place, value / 1e3, marker, color=_COLOURS[tier], markerfacecolor=fill)
        axes.plot(place, LIMITS[tier] / 1e3, "k_", markersize=24)
    axes.set_yscale("log")
    axes.set_xticks(range(len(TIERS)), [tier.upper() for tier in TIERS])
    axes.set_ylabel("ms")
    axes.set_title(f"Over HTTP at {RATES[0]} (o) and {RATES[1]} (square) requests/s:\np50 filled, p99 empty, limit")


def _draw_hits(report: Report, axes: Any) -> None:
    """What each tier answers of all questions."""
    cases = _cases(report, "traffic")
    left = [0.0] * len(cases)
    reached = [1.0] * len(cases)
    for tier in TIERS:
        share = [report.figures["traffic", case, tier, "hit_rate"] for case in cases]
        answered = [rate * whole for rate, whole in zip(share, reached, strict=True)]
        axes.barh(range(len(cases)), answered, left=left, color=_COLOURS[tier], label=tier.upper())
        left = [a + b for a, b in zip(left, answered, strict=True)]
        reached = [a - b for a, b in zip(reached, answered, strict=True)]
    labels = [
        case.replace(", rolling restarts, L2 emptied once", ", restarts").replace(" questions, ", ",\n")
        for case in cases
    ]
    axes.set_yticks(range(len(cases)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.legend(ncols=3, loc="lower right", fontsize=7)
    axes.set_title("Answered by each tier, of all questions")


def _rates(report: Report, part: str, subjects: tuple[str, ...]) -> str:
    rows = [
        (case, *(f"{report.figures[part, case, subject, 'hit_rate']:.1%}" for subject in subjects))
        for case in _cases(report, part)
    ]
    return _table((part, *subjects), rows)


def _policies(report: Report) -> list[tuple[str, ...]]:
    rows = []
    for case in _cases(report, "eviction"):
        rates = {
            name[2]: value for name, value in report.figures.items() if name[1] == case and name[3] == "hit_rate"
        }
        bound = next(name for name in rates if name not in {"S3-FIFO", "LRU"})
        rows.append((case, *(f"{rates[name]:.1%}" for name in ("S3-FIFO", "LRU")), f"{rates[bound]:.1%} ({bound})"))
    return rows


def _cases(report: Report, part: str) -> list[str]:
    return list(dict.fromkeys(name[1] for name in report.figures if name[0] == part))


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
