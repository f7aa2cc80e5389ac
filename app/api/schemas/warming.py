"""Warming as operators see it."""

from typing import Self

from pydantic import Field, model_validator

from app.api.schemas.cache_examples import WARM, WARMED
from app.api.schemas.common import CollectionName, RequestModel, View, shown_as
from app.api.schemas.search import QueryText
from app.domain.warming import WarmedNamespace
from app.services.cache_ops.warm_questions import TOP


class WarmRequest(RequestModel):
    """`queries` as given, or else those with the most hits, as they were asked."""

    model_config = shown_as(*WARM)

    queries: list[QueryText] | None = Field(
        default=None, min_length=1, max_length=1000, examples=[["How many days of leave are there?"]]
    )
    collection: CollectionName | None = Field(
        default=None, description="Of given queries, `default` if not given; of the most used ones, any"
    )
    namespace: WarmedNamespace | None = Field(
        default=None,
        description="Searches alone or answers alone. Given queries are answered unless it says otherwise",
    )
    limit: int = Field(default=TOP, ge=1, le=1000, description="How many of the most used")
    stream: bool = Field(default=False, description="Tell the progress as server-sent events")

    @model_validator(mode="after")
    def _limit_is_of_the_top(self) -> Self:
        if self.queries is not None and "limit" in self.model_fields_set:
            raise ValueError("limit is of the most used; given queries are all asked")
        return self


class WarmFailureView(View):
    query: str
    detail: str


class WarmedView(View):
    """`held`: some tier had the result, which is in memory now. `computed`: it was made anew."""

    model_config = shown_as(WARMED)

    total: int
    held: int
    computed: int
    failures: list[WarmFailureView]
    seconds: float
