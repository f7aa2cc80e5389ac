"""What `bench_quality` found: a table, what was aimed at, a file of figures and a plot."""

import statistics
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from matplotlib.figure import Figure

from tests.performance.shared.evaluation import Scores, baselines

# The column of baselines.tsv with what others measured of the same.
BASELINE = {
    "lexical": "bm25_ndcg10",
    "bm25s": "bm25_ndcg10",
    "vector": "minilm_ndcg10",
    "exact": "minilm_ndcg10",
    "fused": "rrf_ndcg10",
    "results": "rrf_ndcg10",
    "asked": "",
    "reranked": "",
}
COLOURS = {"lexical": "#8fb8de", "vector": "#c2c8d0", "results": "#1f5fa8"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One set's scores by the ranking scored, and the milliseconds of its median search without the embedding."""

    scores: Mapping[str, Scores]
    p50_ms: float


def report(outcomes: Mapping[str, Outcome], folder: Path) -> None:
    """Print everything, and write quality.tsv and quality.png into the folder."""
    base = baselines()
    print("\nnDCG@10 / recall@10 / recall@100 / success@5 / success@1; in brackets nDCG@10 as measured elsewhere")
    for name, outcome in outcomes.items():
        print(f"{name}  (p50 of a search without its embedding: {outcome.p50_ms:.1f} ms)")
        for label, scores in outcome.scores.items():
            figures = " / ".join(f"{figure:.4f}" for figure in astuple(scores))
            print(f"  {label:8} {figures}  [{base.get(name, {}).get(BASELINE[label]) or '-'}]")
    print()
    for line in _aims(outcomes, base):
        print(line)
    _write(outcomes, folder / "quality.tsv")
    _draw(outcomes, base, folder / "quality.png")
    print(f"Figures and plot: {folder}/quality.tsv, quality.png")


def _aims(outcomes: Mapping[str, Outcome], base: Mapping[str, Mapping[str, str]]) -> list[str]:
    lines = [
        _lowest("lexical against bm25s", _ratios(outcomes, "lexical", "bm25s")),
        _lowest("vector against brute force", _ratios(outcomes, "vector", "exact")),
    ]
    both = {name: _ndcg(outcome) for name, outcome in outcomes.items() if "results" in outcome.scores}
    known = {name: float(base[name]["rrf_ndcg10"]) for name in both if base.get(name, {}).get("rrf_ndcg10")}
    for label in ("fused", "results") if known else ():
        ours = statistics.mean(both[name][label] for name in known)
        theirs = statistics.mean(known.values())
        name, gap = min(
            ((name, row[label] - max(row["lexical"], row["vector"])) for name, row in both.items()),
            key=lambda item: item[1],
        )
        lines.append(
            f"{label}: mean of {len(known)} sets {ours:.4f}, {ours / theirs:.3f} x untuned RRF ({theirs:.4f}); "
            f"furthest below a set's better arm: {gap:+.4f} ({name})"
        )
    return lines


def _ratios(outcomes: Mapping[str, Outcome], ours: str, theirs: str) -> dict[str, float]:
    rows = {name: _ndcg(outcome) for name, outcome in outcomes.items()}
    return {name: row[ours] / row[theirs] for name, row in rows.items() if {ours, theirs} <= row.keys()}


def _lowest(label: str, ratios: Mapping[str, float]) -> str:
    if not ratios:
        return f"{label}: not measured"
    name = min(ratios, key=lambda name: ratios[name])
    return f"{label}: {statistics.mean(ratios.values()):.3f} on the mean, lowest {ratios[name]:.3f} ({name})"


def _ndcg(outcome: Outcome) -> dict[str, float]:
    return {label: scores.ndcg10 for label, scores in outcome.scores.items()}


def _write(outcomes: Mapping[str, Outcome], path: Path) -> None:
    rows = [["set", "ranking", *(field.name for field in fields(Scores))]]
    for name, outcome in outcomes.items():
        for label, scores in outcome.scores.items():
            rows.append([name, label, *(f"{figure:.4f}" for figure in astuple(scores))])
    path.write_text("".join("\t".join(row) + "\n" for row in rows))


def _draw(outcomes: Mapping[str, Outcome], base: Mapping[str, Mapping[str, str]], path: Path) -> None:
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(COLOURS)
    for place, (label, colour) in enumerate(COLOURS.items()):
        shown = [(at, row.scores[label].ndcg10) for at, row in enumerate(outcomes.values()) if label in row.scores]
        places, heights = [at + (place - 1) * width for at, _ in shown], [value for _, value in shown]
        axes.bar(places, heights, width, color=colour, label=label)
    fused = [(at, base.get(name, {}).get("rrf_ndcg10")) for at, name in enumerate(outcomes)]
    axes.plot(
        [at for at, value in fused if value], [float(value) for _, value in fused if value], "k_", markersize=16
    )
    axes.set_xticks(range(len(outcomes)), list(outcomes), rotation=40, ha="right")
    axes.set_ylabel("nDCG@10")
    axes.lines[0].set_label("untuned RRF, as measured elsewhere")
    figure.legend(ncols=4, loc="outside upper center")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
