"""A stream of questions over cached ones: hit rates and wrong answers, at fixed thresholds and under a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.cache.semantic.calibration import BINS, Tally, bin_of, calibrate
from tests.performance.semantic.data import Found, Stream, reviews
from tests.performance.shared.evaluation import Embeddings
from tests.performance.shared.report import Report

SIZE = 10_000
# Streams of other questions each.
SEEDS = (0, 1, 2)
THRESHOLDS = (0.80, 0.85, 0.90, 0.95)
LABELS = 1000
# By budget, from where labels are taken: none are spent on what it does not allow to serve anyway.
BUDGETS = {0.01: 0.90, 0.02: 0.85}
RESAMPLES = 200

Integers = NDArray[np.int64]


async def bench_stream(report: Report, embeddings: Embeddings) -> None:
    streams = [await Stream(SIZE, seed).find(embeddings) for seed in SEEDS]
    for at, label in enumerate(("cosine", "guards")):
        _at_thresholds(report, "half new", label, [found[at] for found in streams])
    for budget, least in BUDGETS.items():
        for at, label in enumerate(("cosine", "guards")):
            runs = [_resampled(found[at], budget, least) for found in streams]
            _add(report, f"budget {budget:.0%}", label, _mean(runs))
    for label, found in zip(("cosine", "guards"), await reviews(embeddings), strict=True):
        _at_thresholds(report, "vcache_classification_sample", label, [found])


def _at_thresholds(report: Report, case: str, label: str, found: Sequence[Found]) -> None:
    for threshold in THRESHOLDS:
        served = [each.cosines >= threshold for each in found]
        rate = float(np.mean([np.mean(hits) for hits in served]))
        pairs = list(zip(served, found, strict=True))
        wrong = float(np.mean([np.mean(hits & ~each.right) for hits, each in pairs]))
        precision = 1 - wrong / rate if rate else 0.0
        _add(
            report,
            case,
            f"{label} {threshold:.2f}",
            {"hit_rate": rate, "precision": precision, "wrong_per_request": wrong},
        )


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A found stream by bins, for drawing from it."""

    places: Integers
    matched: NDArray[np.bool_]
    right: NDArray[np.bool_]

    def tally(self, part: Integers) -> Tally:
        near = part[self.matched[part]]
        right = self.right[near]

        def counts(chosen: Integers) -> list[int]:
            return [int(count) for count in np.bincount(self.places[chosen], minlength=BINS)]

        return Tally(len(part), counts(near), counts(near[right]), counts(near[~right]))

    def threshold(self, order: Integers, budget: float) -> tuple[int, float]:
        """Calibrate on the first of `order` until there are enough labels: how many that took, and from where."""
        labelled = np.cumsum(self.matched[order])
        seen = min(int(np.searchsorted(labelled, LABELS)) + 1, int(0.7 * len(order)))
        point = calibrate(self.tally(order[:seen]), budget)
        return seen, point.threshold if point else 2.0

    def served(self, threshold: float) -> NDArray[np.bool_]:
        served: NDArray[np.bool_] = self.places >= round(threshold * (BINS - 1))
        return served


def _resampled(found: Found, budget: float, least: float) -> Mapping[str, float]:
    """Calibrate on one part of the stream and serve the rest, many times.

    `over_rest` is how often the wrong answers among the rest were over the budget, which is also a matter of chance
    in the rest. `over_rate`: how often a calibration on requests drawn with replacement chose a threshold whose
    wrong answers over all requests, its true rate, are.
    """
    rng = np.random.default_rng(0)
    drawn = _Drawn(np.array([bin_of(cosine) for cosine in found.cosines]), found.cosines >= least, found.right)
    hits, wrongs, thresholds, over_rate = [], [], [], []
    for _ in range(RESAMPLES):
        order = rng.permutation(len(drawn.places))
        seen, threshold = drawn.threshold(order, budget)
        served, right = drawn.served(threshold)[order[seen:]], drawn.right[order[seen:]]
        hits.append(np.mean(served))
        wrongs.append(np.mean(served & ~right))
        thresholds.append(threshold)
        _, threshold = drawn.threshold(rng.integers(0, len(order), len(order)), budget)
        over_rate.append(np.mean(drawn.served(threshold) & ~drawn.right) > budget)
    return {
        "hit_rate": float(np.mean(hits)),
        "precision": float(1 - np.sum(wrongs) / max(np.sum(hits), 1e-9)),
        "wrong_per_request": float(np.mean(wrongs)),
        "over_rest": float(np.mean(np.array(wrongs) > budget)),
        "over_rate": float(np.mean(over_rate)),
        "threshold": float(np.median(thresholds)),
    }


def _mean(runs: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    return {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}


def _add(report: Report, case: str, subject: str, measured: Mapping[str, float]) -> None:
    for measure, value in measured.items():
        report.add("stream", case, subject, measure, value)
    figures = "  ".join(f"{name} {value:.4f}" for name, value in measured.items())
    print(f"  {case:12} {subject:12} {figures}", flush=True)
