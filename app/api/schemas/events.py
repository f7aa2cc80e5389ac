"""The events of each stream, as OpenAPI describes them: the name of an event and the type of its data."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.api.compatible.openai_schemas import CompletionChunk
from app.api.problems import Problem
from app.api.schemas.chat import CitationView, HighlightView, SourceView, UsageView
from app.api.schemas.common import View
from app.api.schemas.documents import DocumentView
from app.api.schemas.search import CacheView
from app.api.schemas.warming import WarmedView
from app.domain.answers import AnswerProgress, Delta, Done, Status, Thinking
from app.domain.ingestion import IngestProgress
from app.domain.warming import WarmStep
from app.services.operations.models import Pulled, PullStep


class AnswerStart(View):
    """The first event of an answer. `conversation_id` is null if the exchange is not stored."""

    query_id: UUID
    trace_id: str
    model: str
    cache: CacheView
    conversation_id: UUID | None
    searched_for: str | None = Field(
        description="What a follow-up question was rewritten to; null if the question itself was searched for"
    )


class StreamFailure(View):
    """The last event of a stream that broke. `retryable`: the same request may succeed in a moment."""

    problem: Problem
    retryable: bool


Events = Mapping[str, Any]

ANSWER: Events = {
    "start": AnswerStart,
    "status": Status,
    "progress": AnswerProgress,
    "sources": list[SourceView],
    "highlights": list[HighlightView],
    "thinking": Thinking,
    "delta": Delta,
    "citation": CitationView,
    "usage": UsageView,
    "done": Done,
    "error": StreamFailure,
}
INGESTION: Events = {"progress": IngestProgress, "done": DocumentView, "error": StreamFailure}
PULL: Events = {"progress": PullStep, "done": Pulled, "error": StreamFailure}
WARMING: Events = {"progress": WarmStep, "done": WarmedView, "error": StreamFailure}
# OpenAI's streams name no event, and end with a word that is not JSON.
COMPLETION: Events = {"": CompletionChunk | Literal["[DONE]"]}

STREAMS: Mapping[str, Events] = {
    "AnswerEvent": ANSWER,
    "IngestionEvent": INGESTION,
    "PullEvent": PULL,
    "WarmingEvent": WARMING,
    "CompletionEvent": COMPLETION,
}
