"""The application around services that hold everything in memory."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import numpy as np
import orjson
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.dependencies import Services
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
from app.domain.conversations import Conversation, ConversationHistory, Export, Turn
from app.domain.documents import (
    Chunk,
    Collection,
    CollectionStatistics,
    Content,
    Document,
    DocumentStatus,
    EmbeddingSpace,
    Reindex,
    ReindexStatus,
    Stage,
    Upload,
    UploadResult,
)
from app.domain.ingestion import IngestDone, IngestEvent, IngestProgress
from app.domain.retrieval import Query
from app.errors import Conflict, InvalidInput, NotCached, NotFound, PreconditionFailed
from app.main import Lifespan, create_app
from app.ollama.protocol import ModelInfo, PullProgress, RunningModel
from app.services.answering.answer import Answer, collect
from app.services.answering.direct import DirectRequest
from app.services.answering.feedback import FeedbackService, StoredVerdict
from app.services.cache_ops.admin import CacheService
from app.services.cache_ops.warming import WarmingService
from app.services.documents.service import etag
from app.services.operations.analytics import AnalyticsReport, Period
from app.services.operations.deep_health import Component, DeepHealth
from app.services.operations.health import Examiner, HealthService, Probe
from app.services.operations.models import ModelService
from app.services.operations.query_plans import PlanReport
from app.services.pagination import Page
from app.services.search.cached import SearchResult
from app.services.semantic.report import MatchingReporter
from app.settings import Settings
from app.telemetry.metrics import Metrics
from app.telemetry.tracing import Tracing
from tests.support.cache_service import FakeCache
from tests.support.experiments import FakeExperiments
from tests.support.warming import FakeWarming

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
QUERY_ID = UUID(int=7)
KEY = "lc_a-key"
RESULTS = orjson.dumps(
    [
        {
            "chunk_id": 7,
            "document_id": UUID(int=1),
            "filename": "a.pdf",
            "page": 3,
            "section": "Leave",
            "text": "Thirty days.",
            "score": 0.03,
            "scores": {"vector": 0.8},
        }
    ]
)
HIT: CacheResult[Any] = CacheResult({}, CacheStatus.HIT, "c" * 64, "l1", 12.3456, 4, 60.0)


class FakeCollections:
    def __init__(self) -> None:
        self.found = {"default": collection("default")}

    async def list(self, tenant: str, *, limit: int, cursor: str | None) -> Page[CollectionStatistics]:
        names = sorted(name for name in self.found if name > (cursor or ""))
        items = tuple(self.found[name] for name in names[:limit])
        return Page(items, names[limit - 1] if len(names) > limit else None)

    async def names(self, tenant: str) -> Sequence[str]:
        return sorted(self.found)

    async def get(self, tenant: str, name: str) -> CollectionStatistics:
        if name not in self.found:
            raise NotFound(f"There is no collection called {name!r}.")
        return self.found[name]

    async def create(self, tenant: str, name: str, **described: Any) -> CollectionStatistics:
        if name in self.found:
            raise Conflict(f"A collection called {name!r} exists already.")
        self.found[name] = collection(name)
        return self.found[name]

    async def update(self, tenant: str, name: str, *, new_name: str | None, settings: Any, **_: Any) -> Any:
        found = await self.get(tenant, name)
        if settings is not None:
            changed = replace(found.collection, settings=found.collection.settings | settings)
            self.found[name] = replace(found, collection=changed)
        if new_name and new_name != name:
            await self.create(tenant, new_name)
            del self.found[name]
        return self.found[new_name or name]

    async def delete(self, tenant: str, name: str) -> None:
        await self.get(tenant, name)
        if name != "default":
            del self.found[name]


class FakeReindexes:
    def __init__(self, collections: FakeCollections) -> None:
        self._collections = collections

    async def start(self, tenant: str, name: str, embedding_model: str) -> CollectionStatistics:
        found = await self._collections.get(tenant, name)
        if found.collection.space.model == embedding_model:
            raise Conflict(f"{name!r} uses {embedding_model} already.")
        move = Reindex(UUID(int=3), embedding_model, ReindexStatus.QUEUED, 0, 0, 0, None, NOW, NOW)
        self._collections.found[name] = replace(found, reindex=move)
        return self._collections.found[name]

    async def cancel(self, tenant: str, name: str) -> CollectionStatistics:
        found = await self._collections.get(tenant, name)
        if found.reindex is None or not found.reindex.active:
            raise Conflict(f"{name!r} is not on its way to another model.")
        moved = replace(found.reindex, status=ReindexStatus.CANCELLED, error="Cancelled.")
        self._collections.found[name] = replace(found, reindex=moved)
        return self._collections.found[name]


COUNTS = {
    "requests": 10,
    "hits": 9,
    "l1_hits": 6,
    "l2_hits": 2,
    "l3_hits": 1,
    "semantic_hits": 0,
    "misses": 1,
    "stale": 0,
    "bypassed": 0,
    "coalesced": 0,
    "hit_rate": 0.9,
    "seconds_saved": 4.5,
    "tokens_saved": 100,
}
STATEMENT = {
    "id": 1,
    "at": NOW,
    "seconds": 2.5,
    "statement": "SELECT $1",
    "parameters": ["str(3)"],
    "plan": "Result",
    "request_id": "r1",
}


class FakeAnalytics:
    """Of both analytics and plans."""

    async def hit_rates(self, **asked: Any) -> AnalyticsReport:
        return AnalyticsReport([{"at": NOW, "namespace": "retrieval", **COUNTS}], NOW)

    async def savings(self, *, since: datetime | None, until: datetime | None) -> Any:
        if since and until and since >= until:
            raise InvalidInput("since: not before until.")
        return Period(NOW, NOW), [{"namespace": "retrieval", **COUNTS}]

    async def slow_statements(self, *, limit: int, cursor: str | None) -> Page[Mapping[str, Any]]:
        return Page((STATEMENT,), None)

    async def documents(self, tenant: str) -> AnalyticsReport:
        return AnalyticsReport([], None)

    async def explain(self, tenant: str, name: str | None = None) -> PlanReport:
        if name not in {None, "default"}:
            raise NotFound(f"There is no collection called {name!r}.")
        return PlanReport("default", (), ("chunks was never analyzed.",))


class FakeDocuments:
    def __init__(self) -> None:
        self.found: dict[UUID, Document] = {}
        self.data: dict[UUID, Upload] = {}
        self.asked: list[Mapping[str, Any]] = []

    async def upload(
        self,
        tenant: str,
        files: Sequence[Upload],
        *,
        collection: str,
        metadata: dict[str, Any],
        idempotency_key: str | None = None,
    ) -> list[UploadResult]:
        self.asked.append(
            {"tenant": tenant, "collection": collection, "metadata": metadata, "key": idempotency_key}
        )
        results = []
        for file in files:
            sha256 = hashlib.sha256(file.content).hexdigest()
            known = next((item for item in self.found.values() if item.sha256 == sha256), None)
            stored = known or self._add(file, sha256, collection, metadata)
            results.append(UploadResult(stored, unchanged=known is not None))
        return results

    async def list(
        self, tenant: str, *, collection: str | None, status: DocumentStatus | None, limit: int, cursor: str | None
    ) -> Page[Document]:
        found = [item for item in self.found.values() if status in {None, item.status}]
        return Page(tuple(found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)

    async def get(self, tenant: str, document_id: UUID) -> Document:
        if document_id not in self.found:
            raise NotFound(f"There is no document {document_id}.")
        return self.found[document_id]

    async def chunks(self, tenant: str, document_id: UUID, *, limit: int, cursor: str | None) -> Page[Chunk]:
        document = await self.get(tenant, document_id)
        return Page((Chunk(1, document.id, document.filename, 1, 0, "text", 1, 1, None),))

    async def content(self, tenant: str, document_id: UUID) -> Content:
        document = await self.get(tenant, document_id)
        upload = self.data[document_id]
        return Content(upload.filename, upload.media_type or "", document.sha256, upload.content)

    async def replace(
        self, tenant: str, document_id: UUID, upload: Upload, *, metadata: Any, if_match: str | None
    ) -> Document:
        document = await self.get(tenant, document_id)
        if if_match not in {None, etag(document)}:
            raise PreconditionFailed("The document has changed.")
        self.data[document_id] = upload
        self.found[document_id] = replace(document, version=document.version + 1)
        return self.found[document_id]

    async def retry(self, tenant: str, document_id: UUID) -> Document:
        raise Conflict(f"Nothing to retry: the document is {(await self.get(tenant, document_id)).status}.")

    async def cancel(self, tenant: str, document_id: UUID) -> Document:
        return await self.get(tenant, document_id)

    async def delete(self, tenant: str, document_id: UUID, if_match: str | None = None) -> None:
        await self.get(tenant, document_id)
        del self.found[document_id]

    async def events(self, tenant: str, document_id: UUID) -> AsyncIterator[IngestEvent]:
        document = await self.get(tenant, document_id)
        yield IngestProgress(Stage.EMBED, 1, 2, 10.0, 0.1)
        yield IngestDone(document)

    def _add(self, file: Upload, sha256: str, collection: str, metadata: dict[str, Any]) -> Document:
        document = Document(
            id=uuid4(),
            tenant="default",
            collection=collection,
            filename=file.filename,
            media_type=file.media_type or "",
            size_bytes=len(file.content),
            sha256=sha256,
            status=DocumentStatus.QUEUED,
            stage=None,
            chunk_count=0,
            embedded_count=0,
            failed_count=0,
            reused_count=0,
            error=None,
            metadata=metadata,
            version=1,
            created_at=NOW,
            updated_at=NOW,
        )
        self.found[document.id] = document
        self.data[document.id] = file
        return document


@dataclass
class FakeSearch:
    asked: list[Query] = field(default_factory=list)
    error: Exception | None = None

    hit: SearchResult | None = None
    by_meaning: SearchResult | None = None

    def peek(self, query: Query) -> SearchResult | None:
        return self.hit

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
class FakeAnswers:
    """Says `events`; with `gate`, waits for it before the first delta. Notes whether it was closed."""

    error: Exception | None = None
    error_after_start: Exception | None = None
    gate: asyncio.Event | None = None
    asked: list[AnswerRequest] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    end: Event = field(default_factory=lambda: Done("stop", (1,)))
    cache: Mapping[str, Any] = field(default_factory=lambda: {"status": "miss"})

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

    async def collect(self, request: AnswerRequest) -> Answer:
        return await collect(self.answer(request))


class FakeConversations:
    def __init__(self) -> None:
        first = Conversation(UUID(int=5), "default", "default", "Leave", NOW, NOW)
        self.found = {first.id: first}

    async def list(self, tenant: str, *, limit: int, cursor: str | None) -> Page[Conversation]:
        return Page(tuple(self.found.values())[:limit])

    async def get(self, tenant: str, conversation_id: UUID) -> ConversationHistory:
        turn = Turn(UUID(int=6), "user", "How many days?", (), None, NOW)
        return ConversationHistory(self._find(conversation_id), (turn,))

    async def rename(self, tenant: str, conversation_id: UUID, title: str) -> Conversation:
        self.found[conversation_id] = replace(self._find(conversation_id), title=title)
        return self.found[conversation_id]

    async def delete(self, tenant: str, conversation_id: UUID) -> None:
        self._find(conversation_id)

    async def export(self, tenant: str, conversation_id: UUID, format: str) -> Export:  # noqa: A002
        self._find(conversation_id)
        return Export("leave.md", "text/markdown", b"# Leave\n") if format == "markdown" else _JSON_EXPORT

    def _find(self, conversation_id: UUID) -> Conversation:
        if conversation_id not in self.found:
            raise NotFound(f"There is no conversation {conversation_id}.")
        return self.found[conversation_id]


_JSON_EXPORT = Export("leave.json", "application/json", b"{}")


class FakeModelServer:
    async def models(self) -> list[ModelInfo]:
        return [ModelInfo("all-minilm:latest", "sha256:1", 10, "", {}, frozenset({"embedding"}))]

    async def show(self, model: str) -> ModelInfo:
        return (await self.models())[0]

    async def running(self) -> list[RunningModel]:
        return [RunningModel("one", "all-minilm:latest", "sha256:1", 10, 0, None, None)]

    async def pull(self, model: str) -> Any:
        yield PullProgress("one", "pulling", "sha256:2", 100, 50)


class FakeDirect:
    """Echoes the last message; embeds everything alike."""

    def __init__(self) -> None:
        self.asked: list[DirectRequest] = []
        self.embedded: list[tuple[list[str], str]] = []

    async def chat(self, request: DirectRequest) -> AsyncIterator[Event]:
        self.asked.append(request)
        yield Start(QUERY_ID, "0" * 32, request.model, {"status": "bypass"})
        yield Delta(request.messages[-1].content)
        yield Usage(3, 2, 1.0, 2.0)
        yield Done("length", ())

    async def embed(self, texts: list[str], model: str) -> list[Any]:
        self.embedded.append((texts, model))
        return [np.array([0.6, 0.8], np.float32) for _ in texts]


class FakeKeys:
    async def tenant_of(self, key: str) -> str | None:
        return "acme" if key == KEY else None


class FakeFeedback:
    def __init__(self) -> None:
        self.stored: list[tuple[str, UUID, str, str]] = []

    async def record(self, tenant: str, query_id: UUID, verdict: str, comment: str = "") -> StoredVerdict:
        self.stored.append((tenant, query_id, verdict, comment))
        return StoredVerdict(UUID(int=9), evicted=verdict == "wrong_hit")


def collection(name: str) -> CollectionStatistics:
    space = EmbeddingSpace(1, "all-minilm", "sha256:1", 384)
    return CollectionStatistics(Collection(1, "default", name, "", "english", 4, space, NOW, NOW), 1, 2, 3)


async def well() -> None:
    """A probe of something that is well."""


@dataclass
class Fakes:
    """The services behind an application under test."""

    documents: FakeDocuments = field(default_factory=FakeDocuments)
    collections: FakeCollections = field(default_factory=FakeCollections)
    analytics: FakeAnalytics = field(default_factory=FakeAnalytics)
    search: FakeSearch = field(default_factory=FakeSearch)
    answers: FakeAnswers = field(default_factory=FakeAnswers)
    conversations: FakeConversations = field(default_factory=FakeConversations)
    direct: FakeDirect = field(default_factory=FakeDirect)
    experiments: FakeExperiments = field(default_factory=FakeExperiments)
    feedback: FakeFeedback = field(default_factory=FakeFeedback)
    cache: FakeCache = field(default_factory=FakeCache)
    warming: FakeWarming = field(default_factory=FakeWarming)
    matching: MatchingReporter = field(default_factory=lambda: MatchingReporter("shadow", 0.01, None))
    postgres: Probe = well
    redis: Probe = well
    draining: bool = False
    health: HealthService | None = None
    metrics: Metrics | None = None

    def services(self, settings: Settings, metrics: Metrics) -> Services:
        self.metrics = metrics
        examiner = Examiner(0.05)
        self.health = HealthService(
            required={"postgres": self.postgres},
            optional={"redis": self.redis},
            startup={"migrations": self.postgres},
            examiner=examiner,
            draining=lambda: self.draining,
            max_age=0.0,
        )
        deep_health = DeepHealth(
            [
                Component("postgres", "datastore", self.postgres, required=True),
                Component("redis", "datastore", self.redis),
                Component("models", "component", well, id="http://one"),
                Component("models", "component", well, id="http://two"),
            ],
            examiner,
            max_age=0.0,
        )
        return Services(
            documents=cast("Any", self.documents),
            watcher=cast("Any", self.documents),
            collections=cast("Any", self.collections),
            reindexes=cast("Any", FakeReindexes(self.collections)),
            analytics=cast("Any", self.analytics),
            plans=cast("Any", self.analytics),
            search=self.search,
            answers=self.answers,
            conversations=self.conversations,
            direct=cast("Any", self.direct),
            models=ModelService(FakeModelServer(), chat_model="smollm2:135m", embedding_model="all-minilm"),
            feedback=cast("FeedbackService", self.feedback),
            experiments=cast("Any", self.experiments),
            cache=cast("CacheService", self.cache),
            warming=cast("WarmingService", self.warming),
            matching=self.matching,
            health=self.health,
            deep_health=deep_health,
            metrics=metrics,
            keys=FakeKeys() if settings.auth_mode == "api_key" else None,
            max_upload_bytes=settings.max_upload_bytes,
        )


@asynccontextmanager
async def client_of(
    fakes: Fakes, *, fresh: bool = False, tracing: Tracing | None = None, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the application around `fakes`; `fresh` for one that no other test has used."""
    app = serving(fakes, fresh=fresh, tracing=tracing, **settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


def serving(fakes: Fakes, *, fresh: bool = False, tracing: Tracing | None = None, **settings: Any) -> ASGIApp:
    """The application around `fakes`, as a server would call it."""
    app = _new_app(tracing, **settings) if fresh or tracing else _cached_app(**settings)
    services = fakes.services(settings_of(**settings), app.state.metrics)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"services": services}}, receive, send)

    return serve


def settings_of(**settings: Any) -> Settings:
    return Settings(**{"_env_file": None, **settings})


def _new_app(tracing: Tracing | None = None, **settings: Any) -> FastAPI:
    made: list[Metrics] = []

    def lifespan(_: Settings, metrics: Metrics) -> Lifespan:
        made.append(metrics)
        return _no_lifespan

    app = create_app(settings_of(**settings), lifespan=lifespan, tracing=tracing)
    app.state.metrics = made[0]
    return app


@asynccontextmanager
async def _no_lifespan(_: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
    yield {}


# Making an application costs a quarter of a second.
_cached_app = cache(_new_app)
