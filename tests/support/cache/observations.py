"""Observations of matching by meaning, in memory."""

from dataclasses import replace
from datetime import UTC, datetime

from app.cache.semantic.calibration import BINS, Tally, bin_of
from app.cache.semantic.observations import Label, Observed, Segment, SegmentEvidence

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LABEL = Label(
    "days off?", "leave?", 0.95, True, served=False, source="pipeline", detail="the same", created_at=NOW, id=7
)


def tally(requests: int = 1000, **bins: tuple[int, int, int]) -> Tally:
    counts = [[0] * BINS for _ in range(3)]
    for name, values in bins.items():
        for row, value in zip(counts, values, strict=True):
            row[bin_of(int(name[1:]) / 100)] = value
    return Tally(requests, *counts)


class Observations:
    """One segment of the default tenant. `error` is raised when it is asked for."""

    def __init__(self, seen: Tally, threshold: float | None = None, error: Exception | None = None) -> None:
        self.seen = seen
        self.threshold = threshold
        self.error = error

    async def observed(self, tenant: str | None = None) -> list[Observed]:
        if self.error is not None:
            raise self.error
        segment = Segment("5" * 64, "default", 1, "answer")
        return [Observed(segment, "books", self.threshold, "", NOW, NOW, self.seen.labels)]

    async def evidence(self, digest: str, *, recent: int) -> SegmentEvidence:
        return SegmentEvidence(self.seen, 7, [])

    async def examples(self, digest: str, *, correct: bool, limit: int) -> list[Label]:
        return [LABEL][:limit] if correct else []

    async def judge(self, tenant: str, label: int, *, correct: bool) -> Label | None:
        return replace(LABEL, correct=correct, source="person") if label == LABEL.id else None
