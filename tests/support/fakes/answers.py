"""Search, answers, conversations and feedback in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
import orjson
from typing_extensions import override

from app.api.ports import Answers, Conversations, Search
from app.cache.entry import CacheControl, CacheResult, CacheStatus
from app.domain.answers import (
    AnswerRequest,
    Citation,
    Delta,
    Done,
    Event,
    Source,
    Sources,
    Start,
    Status,
    Usage,
)
from app.domain.conversations import Conversation, ConversationHistory, Export, GivenVerdict, Turn
from app.domain.direct import DirectRequest, ToolCall, ToolCalls
from app.domain.retrieval import Query, Vector
from app.errors import NotCached, NotFound
from app.services.answering.answer import Answer, collect
from app.services.answering.direct import DirectEvent, DirectService
from app.services.conversations.feedback import FeedbackService, StoredVerdict
from app.services.pagination import Page
from app.services.search.cached import SearchResult

T = TypeVar("T")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
QUERY_ID = UUID(int=7)
RESULTS = orjson.dumps(
    [
        {
            "chunk_id": 7,
            "document_id": UUID(int=1),
            "filename": "a.pdf",
            "page": 3,
            "section": "Leave",
            "text": "Thirty days.",
            "document_date": "2026-11-01T12:00:00+00:00",
            "unread": None,
            "score": 0.03,
            "scores": {"vector": 0.8},
        }
    ]
)
HIT: CacheResult[Any] = CacheResult({}, CacheStatus.HIT, "c" * 64, "l1", 12.3456, 4, 60.0)


@dataclass
class FakeSearch(Search):
    asked: list[Query] = field(default_factory=list)
    peeked: list[Query] = field(default_factory=list)
    error: Exception | None = None

    hit: SearchResult | None = None
    by_meaning: SearchResult | None = None

    @override
    def peek(self, query: Query) -> SearchResult | None:
        self.peeked.append(query)
        return self.hit

    @override
    async def find(
        self, query: Query, control: CacheControl = CacheControl.USE, *, semantic: bool = False
    ) -> SearchResult:
        self.asked.append(query)
        if self.error is not None:
            raise self.error
        if semantic and self.by_meaning is not None:
            return self.by_meaning
        if control is CacheControl.ONLY_IF_CACHED:
            raise NotCached("The cache holds no fresh result for this request.")
        status = CacheStatus.BYPASS if control is CacheControl.BYPASS else CacheStatus.MISS
        return SearchResult(
            RESULTS, CacheResult({"results": RESULTS}, status, "c" * 64, corpus_version=4), {"embed": 1.0}
        )


@dataclass
class FakeAnswers(Answers):
    """Says `events`; with `gate`, waits for it before the first delta. Notes whether it was closed."""

    error: Exception | None = None
    error_after_start: Exception | None = None
    gate: asyncio.Event | None = None
    asked: list[AnswerRequest] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    end: Event = field(default_factory=lambda: Done("stop", (1,)))
    cache: Mapping[str, Any] = field(default_factory=lambda: {"status": "miss"})

    @override
    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        try:
            if self.error is not None:
                raise self.error
            yield Start(QUERY_ID, "0" * 32, request.model or "smollm2:135m", self.cache)
            yield Status("retrieve", 1.5)
            if self.error_after_start is not None:
                raise self.error_after_start
            yield Sources((Source(1, 7, UUID(int=1), "a.pdf", 3, "Leave", 0.03, "Thirty days."),))
            if self.gate is not None:
                self.waiting.set()
                await self.gate.wait()
            yield Delta("Thirty ")
            yield Delta("days [1].")
            yield Citation(1, 7, 15)
            yield Usage(20, 4, 12.0, 30.0)
            yield self.end
        finally:
            self.closed.set()

    @override
    async def collect(self, request: AnswerRequest) -> Answer:
        return await collect(self.answer(request))


class FakeConversations(Conversations):
    def __init__(self) -> None:
        first = Conversation(UUID(int=5), "default", "default", "Leave", NOW, NOW)
        self.found = {first.id: first}

    @override
    async def list(
        self,
        tenant: str,
        *,
        limit: int,
        cursor: str | None,
        words: str,
        within: Sequence[int] | None = None,
    ) -> Page[Conversation]:
        open_to_all = within is None or 1 in within
        return Page(tuple(one for one in self.found.values() if words in one.title and open_to_all)[:limit])

    @override
    async def get(self, tenant: str, conversation_id: UUID) -> ConversationHistory:
        turn = Turn(UUID(int=6), "user", "How many days?", (), None, NOW)
        return ConversationHistory(self._find(conversation_id), _one_by_one(turn))

    @override
    async def rename(self, tenant: str, conversation_id: UUID, title: str) -> Conversation:
        self.found[conversation_id] = replace(self._find(conversation_id), title=title)
        return self.found[conversation_id]

    @override
    async def delete(self, tenant: str, conversation_id: UUID) -> None:
        self._find(conversation_id)

    @override
    async def delete_exchange(self, tenant: str, conversation_id: UUID, query_id: UUID) -> None:
        self._find(conversation_id)
        if query_id != QUERY_ID:
            raise NotFound("The conversation has no such exchange.")

    @override
    async def branch(
        self, tenant: str, conversation_id: UUID, *, before: UUID | None, title: str | None
    ) -> Conversation:
        found = self._find(conversation_id)
        return replace(found, id=UUID(int=8), title=title or found.title)

    @override
    async def export(self, tenant: str, conversation_id: UUID, format: str) -> Export:
        self._find(conversation_id)
        if format == "markdown":
            return Export("leave.md", "text/markdown", _one_by_one(b"# Leave\n"))
        return Export("leave.json", "application/json", _one_by_one(b"{}"))

    def _find(self, conversation_id: UUID) -> Conversation:
        if conversation_id not in self.found:
            raise NotFound(f"There is no conversation {conversation_id}.")
        return self.found[conversation_id]


async def _one_by_one(*items: T) -> AsyncIterator[T]:
    for item in items:
        yield item


class FakeDirect(DirectService):
    """Echoes the last message; embeds everything alike."""

    def __init__(self) -> None:
        self.asked: list[DirectRequest] = []
        self.embedded: list[tuple[list[str], str]] = []
        self.calls: tuple[ToolCall, ...] = ()

    @override
    async def chat(self, request: DirectRequest) -> AsyncGenerator[DirectEvent, None]:
        self.asked.append(request)
        yield Start(QUERY_ID, "0" * 32, request.model, {"status": "bypass"})
        if self.calls:
            yield ToolCalls(self.calls)
        else:
            yield Delta(request.messages[-1].content)
        yield Usage(3, 2, 1.0, 2.0)
        yield Done("length", ())

    @override
    async def embed(self, texts: Sequence[str], model: str, *, dimensions: int | None = None) -> list[Vector]:
        self.embedded.append((list(texts), model))
        return [np.array([0.6, 0.8], np.float32) for _ in texts]


class FakeFeedback(FeedbackService):
    def __init__(self) -> None:
        self.stored: list[tuple[str, UUID, str, str]] = []

    @override
    async def record(self, tenant: str, query_id: UUID, verdict: str, comment: str = "") -> StoredVerdict:
        self.stored.append((tenant, query_id, verdict, comment))
        return StoredVerdict(UUID(int=9), evicted=verdict == "wrong_hit")

    @override
    async def list(self, tenant: str, **asked: Any) -> Page[GivenVerdict]:
        return Page((GivenVerdict(UUID(int=9), UUID(int=7), "up", "", NOW, "Why?", "So.", UUID(int=8)),), None)
