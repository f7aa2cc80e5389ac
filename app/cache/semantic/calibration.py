"""How near a match must be, so that wrong answers stay under a budget: measured on labels, with a bound.

Where every match is labelled, the wrong answers that a threshold would have given are counted among all requests,
and their share is bounded exactly. Where a part of the matches is, as if that part of the requests had been seen:
the labelled ones must be drawn without regard to their outcome, and the bound is then a little wider than need be.

Thresholds are tried from the strictest down, and the first that breaks the budget ends it. Testing in a fixed order
and stopping at the first failure keeps the probability that any threshold is passed wrongly at that of one test
(Angelopoulos et al., Learn then Test, 2021). Left out are thresholds with so few labels that they would fail even
without a single wrong one: that depends on how many labels there are, not on what they say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.cache.semantic.bounds import lower, stays_under, upper

# Scores are counted in steps of 0.005, from 0 to 1.
BINS = 201
# With what probability a calibration may be wrong.
ALPHA = 0.05


def bin_of(score: float) -> int:
    """The bin of a score, also if single precision put it a little below; those under 0 are in the first."""
    return min(BINS - 1, max(0, int(score * (BINS - 1) + 1e-4)))


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


@dataclass(frozen=True, slots=True)
class _Counted:
    """Matches and labels from a bin upwards. `seen`: of so many requests they tell."""

    place: int
    matches: int
    right: int
    wrong: int
    seen: int


def curve(tally: Tally, *, alpha: float = ALPHA) -> Iterator[Point]:
    """Every threshold at which something matched, from the strictest down."""
    return (_point(each, tally.requests, alpha) for each in _counted(tally))


def calibrate(tally: Tally, budget: float, *, alpha: float = ALPHA) -> Point | None:
    """The lowest threshold that is safe; None if none is.

    With probability 1 - `alpha`, serving at it gives a wrong answer to at most a share `budget` of requests like
    those observed.
    """
    safe = None
    for counted in _counted(tally):
        if not stays_under(budget, 0, counted.seen, alpha):
            continue
        if not stays_under(budget, counted.wrong, counted.seen, alpha):
            break
        safe = counted
    return None if safe is None else _point(safe, tally.requests, alpha)


def _counted(tally: Tally) -> Iterator[_Counted]:
    matches = right = wrong = 0
    for place in range(BINS - 1, -1, -1):
        matches += tally.matches[place]
        right += tally.right[place]
        wrong += tally.wrong[place]
        if tally.matches[place]:
            labelled = min(1.0, (right + wrong) / matches)
            yield _Counted(place, matches, right, wrong, int(tally.requests * labelled))


def _point(counted: _Counted, requests: int, alpha: float) -> Point:
    wrong, labels = counted.wrong, counted.right + counted.wrong
    return Point(
        threshold=counted.place / (BINS - 1),
        hit_rate=counted.matches / requests,
        labels=labels,
        false_hits=wrong / labels if labels else 0.0,
        interval=(lower(wrong, labels, alpha / 2), upper(wrong, labels, alpha / 2)),
        wrong_bound=upper(wrong, counted.seen, alpha),
    )
