"""Calibration: the similarity from which wrong answers stay under a budget, by labels and exact bounds.

The bounds are those of Clopper and Pearson (Biometrika 26, 1934): exact, as no approximation is for rare errors.

Where every match is labelled, the wrong answers that a threshold would have given are counted among all requests,
and their share is bounded exactly. Where a part of the matches is labelled, that part of the requests counts as
observed: the labelled ones must be drawn without regard to their outcome, and the bound is a little too wide.

Thresholds are tried from the strictest down, and the first that breaks the budget ends the search. Testing in a
fixed order and stopping at the first failure keeps the probability of passing any threshold wrongly at that of one
test (Angelopoulos et al., Learn then Test, 2021). Thresholds with so few labels that they would fail without a
single wrong one are left out: that depends on the number of labels, not on their values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Scores are counted in steps of 0.005, from 0 to 1.
BINS = 201
# The probability with which a calibration may be wrong.
ALPHA = 0.05
# Sizes of the windows of checked answers in which drift is looked for. A small window notices a sharp change soon,
# a large one notices a small change.
WINDOWS = (20, 60, 200)
RECENT = max(WINDOWS)
# The probability that one look takes steady traffic for drift. There are many looks.
_FALSE_ALARM = 0.005
# Halvings of [0, 1], after which a bound is exact to 1e-12.
_STEPS = 40


def bin_of(score: float) -> int:
    """Return the bin of a score. A score that single precision put just below a bin's edge counts as on it."""
    return min(BINS - 1, max(0, int(score * (BINS - 1) + 1e-4)))


@dataclass(frozen=True, slots=True)
class Tally:
    """Observations of one kind of traffic. All but `requests` are counts by bin of the score.

    `requests` missed the exact cache; `matches` of them found a candidate that passed the guards; `right` and
    `wrong` are the labels of these.
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
    """The effect of serving at `threshold`. Rates are shares of requests.

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
    """A threshold with its reason; None serves nothing. `restart`: the observations so far no longer hold."""

    threshold: float | None
    reason: str
    restart: bool = False


@dataclass(frozen=True, slots=True)
class _Counted:
    """Matches and labels from a bin upwards. `seen`: the number of requests that the labels stand for."""

    place: int
    matches: int
    right: int
    wrong: int
    seen: int


def curve(tally: Tally, *, alpha: float = ALPHA) -> Iterator[Point]:
    """Return every threshold at which a question matched, from the strictest down."""
    return (_point(each, tally.requests, alpha) for each in _counted(tally))


def calibrate(tally: Tally, budget: float, *, alpha: float = ALPHA) -> Point | None:
    """Return the lowest safe threshold, None if there is none.

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
    """Calibrate, unless the answers served lately show that the traffic has changed since (drift).

    `recent` holds, for each checked answer, whether it was right, the newest first. It shows drift if even the
    lower end of the interval of wrong answers per request is over the budget.
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
    """Return the share that is exceeded with probability at most `alpha`, when `count` of `of` were counted.

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
    """Return whether `upper` is at most `share`, at a fortieth of its cost."""
    return count < of and _tail(_log_weights(count, of), of, share) <= alpha


def lower(count: int, of: int, alpha: float) -> float:
    """Return the share that is undercut with probability at most `alpha`."""
    return 1.0 - upper(of - count, of, alpha) if of else 0.0


def _log_weights(count: int, of: int) -> NDArray[np.float64]:
    """Return the logarithms of the binomial coefficients of 0 to `count` out of `of`."""
    k = np.arange(1, count + 1)
    return np.concatenate([[0.0], np.cumsum(np.log(of - k + 1) - np.log(k))])


def _tail(weights: NDArray[np.float64], of: int, share: float) -> float:
    """Return the probability of fewer successes than there are weights, summed from logarithms."""
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
