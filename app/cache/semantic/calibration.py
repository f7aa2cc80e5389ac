"""How near a match must be, so that wrong answers stay under a budget: measured on labels, with a bound.

A threshold is safe if the share of requests that it would have served, times the share of those answers that
were wrong, is under the budget even at the upper end of both intervals. Thresholds are tried from the strictest
down, and the first that is not safe ends it. Testing in a fixed order and stopping at the first failure keeps the
probability that any threshold is passed wrongly at that of a single test (Angelopoulos et al., Learn then Test,
2021).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.cache.semantic.bounds import lower, upper

# Scores are counted in steps of 0.005, from 0 to 1.
BINS = 201
# With what probability a calibration may be wrong. Most of it goes to the labels, which are fewer than requests.
ALPHA = 0.05
_RATE_ALPHA = 0.005


def bin_of(score: float) -> int:
    """The bin of a score; those under 0 are in the first."""
    return min(BINS - 1, max(0, int(score * (BINS - 1) + 1e-6)))


@dataclass(frozen=True, slots=True)
class Tally:
    """What was observed of one kind of traffic. All but `requests` are counts by bin of the score.

    `requests` missed the exact cache; `matches` of them found a candidate that the guards let pass; of these,
    `right` and `wrong` were labelled.
    """

    requests: int
    matches: Sequence[int]
    right: Sequence[int]
    wrong: Sequence[int]

    @property
    def labels(self) -> int:
        return sum(self.right) + sum(self.wrong)


@dataclass(frozen=True, slots=True)
class Point:
    """What serving at `threshold` would have done. Rates are shares of requests.

    `false_hits` and its interval are the share of wrong answers among those served; `wrong_bound` is the upper
    bound on wrong answers per request.
    """

    threshold: float
    hit_rate: float
    labels: int
    false_hits: float
    interval: tuple[float, float]
    wrong_bound: float


def curve(tally: Tally, *, alpha: float = ALPHA) -> Iterator[Point]:
    """Every threshold at which something matched, from the strictest down."""
    matches = right = wrong = 0
    for place in range(BINS - 1, -1, -1):
        matches += tally.matches[place]
        right += tally.right[place]
        wrong += tally.wrong[place]
        if not tally.matches[place]:
            continue
        labels = right + wrong
        rate = upper(min(matches, tally.requests), tally.requests, _RATE_ALPHA)
        yield Point(
            threshold=place / (BINS - 1),
            hit_rate=matches / tally.requests,
            labels=labels,
            false_hits=wrong / labels if labels else 0.0,
            interval=(lower(wrong, labels, alpha / 2), upper(wrong, labels, alpha / 2)),
            wrong_bound=rate * upper(wrong, labels, alpha - _RATE_ALPHA),
        )


def calibrate(tally: Tally, budget: float, *, alpha: float = ALPHA) -> Point | None:
    """The lowest threshold that is safe; None if not even the strictest is.

    With probability 1 - `alpha`, serving at it gives a wrong answer to at most a share `budget` of requests like
    those observed.
    """
    safe = None
    for point in curve(tally, alpha=alpha):
        if point.wrong_bound > budget:
            break
        safe = point
    return safe
