"""How well matching by meaning does, by what was observed of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from app.cache.semantic.calibration import BINS, RECENT, Point, Tally, bin_of, curve
from app.cache.semantic.observations import Label, Observed, SegmentEvidence

Mode = Literal["off", "shadow", "serve"]


class ReportedObservations(Protocol):
    async def observed(self, tenant: str | None = ...) -> list[Observed]: ...
    async def evidence(self, digest: str, *, recent: int) -> SegmentEvidence: ...
    async def examples(self, digest: str, *, correct: bool, limit: int) -> list[Label]: ...


@dataclass(frozen=True, slots=True)
class MatchingReport:
    """What is known of one collection's questions in one namespace, to one pair of models.

    Attributes:
        threshold: the similarity from which the budget is kept; None if labels show it of none.
        reason: why.
        since: what was observed earlier is of a time that has passed.
        requests: how many the exact cache could not serve.
        would_be_hits: how many of those found a question near enough that no guard keeps apart.
        served: how many got its result.
        hit_rate: the share of requests that match at the threshold.
        labels: would-be hits that were judged; of these `wrong` were false.
        false_hits: the share of wrong answers among those at the threshold, or among all while there is none; with
            its 95 % interval. None without labels.
        wrong_bound: upper bound on wrong answers per request at the threshold.
        curve: what serving from each similarity would have done.
    """

    collection: str
    namespace: str
    threshold: float | None
    reason: str
    since: datetime
    calibrated_at: datetime | None
    requests: int
    would_be_hits: int
    served: int
    hit_rate: float
    labels: int
    wrong: int
    false_hits: float | None
    interval: tuple[float, float] | None
    wrong_bound: float | None
    curve: Sequence[Point]
    right_examples: Sequence[Label]
    wrong_examples: Sequence[Label]


class MatchingReporter:
    """`observations` is None where nothing is observed: matching is off, or there is no L3."""

    def __init__(self, mode: Mode, budget: float, observations: ReportedObservations | None) -> None:
        self.mode = mode if observations else "off"
        self.budget = budget
        self._observations = observations

    async def report(self, tenant: str, *, collection: str | None = None, examples: int) -> list[MatchingReport]:
        """Those of a tenant's collections of which anything is known, with so many examples of both kinds.

        Raises:
            StoreUnavailable: Postgres does not answer.
        """
        observations = self._observations
        if observations is None:
            return []
        return [
            _report(
                each,
                await observations.evidence(each.segment.digest, recent=RECENT),
                await observations.examples(each.segment.digest, correct=True, limit=examples),
                await observations.examples(each.segment.digest, correct=False, limit=examples),
            )
            for each in await observations.observed(tenant)
            if collection in (None, each.collection)
        ]


def _report(
    observed: Observed, evidence: SegmentEvidence, right: Sequence[Label], wrong: Sequence[Label]
) -> MatchingReport:
    tally, threshold = evidence.tally, observed.threshold
    points = list(curve(tally)) if tally.requests else []
    at = next((point for point in reversed(points) if threshold is not None and point.threshold >= threshold), None)
    told = at or (points[-1] if points else None)
    return MatchingReport(
        collection=observed.collection,
        namespace=observed.segment.namespace,
        threshold=threshold,
        reason=observed.reason or "nothing was decided yet",
        since=observed.since,
        calibrated_at=observed.calibrated_at,
        requests=tally.requests,
        would_be_hits=sum(tally.matches),
        served=evidence.served,
        hit_rate=0.0 if threshold is None else _share_from(threshold, tally),
        labels=tally.labels,
        wrong=sum(tally.wrong),
        false_hits=told.false_hits if told and told.labels else None,
        interval=told.interval if told and told.labels else None,
        wrong_bound=at.wrong_bound if at else None,
        curve=points,
        right_examples=right,
        wrong_examples=wrong,
    )


def _share_from(threshold: float, tally: Tally) -> float:
    return sum(tally.matches[bin_of(threshold) : BINS]) / max(1, tally.requests)
