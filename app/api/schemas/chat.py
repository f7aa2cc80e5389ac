"""Questions and answers as clients see them."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.api.schemas.common import (
    AnswerChoices,
    CollectionName,
    DocumentDate,
    FilteredRequest,
    ModelName,
    RequestModel,
    Text,
    UnreadParts,
    View,
    chosen,
)
from app.api.schemas.search import CacheUse, CacheView, Semantic
from app.domain.answers import DEFAULT_MAX_TOKENS, AnswerRequest, Message

QuestionText = Annotated[Text, Field(min_length=1, max_length=32_000)]


class MessageIn(RequestModel):
    role: Literal["system", "user", "assistant"]
    content: Text = Field(max_length=100_000)


class ChatRequest(AnswerChoices, FilteredRequest, RequestModel):
    """Give a `question`, or `messages` whose last one is the user's, or an exchange that is to be answered anew."""

    question: QuestionText | None = Field(default=None, examples=["How many days of leave are there?"])
    messages: list[MessageIn] | None = Field(default=None, min_length=1, max_length=200)
    collection: CollectionName = "default"
    conversation_id: UUID | None = None
    replaces: UUID | None = Field(
        default=None,
        description="The `query_id` of the exchange of the conversation whose place this one takes, with all after "
        "it. Without a `question`, its own is answered anew, past the cache unless `cache` says otherwise",
    )
    top_k: int = Field(
        default=5,
        ge=1,
        le=50,
        description="Passages to answer from. Not given: the collection's `passages`, else 5",
    )
    model: ModelName | None = None
    stream: bool = True
    cache: CacheUse = "use"
    semantic: Semantic = True

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if self.replaces is not None and (self.conversation_id is None or self.messages is not None):
            raise ValueError("replaces: give it with conversation_id, and without messages")
        if self.regenerates:
            return self
        if (self.question is None) == (self.messages is None):
            raise ValueError("give either question or messages")
        if self.messages and self.messages[-1].role != "user":
            raise ValueError("messages: the last one must be the user's")
        if not self.asked.strip():
            raise ValueError("the question must not be blank")
        return self

    @property
    def regenerates(self) -> bool:
        return self.replaces is not None and self.question is None

    @property
    def asked(self) -> str:
        return self.messages[-1].content if self.messages else self.question or ""

    def to_domain(self, tenant: str) -> AnswerRequest:
        return AnswerRequest(
            tenant=tenant,
            collection=self.collection,
            question=self.asked,
            history=tuple(Message(item.role, item.content) for item in (self.messages or [])[:-1]),
            conversation_id=self.conversation_id,
            replaces=self.replaces,
            top_k=self.top_k,
            model=self.model or "",
            mode=self.mode or "",
            style=self.style,
            temperature=self.temperature or 0.0,
            max_tokens=self.max_tokens or DEFAULT_MAX_TOKENS,
            thinking=bool(self.thinking),
            given=chosen(self),
            filter=self.wanted,
            cache="refresh" if self.regenerates and "cache" not in self.model_fields_set else self.cache,
            semantic=self.semantic,
            # A client that sends the messages keeps them itself.
            remember=self.messages is None or self.conversation_id is not None,
        )


class SourceView(View):
    citation: int = Field(description="The number under which the answer cites it, from 1")
    chunk_id: int
    document_id: UUID
    filename: str
    page: int | None
    section: str | None
    score: float
    quote: str
    document_date: DocumentDate = None
    unread: UnreadParts = None


class HighlightView(View):
    """A sentence that holds the answer: characters `start` to `end` of its chunk's text, and how it reads."""

    citation: int
    chunk_id: int
    start: int
    end: int
    text: str
    score: float


class CitationView(View):
    """The answer refers to source `citation` where its first `offset` characters end."""

    citation: int
    chunk_id: int
    offset: int


class LeftOutView(View):
    """The parts for which the model's context had no room: sources, parts of sources, earlier messages.

    Of the earlier messages some may be left out, others summarised.
    """

    passages: int
    passages_cut: int
    history: int
    history_summarised: int


class UsageView(View):
    input_tokens: int
    output_tokens: int
    ttft_ms: float
    total_ms: float
    left_out: LeftOutView | None


class ChatResponse(View):
    """The events of an answer, collected."""

    query_id: UUID
    answer: str
    thinking: str | None = Field(description="The thoughts of a reasoning model. Nothing stores them")
    sources: list[SourceView]
    highlights: list[HighlightView]
    citations: list[CitationView]
    cache: CacheView
    usage: UsageView | None
    timings_ms: dict[str, float]
    conversation_id: UUID | None
    searched_for: str | None = Field(
        description="What a follow-up question was rewritten to; null if the question itself was searched for"
    )
    model: str
    finish_reason: str
    notes: list[str] = Field(
        description="What to know of the answer: which of its sources were not read whole",
        examples=[["scan.pdf was not read whole; missing: pages 2-5."]],
    )
