"""The page of what `bench_semantic` found, and what was aimed at."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.performance.semantic.lookup import ROWS
from tests.performance.semantic.pairs import SETS
from tests.performance.shared.report import Aim, Report

_NEGATED = "Is it {ok, dangerous, ...} to {smoke, rest, ...} in country"
# What of the adversarial set is about negation, numbers and exchanged roles.
_KINDS = {
    "negation": f"{_NEGATED} != {_NEGATED.replace('to {smoke', 'not to {smoke')}",
    "numbers": "Change numbers in one of the questions",
    "swaps": "traditional SRL: wrong active / passive swap",
}

AIMS = (
    *(
        Aim(
            f"wrong pairs with guards as a share of those by cosine, at the recall of cosine 0.90: {name}",
            ("pairs", name, "guards at one recall", "wrong_ratio"),
            at_most=0.5,
        )
        for name in SETS
    ),
    Aim(
        "hit rate under a budget of 1 % wrong answers per request",
        ("stream", "budget 1%", "guards", "hit_rate"),
        at_least=0.148,
    ),
    Aim(
        "calibrations whose true rate of wrong answers is over that budget",
        ("stream", "budget 1%", "guards", "over_rate"),
        at_most=0.05,
    ),
    Aim(
        "runs that gave more wrong answers than that budget in what was served",
        ("stream", "budget 1%", "guards", "over_rest"),
        at_most=0.05,
    ),
    *(
        Aim(
            f"adversarial pairs refused by the guards: {kind}",
            ("adversarial", name, "other", "guards"),
            at_least=0.995,
        )
        for kind, name in _KINDS.items()
    ),
    Aim("all adversarial pairs refused by the guards", ("adversarial", "all", "other", "guards"), at_least=0.995),
    *(
        Aim(
            f"{what}, {rows} rows: time as a multiple of one raw pgvector top 3",
            ("lookup", f"{rows} rows", subject, "p50_ratio"),
            at_most=1.3,
        )
        for rows in ROWS
        for what, subject in (("nearest", "nearest"), ("whole lookup", "nearest, guards and known pairs"))
    ),
)

_PAGE = """# Matching by meaning, measured

Written by `make bench-semantic`; all figures are in [semantic.tsv](semantic.tsv). What it is and why it is
built so: [decision 9](../decisions/0009-matching-by-meaning.md). Vectors are those of the bundled all-
MiniLM-L6-v2.

{aims}

## Labelled pairs
Those of a pair that are at least so near, by cosine alone and after the guards. Labels are crowd workers'; of
QQP's, many are doubtful.

{pairs}

## Pairs made to deceive
CheckList's templates, that ask for something else with nearly the same words.

{adversarial}

## A stream, half of whose questions are new
10,000 questions over 10,000 cached ones, of which each second one is asked about; means of three streams. A
match that nobody labelled counts as wrong, so that precision is understated for cosine and guards alike.
*Budget*: calibrated on up to 1,000 labels of matches from 0.90 up, the rest is served. *Over, true rate*:
calibrations that chose a threshold whose wrong answers per request are over the budget; they are promised to
be at most 5 %. *Over, rest*: runs in which those that were served happened to hold more.

{stream}

{budget}

## What the evidence adds
Questions to one corpus with the questions nearest to them; right if they have an answer in common, which is
stricter than meaning the same and catches what only sounds alike. *Evidence*: two of the first three passages
that each finds are the same.

{evidence}

## What a lookup costs
One reader, median of five turns; the raw statement is prepared on a held connection too. Up to 5,000 rows are
compared in full, above that a graph is walked by both.

{lookup}
"""


def write_page(report: Report, folder: Path) -> None:
    (folder / "semantic.md").write_text(
        _PAGE.format(
            aims=_table(("aim", "bound", "measured", ""), report.aims(AIMS)),
            pairs=_side_by_side(report, "pairs", ("precision", "recall", "wrong"), ("cosine", "guards")),
            adversarial=_adversarial(report),
            stream=_side_by_side(
                report, "stream", ("hit_rate", "precision", "wrong_per_request"), ("cosine", "guards")
            ),
            budget=_budget(report),
            evidence=_side_by_side(
                report, "evidence", ("right", "wrong", "precision"), ("cosine", "guards", "evidence")
            ),
            lookup=_lookup(report),
        )
    )


def _side_by_side(report: Report, part: str, measures: Sequence[str], labels: Sequence[str]) -> str:
    """A row for each case and threshold, the methods next to one another."""
    header = ["", "from", *(f"{label}: {measure.replace('_', ' ')}" for label in labels for measure in measures)]
    rows = []
    for case in _cases(report, part):
        for threshold in ("0.80", "0.85", "0.90", "0.95"):
            figures = [
                report.figures.get((part, case, f"{label} {threshold}", measure))
                for label in labels
                for measure in measures
            ]
            if None not in figures:
                rows.append((case, threshold, *(_shown(figure) for figure in figures if figure is not None)))
    return _table(header, rows)


def _adversarial(report: Report) -> str:
    rows = []
    for part, kind, label, measure in report.figures:
        if (part, measure) == ("adversarial", "guards"):
            figures = [report.figures[part, kind, label, name] for name in ("pairs", "cosine", "guards", "refused")]
            rows.append((kind.replace("|", "/"), label, *(_shown(figure) for figure in figures)))
    return _table(("kind", "label", "pairs", "mean cosine", "refused by guards", "by guards or distance"), rows)


def _budget(report: Report) -> str:
    measures = ("hit_rate", "precision", "wrong_per_request", "over_rate", "over_rest", "threshold")
    rows = [
        (case, label, *(_shown(report.figures["stream", case, label, measure]) for measure in measures))
        for case in _cases(report, "stream")
        for label in ("cosine", "guards")
        if ("stream", case, label, "over_rate") in report.figures
    ]
    names = ("hit rate", "precision", "wrong per request", "over, true rate", "over, rest", "threshold")
    return _table(("", "", *names), rows)


def _lookup(report: Report) -> str:
    rows = [
        (case, subject, f"{report.figures[part, case, subject, 'p50_us']:.0f} µs", f"{value:.2f}")
        for (part, case, subject, measure), value in report.figures.items()
        if (part, measure) == ("lookup", "p50_ratio")
    ]
    return _table(("", "", "p50", "ratio"), rows)


def _cases(report: Report, part: str) -> list[str]:
    return list(dict.fromkeys(name[1] for name in report.figures if name[0] == part))


def _shown(figure: float) -> str:
    return f"{figure:.0f}" if figure >= 2 or figure == int(figure) else f"{figure:.4f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
