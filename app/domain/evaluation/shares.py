"""Shares of counts, with the confidence interval of the true share."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
# The 97.5 % quantile of the normal distribution: both sides of `CONFIDENCE`.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """`count` out of `of`, which are taken to be independent of one another."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """None if nothing was counted."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval:
        """Wilson's score interval (J. Am. Stat. Assoc. 22, 1927), sound for few counts and shares near 0 or 1."""
        if not self.of:
            return Interval(0.0, 1.0)
        share, z2 = self.count / self.of, _Z * _Z
        middle = share + z2 / (2 * self.of)
        reach = _Z * math.sqrt(share * (1 - share) / self.of + z2 / (4 * self.of * self.of))
        scale = 1 + z2 / self.of
        low = 0.0 if self.count == 0 else (middle - reach) / scale
        high = 1.0 if self.count == self.of else (middle + reach) / scale
        return Interval(low, high)

    def above(self, other: "Share") -> Interval:
        """How far this share is above the other: Newcombe's interval from both (Stat. Med. 17, 1998, method 10)."""
        if not self.of or not other.of:
            return Interval(-1.0, 1.0)
        mine, theirs = self.count / self.of, other.count / other.of
        here, there = self.interval, other.interval
        difference = mine - theirs
        return Interval(
            difference - math.hypot(mine - here.low, there.high - theirs),
            difference + math.hypot(here.high - mine, theirs - there.low),
        )


def paired_difference(mine: Sequence[bool], theirs: Sequence[bool]) -> Interval:
    """How far one share is above another of the same cases, in the same order.

    Newcombe's interval for paired proportions from Wilson's (Stat. Med. 17, 1998, 2635-2650, method 10).
    """
    of = len(mine)
    if not of:
        return Interval(-1.0, 1.0)
    pairs = Counter(zip(mine, theirs, strict=True))
    both, only_mine, only_theirs, neither = (
        pairs[pair] for pair in ((True, True), (True, False), (False, True), (False, False))
    )
    here, there = Share(both + only_mine, of), Share(both + only_theirs, of)
    first, second = here.count / of, there.count / of
    crossed = both * neither - only_mine * only_theirs
    corrected = max(crossed - of / 2, 0) if crossed > 0 else crossed
    margins = here.count * (of - here.count) * there.count * (of - there.count)
    alike = corrected / math.sqrt(margins) if margins else 0.0
    below, above = first - here.interval.low, there.interval.high - second
    further, nearer = here.interval.high - first, second - there.interval.low
    difference = first - second
    return Interval(
        difference - math.sqrt(below**2 - 2 * alike * below * above + above**2),
        difference + math.sqrt(further**2 - 2 * alike * further * nearer + nearer**2),
    )
