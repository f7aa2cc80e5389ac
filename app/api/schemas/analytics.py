"""Analytics as clients see them."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from app.api.schemas.common import View
from app.services.operations.query_plans import PlanReport


class CacheCountsView(View):
    """The caches' counters of one namespace. `hit_rate` is hits / (hits + misses), null without a lookup.

    `stale` entries were found and refused; a stale entry is a miss too, unless another tier had a fresh one.
    """

    namespace: str = Field(examples=["retrieval"])
    requests: int
    hits: int
    l1_hits: int
    l2_hits: int
    l3_hits: int
    semantic_hits: int
    misses: int
    stale: int
    bypassed: int
    coalesced: int
    hit_rate: float | None
    seconds_saved: float
    tokens_saved: int


class HitRateView(CacheCountsView):
    at: datetime = Field(description="The beginning of the minute, hour or day, in UTC")


class HitRatesView(View):
    items: list[HitRateView]
    next_cursor: None = None
    as_of: datetime | None = Field(
        description="Time of the last refresh of hours and days; null for minutes, which are current"
    )


class SavingsView(View):
    """Savings by cached results: seconds of work and tokens of the chat model."""

    since: datetime
    until: datetime
    seconds_saved: float
    tokens_saved: int
    items: list[CacheCountsView]
    next_cursor: None = None


class SlowStatementView(View):
    """A statement slower than SLOW_QUERY_THRESHOLD. `plan` is the generic one, made without the parameters."""

    at: datetime
    seconds: float
    statement: str
    parameters: list[str] = Field(description="Types and lengths, never values", examples=[["ndarray(384)"]])
    plan: str | None
    request_id: str | None


class UnansweredView(View):
    """A question that found nothing. `near_miss`: passages about its subject were found, but none that answers."""

    question: str
    collection: str
    finish_reason: Literal["no_context", "near_miss"]
    times: int
    last_at: datetime


class UnansweredQuestionsView(View):
    items: list[UnansweredView]
    next_cursor: None = None


class DocumentKindView(View):
    """Documents of one media type. `troubled` ones are partial or failed."""

    collection: str
    media_type: str
    documents: int
    troubled: int
    size_bytes: int
    chunks: int
    median_chunks: float
    most_chunks: int
    first_at: datetime
    last_at: datetime


class DocumentKindsView(View):
    items: list[DocumentKindView]
    next_cursor: None = None
    as_of: datetime | None = Field(description="Time of the last refresh; null if never")


class PlanView(View):
    """A statement and its execution by Postgres. Buffers are pages of 8 KiB: found in memory, or read."""

    name: str = Field(examples=["vector_index.nearest"])
    title: str
    statement: str
    planning_ms: float
    execution_ms: float
    rows: int
    buffers_hit: int
    buffers_read: int
    indexes: list[str]
    plan: list[str]
    warnings: list[str]


class PlansView(View):
    collection: str | None
    items: list[PlanView]
    next_cursor: None = None
    warnings: list[str] = Field(description="Faults of tables, statistics or indexes")

    @classmethod
    def of(cls, report: PlanReport) -> Self:
        items: list[Any] = [PlanView.model_validate(plan) for plan in report.plans]
        return cls(collection=report.collection, items=items, warnings=list(report.warnings))
