"""What `make bench-answers` found: a table, the aims, a file of figures, a picture, and a line for each run."""

from collections.abc import Mapping
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.figure import Figure

from tests.performance.answers.judging import MEASURES, Figures

# By set and kind of question, within a mode.
Results = Mapping[tuple[str, str, str], Figures]
_AIMS = (
    ("quotes right on squad, in two sentences", ("quote", "squad", "answerable"), "right", 0.85, True),
    ("off-topic refused", ("quote", "squad", "off topic"), "refused", 0.95, True),
    ("answerable refused", ("quote", "squad", "answerable"), "refused", 0.01, False),
    ("docs/aws success@1", ("quote", "aws", "answerable"), "success1", 0.80, True),
    ("own documentation right", ("quote", "own", "answerable"), "right", 0.90, True),
    ("a quoted answer, ms at the middle", ("quote", "squad", "answerable"), "whole_p50_ms", 150.0, False),
)


def report(results: Results, folder: Path, settings: str) -> None:
    """Print everything, and write answers.tsv, answers.png and a line of answers-history.tsv into the folder."""
    print(f"\n{'mode':24} {'set':7} {'questions':11} " + " ".join(f"{name:>10.10}" for name in MEASURES))
    for (mode, name, kind), found in results.items():
        print(f"{mode:24} {name:7} {kind:11} " + " ".join(_number(value) for value in astuple(found)))
    print()
    lines = aims(results)
    for line in lines:
        print(line)
    rows = [["mode", "set", "asked", *MEASURES]]
    rows += [[*key, *(f"{value:.4g}" for value in astuple(found))] for key, found in results.items()]
    (folder / "answers.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    with (folder / "answers-history.tsv").open("a") as history:
        history.write("\t".join([datetime.now(UTC).date().isoformat(), settings, *lines]) + "\n")
    _draw(results, folder / "answers.png")
    print(f"Figures and plot: {folder}/answers.tsv, answers.png")


def aims(results: Results) -> list[str]:
    lines = []
    for text, key, measure, bound, at_least in _AIMS:
        if key in results:
            value = getattr(results[key], measure)
            met = value >= bound if at_least else value <= bound
            sign = "≥" if at_least else "≤"
            lines.append(f"{text}: {value:.3g} (aim {sign} {bound:g}, {'met' if met else 'missed'})")
    return lines


def _number(value: float) -> str:
    return f"{value:10.3f}" if value < 10 else f"{value:10.0f}"


def _draw(results: Results, path: Path) -> None:
    sets = list(dict.fromkeys(name for _, name, kind in results if kind == "answerable"))
    modes = list(dict.fromkeys(mode for mode, _, _ in results))
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(modes)
    for place, mode in enumerate(modes):
        shown = [
            (at, results[mode, name, "answerable"].right)
            for at, name in enumerate(sets)
            if (mode, name, "answerable") in results
        ]
        axes.bar([at + place * width for at, _ in shown], [value for _, value in shown], width, label=mode)
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(sets))], sets)
    axes.set_ylabel("share of answers that are right")
    axes.set_ylim(0, 1)
    figure.legend(ncols=4, loc="outside upper center")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
