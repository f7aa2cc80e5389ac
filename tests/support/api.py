"""The application around services that hold everything in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.dependencies import Services
from app.main import Lifespan, create_app
from app.services.access.authentication import Authentication
from app.services.access.rate_limits import RateLimits
from app.services.operations.deep_health import Component, DeepHealth
from app.services.operations.health import Examiner, HealthService, Probe
from app.services.operations.models import ModelService
from app.services.semantic.report import MatchingReporter
from app.settings import Settings
from app.telemetry.metrics import Metrics
from app.telemetry.tracing import Tracing
from tests.support.fakes.access import FakeAccess, FakeKeys, FakeVerifiedKeys, limits_of
from tests.support.fakes.answers import FakeAnswers, FakeConversations, FakeDirect, FakeFeedback, FakeSearch
from tests.support.fakes.cache import FakeCache
from tests.support.fakes.documents import FakeCollections, FakeDocuments, FakeReindexes, FakeWatcher
from tests.support.fakes.evaluations import FakeEvaluations
from tests.support.fakes.experiments import FakeExperiments
from tests.support.fakes.operations import FakeAnalytics, FakeModelServer, FakePlans, default_chat_model, well
from tests.support.fakes.warming import FakeWarming


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
    evaluations: FakeEvaluations = field(default_factory=FakeEvaluations)
    feedback: FakeFeedback = field(default_factory=FakeFeedback)
    verified: FakeVerifiedKeys = field(default_factory=FakeVerifiedKeys)
    limits: RateLimits = field(default_factory=limits_of)
    keys: FakeKeys = field(default_factory=FakeKeys)
    cache: FakeCache = field(default_factory=FakeCache)
    model_server: FakeModelServer = field(default_factory=FakeModelServer)
    warming: FakeWarming = field(default_factory=FakeWarming)
    matching: MatchingReporter = field(default_factory=lambda: MatchingReporter("shadow", 0.01, None))
    postgres: Probe = well
    redis: Probe = well
    draining: bool = False
    health: HealthService | None = None
    metrics: Metrics | None = None
    worker_metrics: Callable[[], Awaitable[str]] | None = None

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
            documents=self.documents,
            watcher=FakeWatcher(self.documents),
            collections=self.collections,
            reindexes=FakeReindexes(self.collections),
            analytics=self.analytics,
            plans=FakePlans(),
            search=self.search,
            answers=self.answers,
            conversations=self.conversations,
            direct=self.direct,
            models=ModelService(self.model_server, chat_model=default_chat_model, embedding_model="all-minilm"),
            feedback=self.feedback,
            experiments=self.experiments,
            evaluations=self.evaluations,
            cache=self.cache,
            warming=self.warming,
            matching=self.matching,
            health=self.health,
            deep_health=deep_health,
            metrics=metrics,
            worker_metrics=self.worker_metrics,
            authentication=Authentication(self.verified if settings.auth_mode == "api_key" else None),
            access=FakeAccess(self.documents),
            keys=self.keys,
            limits=self.limits,
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
