"""Shares of counts, with the confidence interval of the true share."""

import math
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
