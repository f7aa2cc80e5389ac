"""The interfaces that the routes need of the services that answer questions."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol
from uuid import UUID

from app.cache.entry import CacheControl
from app.domain.answers import AnswerRequest, Event
from app.domain.conversations import Conversation, ConversationHistory, Export
from app.domain.retrieval import Query
from app.services.answering.answer import Answer
from app.services.pagination import Page
from app.services.search.cached import SearchResult

ExportFormat = Literal["markdown", "json"]


class Search(Protocol):
    def peek(self, query: Query) -> SearchResult | None: ...
    async def find(self, query: Query, control: CacheControl = ..., *, semantic: bool = ...) -> SearchResult: ...


class Answers(Protocol):
    def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]: ...
    async def collect(self, request: AnswerRequest) -> Answer: ...


class Conversations(Protocol):
    async def list(
        self, tenant: str, *, limit: int, cursor: str | None, words: str, within: Sequence[int] | None = ...
    ) -> Page[Conversation]: ...
    async def get(self, tenant: str, conversation_id: UUID) -> ConversationHistory: ...
    async def rename(self, tenant: str, conversation_id: UUID, title: str) -> Conversation: ...
    async def delete(self, tenant: str, conversation_id: UUID) -> None: ...
    async def delete_exchange(self, tenant: str, conversation_id: UUID, query_id: UUID) -> None: ...
    async def branch(
        self, tenant: str, conversation_id: UUID, *, before: UUID | None, title: str | None
    ) -> Conversation: ...
    async def export(self, tenant: str, conversation_id: UUID, format: ExportFormat) -> Export: ...  # noqa: A002
