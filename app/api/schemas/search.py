"""Search as clients see it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.api.schemas.common import (
    CollectionName,
    DocumentDate,
    FilteredRequest,
    RequestModel,
    Text,
    UnreadParts,
    View,
)
from app.api.schemas.documents import RetrievalSettings
from app.domain.retrieval import SearchMode

CacheUse = Literal["use", "bypass", "refresh", "only-if-cached"]


def _not_blank(query: str) -> str:
    if not query.strip():
        raise ValueError("must not be blank")
    return query


QueryText = Annotated[
    Text,
    Field(min_length=1, max_length=8000, examples=["How many days of leave are there?"]),
    AfterValidator(_not_blank),
]


Semantic = Annotated[
    bool,
    Field(description="Whether the result of another question of the same meaning may be given; see `cache`"),
]


class SearchRequest(FilteredRequest, RequestModel):
    query: QueryText
    collection: CollectionName = "default"
    top_k: int = Field(default=5, ge=1, le=100)
    mode: SearchMode = SearchMode.HYBRID
    retrieval: RetrievalSettings | None = Field(
        default=None, description="In place of the collection's own, to try them out"
    )
    cache: CacheUse = "use"
    semantic: Semantic = True


class ResultView(View):
    """A passage. `scores` holds its score in each arm of the search, and the logit of a `cross_encoder`."""

    chunk_id: int
    document_id: UUID
    filename: str
    page: int | None
    section: str | None
    text: str
    score: float
    scores: dict[str, float]
    document_date: DocumentDate = None
    unread: UnreadParts = None


class CacheView(View):
    """The origin of the result. `similarity` and `matched_query` belong to hits by meaning."""

    status: Literal["hit", "miss", "bypass", "stale"]
    tier: Literal["l1", "l2", "l3", "semantic"] | None = None
    key: str | None = None
    age_seconds: float | None = None
    similarity: float | None = None
    matched_query: str | None = None


class SearchResponse(View):
    query_id: UUID = Field(description="The id for feedback on this result")
    results: list[ResultView]
    cache: CacheView
    timings_ms: dict[str, Any]
    corpus_version: int
