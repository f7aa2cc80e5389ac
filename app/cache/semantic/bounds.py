"""Exact confidence bounds on a share (Clopper and Pearson, Biometrika 26, 1934)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Halvings of [0, 1], after which the bound is exact to 1e-12.
_STEPS = 40


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


def _log_weights(count: int, of: int) -> Floats:
    """The logarithms of the binomial coefficients of 0 to `count` out of `of`."""
    k = np.arange(1, count + 1)
    return np.concatenate([[0.0], np.cumsum(np.log(of - k + 1) - np.log(k))])


def _tail(weights: Floats, of: int, share: float) -> float:
    """The probability of as many as there are weights, or fewer, summed from logarithms."""
    k = np.arange(len(weights))
    terms = weights + k * np.log(share) + (of - k) * np.log1p(-share)
    most = terms.max()
    return float(np.exp(most) * np.exp(terms - most).sum())
