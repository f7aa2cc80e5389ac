"""How much of a collection a metadata filter keeps, and the plan that follows from it.

Where it keeps little, every chunk of the documents that pass is looked at. Where it keeps much, the indexes are
read in order and what does not pass is skipped: a graph must then visit 1/share rows for each that it keeps, at
many times what one costs in a scan.
"""

from dataclasses import dataclass

# How many vectors are compared in a scan in the time in which a graph leads to one: some 20 microseconds against
# one, at 384 dimensions. `make bench-retrieval` measures both.
VISIT = 22
# Up to so many chunks, or so large a share of all, all that match any word are ranked.
SCAN_ROWS = 2000
SCAN_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Selectivity:
    """About `matching` of `size` chunks belong to documents that pass the filter."""

    size: int
    matching: int

    def scan_vectors(self, depth: int) -> bool:
        """Whether comparing all that passes takes less time than finding `depth` of it by the graph."""
        return self.matching * self.share <= VISIT * depth

    @property
    def scan_words(self) -> bool:
        """Whether to rank every chunk that passes and matches."""
        return self.matching <= max(SCAN_ROWS, self.size * SCAN_SHARE)

    @property
    def share(self) -> float:
        return min(1.0, self.matching / self.size) if self.size else 1.0
