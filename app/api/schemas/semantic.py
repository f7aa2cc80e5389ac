"""Matching by meaning as operators see it."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from app.api.schemas.cache_examples import MATCHING
from app.api.schemas.common import View, shown_as
from app.services.semantic.report import MatchingReport, MatchingReporter

Share = Annotated[float, Field(ge=0, le=1)]


class MatchExampleView(View):
    """A would-be hit that was judged: by comparing its result with a fresh one, or by a person."""

    question: str
    matched: str
    similarity: float
    served: bool
    source: Literal["pipeline", "person"]
    detail: str
    created_at: datetime


class ThresholdView(View):
    """What serving from `threshold` would have done.

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
    """What is known of one collection's questions in one namespace."""

    collection: str
    namespace: Literal["retrieval", "answer"]
    threshold: float | None = Field(description="From which similarity the budget is kept; null: no labels show it")
    reason: str
    since: datetime = Field(description="What was observed before is of a time that has passed")
    calibrated_at: datetime | None
    requests: int = Field(description="That the exact cache could not serve")
    would_be_hits: int = Field(description="That found a question near enough which no guard keeps apart")
    served: int
    hit_rate: Share = Field(description="Share of those requests that match at the threshold")
    labels: int = Field(description="Would-be hits that were judged")
    wrong: int
    false_hits: Share | None = Field(
        description="Share of wrong answers at the threshold, among all would-be hits while there is none"
    )
    interval: tuple[Share, Share] | None = Field(description="95 % interval of `false_hits`")
    wrong_bound: Share | None = Field(description="Upper bound on wrong answers per request at the threshold")
    curve: list[ThresholdView]
    right_examples: list[MatchExampleView]
    wrong_examples: list[MatchExampleView]


class MatchingReportView(View):
    model_config = shown_as(MATCHING)

    mode: Literal["off", "shadow", "serve"]
    error_budget: Share = Field(description="Wrong answers per request that may be given")
    items: list[MatchingView]

    @classmethod
    def of(cls, reporter: MatchingReporter, items: list[MatchingReport]) -> Self:
        return cls(
            mode=reporter.mode,
            error_budget=reporter.budget,
            items=[MatchingView.model_validate(each) for each in items],
        )
