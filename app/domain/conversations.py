"""Conversations: a title, and the questions and answers under it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Conversation:
    """`excerpt`: of a search, the words around the place that was found in a message."""

    id: UUID
    tenant: str
    collection: str
    title: str
    created_at: datetime
    updated_at: datetime
    excerpt: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A stored message. `role` is "user" or "assistant"; `sources` and `finish_reason` are the answer's."""

    id: UUID
    role: str
    content: str
    sources: tuple[Mapping[str, Any], ...]
    query_id: UUID | None
    created_at: datetime
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationHistory:
    """A conversation with its messages, oldest first, which are read as they are asked for, once."""

    conversation: Conversation
    messages: AsyncIterator[Turn]


@dataclass(frozen=True, slots=True)
class Export:
    """A conversation as a file, whose pieces are made as they are asked for, once."""

    filename: str
    media_type: str
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer, about to be stored. `finish_reason` is that of `Done`."""

    query_id: UUID
    question: str
    answer: str
    sources: tuple[Mapping[str, Any], ...]
    finish_reason: str = "stop"


@dataclass(frozen=True, slots=True)
class UnansweredQuestion:
    """A question that was asked `times` times, and found nothing that answers it.

    `finish_reason` is `NO_CONTEXT`, or `NEAR_MISS` if passages about the subject were found.
    """

    question: str
    collection: str
    finish_reason: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """What a person thought of an answer. Question, answer and conversation are None if they are not kept."""

    id: UUID
    query_id: UUID
    verdict: str
    comment: str
    created_at: datetime
    question: str | None
    answer: str | None
    conversation_id: UUID | None
