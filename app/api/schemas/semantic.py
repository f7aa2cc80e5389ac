"""Matching by meaning as operators see it."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from app.api.schemas.cache_examples import JUDGED, MATCHING
from app.api.schemas.common import RequestModel, View, shown_as
from app.services.semantic.report import MatchingReport, MatchingReporter

Share = Annotated[float, Field(ge=0, le=1)]


class MatchExampleView(View):
    """A would-be hit that was judged: by comparison with a fresh result, or by a person."""

    model_config = shown_as(JUDGED)

    id: int
    question: str
    matched: str
    similarity: float
    correct: bool = Field(description="Whether the two questions have the same answer")
    served: bool
    source: Literal["pipeline", "person"]
    detail: str
    created_at: datetime


class JudgementRequest(RequestModel):
    model_config = shown_as({"same": False})

    same: bool = Field(description="Whether the two questions mean the same")


class ThresholdView(View):
    """The outcome of serving from `threshold` on, had it been on.

    `false_hits` is the share of wrong answers among those served, `interval` its 95 % interval, and `wrong_bound`
    the upper bound on wrong answers per request, both by the labels there are.
    """

    threshold: float
    hit_rate: Share
    labels: int
    false_hits: Share
    interval: tuple[Share, Share]
    wrong_bound: Share


class MatchingView(View):
    """Matching by meaning for one collection's questions in one namespace."""

    collection: str
    namespace: Literal["retrieval", "answer"]
    threshold: float | None = Field(
        description="The lowest similarity that keeps the budget; null if the labels show none"
    )
    reason: str
    since: datetime = Field(description="Observations before this time are ignored (drift)")
    calibrated_at: datetime | None
    requests: int = Field(description="Lookups after an exact miss")
    would_be_hits: int = Field(description="Lookups with a candidate that passed every guard")
    served: int
    hit_rate: Share = Field(description="Share of `requests` with a match at the threshold")
    labels: int = Field(description="Number of judged would-be hits")
    wrong: int
    false_hits: Share | None = Field(
        description="Share of wrong answers at the threshold; without one, among all candidate hits"
    )
    interval: tuple[Share, Share] | None = Field(description="95 % interval of `false_hits`")
    wrong_bound: Share | None = Field(description="Upper bound on wrong answers per request at the threshold")
    curve: list[ThresholdView]
    right_examples: list[MatchExampleView]
    wrong_examples: list[MatchExampleView]


class MatchingReportView(View):
    model_config = shown_as(MATCHING)

    mode: Literal["off", "shadow", "serve"]
    error_budget: Share = Field(description="Wrong answers per request that are allowed")
    items: list[MatchingView]

    @classmethod
    def of(cls, reporter: MatchingReporter, items: list[MatchingReport]) -> Self:
        return cls(
            mode=reporter.mode,
            error_budget=reporter.budget,
            items=[MatchingView.model_validate(each) for each in items],
        )
