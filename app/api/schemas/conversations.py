"""Conversations and verdicts as clients see them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.api.schemas.common import RequestModel, Text, View
from app.domain.conversations import ConversationHistory


class ConversationView(View):
    id: UUID
    title: str
    collection: str
    created_at: datetime
    updated_at: datetime
    excerpt: str | None = Field(
        default=None, description="Of a search: the words of a message around the place that was found"
    )


class TurnView(View):
    id: UUID
    role: str
    content: str
    sources: list[dict[str, Any]]
    query_id: UUID | None
    created_at: datetime
    finish_reason: str | None = Field(description="How an answer ended; null for questions")


class ConversationHistoryView(ConversationView):
    messages: list[TurnView]


async def history_pieces(history: ConversationHistory) -> AsyncIterator[bytes]:
    """Write a `ConversationHistoryView` as JSON, message by message: a long one is never in memory whole."""
    head = ConversationView.model_validate(history.conversation).model_dump_json()
    yield f'{head.removesuffix("}")},"messages":['.encode()
    separator = ""
    async for turn in history.messages:
        yield f"{separator}{TurnView.model_validate(turn).model_dump_json()}".encode()
        separator = ","
    yield b"]}"


class ConversationRename(RequestModel):
    title: Text = Field(min_length=1, max_length=200, examples=["Leave and holidays"])


class ConversationBranch(RequestModel):
    before: UUID | None = Field(
        default=None, description="The `query_id` of the first exchange that is left out; none if not given"
    )
    title: Text | None = Field(
        default=None, min_length=1, max_length=200, description="The other conversation's if not given"
    )


class FeedbackRequest(RequestModel):
    query_id: UUID = Field(description="The `query_id` of an answer's `start` event, or of a search")
    verdict: Literal["up", "down", "wrong_hit"] = Field(
        description="wrong_hit: the cached answer belongs to another question"
    )
    comment: Text = Field(default="", max_length=4000)


class GivenVerdictView(View):
    """A verdict. `question`, `answer` and `conversation_id` are null if they are not kept."""

    id: UUID
    query_id: UUID
    verdict: Literal["up", "down", "wrong_hit"]
    comment: str
    created_at: datetime
    question: str | None
    answer: str | None
    conversation_id: UUID | None


class FeedbackView(View):
    """`evicted`: whether the verdict removed a cache entry."""

    id: UUID
    query_id: UUID
    verdict: Literal["up", "down", "wrong_hit"]
    evicted: bool
