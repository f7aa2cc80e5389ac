"""Experiments as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.api.schemas.common import AnswerMode, CollectionName, ModelName, RequestModel, View
from app.api.schemas.documents import RetrievalSettings
from app.domain.evaluation.shares import CONFIDENCE, Interval, Share
from app.domain.experiments import Experiment, Variant, VariantResult

# Characters that a header can hold.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
_MOST_VARIANTS = 8


class VariantSettings(RequestModel):
    """Values for the fields that a question leaves out."""

    top_k: int | None = Field(default=None, ge=1, le=50)
    retrieval: RetrievalSettings | None = Field(default=None, description="Replaces the collection's own settings")
    model: ModelName | None = None
    mode: AnswerMode | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)
    cache: Literal["use", "bypass", "refresh"] | None = None
    semantic: bool | None = Field(
        default=None, description="Whether the answer to a question of the same meaning may be given"
    )


class VariantIn(RequestModel):
    name: Name
    weight: int = Field(
        default=1, ge=1, le=1000, description="Share of the units: this weight divided by the sum of all variants'"
    )
    settings: VariantSettings = Field(default_factory=VariantSettings)

    def to_domain(self) -> Variant:
        return Variant(self.name, self.weight, self.settings.model_dump(exclude_none=True))


class ExperimentStart(RequestModel):
    """An experiment. Its first variant is the one that the others are compared with."""

    name: Name = Field(examples=["more-passages"])
    collection: CollectionName = "default"
    variants: list[VariantIn] = Field(
        min_length=2,
        max_length=_MOST_VARIANTS,
        examples=[[{"name": "as-it-is"}, {"name": "ten-passages", "settings": {"top_k": 10}}]],
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({variant.name for variant in self.variants}) < len(self.variants):
            raise ValueError("variants: two have the same name")
        return self


class VariantView(View):
    name: str
    weight: int
    settings: VariantSettings


class ExperimentView(View):
    id: UUID
    name: str
    collection: str
    state: Literal["running", "stopped"]
    variants: list[VariantView]
    created_at: datetime
    stopped_at: datetime | None

    @classmethod
    def of(cls, experiment: Experiment) -> Self:
        return cls(
            id=experiment.id,
            name=experiment.name,
            collection=experiment.collection,
            state="running" if experiment.stopped_at is None else "stopped",
            variants=[VariantView.model_validate(variant) for variant in experiment.variants],
            created_at=experiment.created_at,
            stopped_at=experiment.stopped_at,
        )


class IntervalView(View):
    low: float
    high: float


class ShareView(View):
    """Both intervals are at the stated confidence."""

    value: float | None = Field(description="Null if nothing was counted")
    count: int
    of: int
    interval: IntervalView = Field(description="The interval of the true share")
    above_first: IntervalView | None = Field(
        description="The interval of the difference from the first variant's share; null for the first variant"
    )

    @classmethod
    def beside(cls, share: Share, above_first: Interval | None) -> Self:
        return cls(
            value=share.value,
            count=share.count,
            of=share.of,
            interval=_interval(share.interval),
            above_first=_interval(above_first) if above_first else None,
        )


class PercentilesView(View):
    p50: float | None
    p95: float | None


class VariantResultView(View):
    name: str
    units: int
    questions: int
    answered: ShareView = Field(description="Of the questions that ended, the share answered from documents")
    approved: ShareView = Field(description="Of the answers with a verdict, the share whose last verdict is `up`")
    cached: ShareView = Field(description="Of all questions, the share answered from the cache")
    ttft_ms: PercentilesView = Field(
        description="Milliseconds to the first word, of answers that did not come from the cache"
    )
    total_ms: PercentilesView = Field(
        description="Milliseconds to the end, of answers that did not come from the cache"
    )
    output_tokens: float | None = Field(description="The mean of answers that did not come from the cache")


class ExperimentResults(ExperimentView):
    """The intervals hold for one look at a time fixed in advance; units that ask often make them too narrow."""

    confidence: float = CONFIDENCE
    results: list[VariantResultView]

    @classmethod
    def with_results(cls, experiment: Experiment, results: Sequence[VariantResult]) -> Self:
        head = ExperimentView.of(experiment)
        return cls(**head.model_dump(), results=[_result(each, results[0]) for each in results])


def _result(result: VariantResult, first: VariantResult) -> VariantResultView:
    def view(share: Share, of_first: Share) -> ShareView:
        return ShareView.beside(share, None if result is first else share.above(of_first))

    return VariantResultView(
        name=result.name,
        units=result.units,
        questions=result.questions,
        answered=view(result.answered, first.answered),
        approved=view(result.approved, first.approved),
        cached=view(result.cached, first.cached),
        ttft_ms=PercentilesView.model_validate(result.ttft_ms),
        total_ms=PercentilesView.model_validate(result.total_ms),
        output_tokens=result.output_tokens,
    )


def _interval(interval: Interval) -> IntervalView:
    return IntervalView.model_validate(interval)
