"""How near a match must be, so that wrong answers stay under a budget: measured on labels, with a bound.

The bounds are those of Clopper and Pearson (Biometrika 26, 1934): exact, as no approximation is for rare errors.

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
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Scores are counted in steps of 0.005, from 0 to 1.
BINS = 201
# With what probability a calibration may be wrong.
ALPHA = 0.05
# Of the answers served lately, how many checked ones are looked at for drift. The fewer, the sooner a sharp change
# is noticed; the more, the smaller one that is.
WINDOWS = (20, 60, 200)
RECENT = max(WINDOWS)
# With what probability steady traffic is taken for drift at one look. There are many looks.
_FALSE_ALARM = 0.005
# Halvings of [0, 1], after which a bound is exact to 1e-12.
_STEPS = 40


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
class Decision:
    """`threshold` None serves nothing. `restart`: what was observed so far no longer holds."""

    threshold: float | None
    reason: str
    restart: bool = False


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


def decide(tally: Tally, *, recent: Sequence[bool], threshold: float | None, budget: float) -> Decision:
    """Calibrate, unless the answers served lately show that the traffic is no longer what was calibrated on.

    `recent` tells of each checked answer whether it was right, the newest first. It shows drift if even the lower
    end of the interval of wrong answers per request is over the budget.
    """
    if threshold is not None and tally.requests:
        rate = sum(tally.matches[bin_of(threshold) :]) / tally.requests
        for window in WINDOWS:
            checked = recent[:window]
            wrong = checked.count(False)
            if rate * lower(wrong, len(checked), _FALSE_ALARM) > budget:
                detail = f"{wrong} of the last {len(checked)} checked hits were wrong"
                return Decision(None, f"drift: {detail}", restart=True)
    point = calibrate(tally, budget)
    if point is None:
        return Decision(None, f"{tally.labels} labels do not show yet that any threshold keeps the budget")
    return Decision(point.threshold, f"at most {point.wrong_bound:.2%} of requests answered wrongly")


@lru_cache(maxsize=4096)
def upper(count: int, of: int, alpha: float) -> float:
    """The share that is exceeded with probability at most `alpha`, when `count` of `of` were counted.

    It is the p at which `count` or fewer would be counted with probability `alpha`; 1 if nothing was counted.
    """
    if count >= of:
        return 1.0
    low, high = count / of, 1.0
    weights = _log_weights(count, of)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _tail(weights, of, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def stays_under(share: float, count: int, of: int, alpha: float) -> bool:
    """Whether `upper` is at most `share`, at a fortieth of its cost."""
    return count < of and _tail(_log_weights(count, of), of, share) <= alpha


def lower(count: int, of: int, alpha: float) -> float:
    """The share that is undercut with probability at most `alpha`."""
    return 1.0 - upper(of - count, of, alpha) if of else 0.0


def _log_weights(count: int, of: int) -> NDArray[np.float64]:
    """The logarithms of the binomial coefficients of 0 to `count` out of `of`."""
    k = np.arange(1, count + 1)
    return np.concatenate([[0.0], np.cumsum(np.log(of - k + 1) - np.log(k))])


def _tail(weights: NDArray[np.float64], of: int, share: float) -> float:
    """The probability of as many as there are weights, or fewer, summed from logarithms."""
    k = np.arange(len(weights))
    terms = weights + k * np.log(share) + (of - k) * np.log1p(-share)
    most = terms.max()
    return float(np.exp(most) * np.exp(terms - most).sum())


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
