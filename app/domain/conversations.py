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
    """A stored message. `role` is "user" or "assistant"; `sources` are the answer's."""

    id: UUID
    role: str
    content: str
    sources: tuple[Mapping[str, Any], ...]
    query_id: UUID | None
    created_at: datetime


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
    """A question and its answer, about to be stored."""

    query_id: UUID
    question: str
    answer: str
    sources: tuple[Mapping[str, Any], ...]
