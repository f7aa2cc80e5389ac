"""Warming as operators see it."""

from typing import Self

from pydantic import Field, model_validator

from app.api.schemas.cache_examples import WARM, WARMED
from app.api.schemas.common import CollectionName, RequestModel, View, shown_as
from app.api.schemas.search import QueryText
from app.domain.warming import WarmedNamespace
from app.services.cache_ops.warm_questions import TOP


class WarmRequest(RequestModel):
    """The questions to warm: `queries`, or by default the ones with the most hits, as they were asked."""

    model_config = shown_as(*WARM)

    queries: list[QueryText] | None = Field(
        default=None, min_length=1, max_length=1000, examples=[["How many days of leave are there?"]]
    )
    collection: CollectionName | None = Field(
        default=None, description="The collection. Default: `default` for given queries, any for the most used ones"
    )
    namespace: WarmedNamespace | None = Field(
        default=None,
        description="Searches or answers. Default: answers for given queries, both for the most used ones",
    )
    limit: int = Field(default=TOP, ge=1, le=1000, description="Number of most used questions to warm")
    stream: bool = Field(default=False, description="Send the progress as server-sent events")

    @model_validator(mode="after")
    def _limit_is_of_the_top(self) -> Self:
        if self.queries is not None and "limit" in self.model_fields_set:
            raise ValueError("limit is for the most used queries; given queries are all asked")
        return self


class WarmFailureView(View):
    query: str
    detail: str


class WarmedView(View):
    """`held`: results that some tier had, now in memory too. `computed`: results that were computed."""

    model_config = shown_as(WARMED)

    total: int
    held: int
    computed: int
    failures: list[WarmFailureView]
    seconds: float
