"""Reports how well matching by meaning does, from the observations of all replicas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from app.cache.semantic.calibration import BINS, RECENT, Point, Tally, bin_of, curve
from app.cache.semantic.observations import Label, Observed, SegmentEvidence
from app.errors import NotFound

Mode = Literal["off", "shadow", "serve"]


class ReportedObservations(Protocol):
    async def observed(self, tenant: str | None = ...) -> list[Observed]: ...
    async def evidence(self, digest: str, *, recent: int) -> SegmentEvidence: ...
    async def examples(self, digest: str, *, correct: bool, limit: int) -> list[Label]: ...
    async def judge(self, tenant: str, label: int, *, correct: bool) -> Label | None: ...


@dataclass(frozen=True, slots=True)
class MatchingReport:
    """The observations of one collection, one namespace and one pair of models.

    Attributes:
        threshold: the lowest similarity that keeps the budget; None if the labels prove it for none.
        reason: explains the threshold.
        since: earlier observations are ignored, because of a drift.
        requests: lookups that the exact cache could not serve.
        would_be_hits: lookups with a candidate near enough that passed every guard.
        served: lookups that got the result of their candidate.
        hit_rate: the share of requests that match at the threshold.
        labels: would-be hits that were judged; `wrong` of them were false.
        false_hits: the share of wrong answers among the labels at the threshold, or among all labels without one,
            with its 95 % `interval`. None without labels.
        wrong_bound: upper bound on wrong answers per request at the threshold.
        curve: the effect of serving from each similarity on.
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
    """Reads observations. `observations` is None if matching is off, or L3 is not in use."""

    def __init__(self, mode: Mode, budget: float, observations: ReportedObservations | None) -> None:
        self.mode = mode if observations else "off"
        self.budget = budget
        self._observations = observations

    async def report(self, tenant: str, *, collection: str | None = None, examples: int) -> list[MatchingReport]:
        """Return a report for each observed collection of a tenant, with up to `examples` labels of both kinds.

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

    async def judge(self, tenant: str, example: int, *, same: bool) -> Label:
        """Say whether the two questions of an example mean the same. They are kept apart from now on if not.

        The next calibration of the threshold counts it.

        Raises:
            NotFound: the tenant has no such example.
            StoreUnavailable: Postgres does not answer.
        """
        judged = await self._observations.judge(tenant, example, correct=same) if self._observations else None
        if judged is None:
            raise NotFound("There is no such example.")
        return judged


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
