"""What `bench_retrieval` found: tables beside what was aimed at, a file of figures and plots."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

ENOUGH = 0.98
GROWING = {"raw": "#9aa3ad", "vector arm": "#8fb8de", "lexical search": "#e0a458", "hybrid search": "#1f5fa8"}


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one caller and of processors, and the share of the ten nearest that was found."""

    name: str
    p50: float
    p95: float
    processor: float
    recall: float | None


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers a second to eight callers. Of a peer, also how it answers one caller."""

    name: str
    per_second: float
    recall: float | None
    p50: float | None


@dataclass(frozen=True, slots=True)
class Filtered:
    """A filter that keeps `share` of all: median milliseconds and recall of the choice and of each plan."""

    share: float
    plans: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Size:
    """A collection of so many chunks: latencies, seconds of each step of its load, and bytes on disk."""

    chunks: int
    latencies: Sequence[Latency]
    seconds: Mapping[str, float]
    bytes: Mapping[str, int]


def report(sizes: Sequence[Size], filtered: Sequence[Filtered], rates: Sequence[Rate], folder: Path) -> None:
    """Print everything, and write retrieval.tsv and retrieval.png into the folder."""
    rows: list[Sequence[object]] = [("chunks", "measure", "name", "value")]
    for size in sizes:
        rows += _latencies(size)
    rows += _filters(sizes[0].chunks, filtered)
    rows += _rates(sizes[0].chunks, rates)
    rows += _aims(sizes[0], filtered, rates)
    (folder / "retrieval.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    _draw(sizes, filtered, rates, folder / "retrieval.png")
    print(f"\nFigures and plot: {folder}/retrieval.tsv, retrieval.png")


def _latencies(size: Size) -> Iterable[Sequence[object]]:
    raw = size.latencies[0]
    print(f"\n{size.chunks:,} chunks, one caller        p50 ms   p95 ms   x raw   processor ms   x raw   recall@10")
    for row in size.latencies:
        found = "" if row.recall is None else f"{row.recall:.4f}"
        print(
            f"  {row.name:31} {row.p50:8.2f} {row.p95:8.2f} {row.p50 / raw.p50:7.2f}"
            f"   {row.processor:12.2f} {row.processor / raw.processor:7.2f}   {found}"
        )
        yield size.chunks, "p50 ms", row.name, f"{row.p50:.3f}"
        yield size.chunks, "p95 ms", row.name, f"{row.p95:.3f}"
        yield size.chunks, "processor ms", row.name, f"{row.processor:.3f}"
        if row.recall is not None:
            yield size.chunks, "recall@10", row.name, found
    print("  loading, s: " + ", ".join(f"{step} {seconds:.0f}" for step, seconds in size.seconds.items()))
    print("  on disk, MB: " + ", ".join(f"{what} {held / 1e6:.0f}" for what, held in size.bytes.items()))
    for step, seconds in size.seconds.items():
        yield size.chunks, "load s", step, f"{seconds:.1f}"
    for what, held in size.bytes.items():
        yield size.chunks, "bytes", what, held


def _filters(chunks: int, filtered: Sequence[Filtered]) -> Iterable[Sequence[object]]:
    print("\nfilter keeps    as chosen           graph               scan             x best plan")
    for row in filtered:
        plans = {name: f"{p50:7.2f} ms {recall:.3f}" for name, (p50, recall) in row.plans.items()}
        chosen = row.plans["service"][0]
        print(f"  {row.share:8.1%}   " + "    ".join(plans.values()) + f"    {chosen / _best(row):.2f}")
        for name, (p50, recall) in row.plans.items():
            yield chunks, f"filter {row.share:.1%} p50 ms", name, f"{p50:.3f}"
            yield chunks, f"filter {row.share:.1%} recall@10", name, f"{recall:.4f}"


def _rates(chunks: int, rates: Sequence[Rate]) -> Iterable[Sequence[object]]:
    print("\neight callers         answers/s   recall@10   p50 ms of one caller")
    for row in rates:
        alone = "" if row.p50 is None else f"{row.p50:.2f}"
        found = "" if row.recall is None else f"{row.recall:.4f}"
        print(f"  {row.name:18} {row.per_second:10.0f}   {found:9}   {alone}")
        yield chunks, "answers/s", row.name, f"{row.per_second:.1f}"


def _aims(size: Size, filtered: Sequence[Filtered], rates: Sequence[Rate]) -> Iterable[Sequence[object]]:
    p50 = {row.name: row.p50 for row in size.latencies}
    recall = {row.name: row.recall for row in size.latencies}
    answers = {row.name: row.per_second for row in rates}
    aims: list[tuple[str, float, float, bool]] = [
        ("vector arm: recall@10", recall["vector arm"] or 0.0, 0.97, True),
        ("vector arm: p50 as a multiple of raw", p50["vector arm"] / p50["raw"], 1.25, False),
        ("hybrid search: p50 as a multiple of raw", p50["hybrid search"] / p50["raw"], 2.0, False),
    ]
    for row in filtered:
        chosen, found = row.plans["service"]
        aims.append((f"filter of {row.share:.1%}: recall@10", found, ENOUGH, True))
        aims.append(
            (f"filter of {row.share:.1%}: p50 as a multiple of the best plan", chosen / _best(row), 1.5, False)
        )
    aims += [
        (f"vector arm: answers/s as a multiple of {row.name}", answers["vector arm"] / row.per_second, 1.0, True)
        for row in rates
        if row.p50 is not None
    ]
    print("\naim" + " " * 58 + "measured")
    for name, measured, wanted, least in aims:
        reached = measured >= wanted if least else measured <= wanted
        print(f"  {name:50} {'≥' if least else '≤'} {wanted:4.2f}   {measured:7.3f}   {'yes' if reached else 'NO'}")
        yield size.chunks, f"aim {'≥' if least else '≤'} {wanted}", name, f"{measured:.3f}"


def _best(row: Filtered) -> float:
    """Milliseconds of the fastest plan that finds enough."""
    plans = (plan for name, plan in row.plans.items() if name != "service")
    return min((p50 for p50, recall in plans if recall >= ENOUGH), default=float("nan"))


def _draw(sizes: Sequence[Size], filtered: Sequence[Filtered], rates: Sequence[Rate], path: Path) -> None:
    figure = Figure(figsize=(13, 4), layout="constrained")
    growth, selective, callers = figure.subplots(1, 3)
    _draw_growth(growth, sorted(sizes, key=lambda size: size.chunks))
    shares = [row.share for row in filtered]
    for name, style in (("graph", "o--"), ("scan", "s--"), ("service", "D-")):
        selective.plot(shares, [row.plans[name][0] for row in filtered], style, label=name)
    selective.set(xscale="log", yscale="log", xlabel="share that a filter keeps", ylabel="p50, ms")
    selective.legend()
    callers.barh([row.name for row in rates][::-1], [row.per_second for row in rates][::-1], color="#1f5fa8")
    callers.set(xlabel="answers a second to eight callers")
    for axes in (growth, selective, callers):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _draw_growth(axes: Axes, sizes: Sequence[Size]) -> None:
    for name, colour in GROWING.items():
        points = [(size.chunks, row.p50) for size in sizes for row in size.latencies if row.name == name]
        axes.plot([chunks for chunks, _ in points], [p50 for _, p50 in points], "o-", color=colour, label=name)
    axes.set(xscale="log", xlabel="chunks", ylabel="p50, ms")
    axes.set_ylim(bottom=0)
    axes.legend()
