"""Lookups and would-be hits as they come, counted in memory and written now and then."""

from dataclasses import dataclass, field

from app.cache.semantic.calibration import BINS, bin_of
from app.cache.semantic.segment import Segment


@dataclass(slots=True)
class Counts:
    """`lookups`: requests that the exact cache could not serve. `matches`: by step of similarity."""

    lookups: int = 0
    served: int = 0
    matches: list[int] = field(default_factory=lambda: [0] * BINS)


class Traffic:
    """Counts for each stratum since it was taken last."""

    def __init__(self) -> None:
        self._counts: dict[Segment, Counts] = {}

    def note(self, stratum: Segment, similarity: float | None, *, served: bool = False) -> None:
        """Count one lookup, and what it found."""
        counts = self._counts.setdefault(stratum, Counts())
        counts.lookups += 1
        counts.served += served
        if similarity is not None:
            counts.matches[bin_of(similarity)] += 1

    def take(self) -> dict[Segment, Counts]:
        taken, self._counts = self._counts, {}
        return taken

    def put_back(self, taken: dict[Segment, Counts]) -> None:
        """Count again what could not be written."""
        for stratum, counts in taken.items():
            current = self._counts.setdefault(stratum, Counts())
            current.lookups += counts.lookups
            current.served += counts.served
            current.matches = [a + b for a, b in zip(current.matches, counts.matches, strict=True)]
