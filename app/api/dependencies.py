"""The services that the lifespan builds for the routes, and how a route reaches them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from app.api.middleware.access import caller_in
from app.api.ports import Answers, Conversations, Search
from app.api.schemas.common import CollectionName
from app.domain.access.caller import Caller
from app.services.access.authentication import Authentication
from app.services.access.collections import CollectionAccess, OpenCollections
from app.services.access.keys import KeyService
from app.services.access.rate_limits import RateLimits
from app.services.answering.direct import DirectService
from app.services.answering.experiments import ExperimentService
from app.services.cache_ops.admin import CacheService
from app.services.cache_ops.warming import WarmingService
from app.services.conversations.feedback import FeedbackService
from app.services.documents.collections import CollectionService
from app.services.documents.progress import ProgressWatcher
from app.services.documents.service import DocumentService
from app.services.evaluations.service import EvaluationService
from app.services.ingestion.reindex_requests import ReindexService
from app.services.operations.analytics import AnalyticsService
from app.services.operations.deep_health import DeepHealth
from app.services.operations.health import HealthService
from app.services.operations.models import ModelService
from app.services.operations.query_plans import PlanService
from app.services.semantic.report import MatchingReporter
from app.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Services:
    """Every service that a route calls.

    Attributes:
        worker_metrics: reads the OpenMetrics text of the worker beside this process; None if none is known.
    """

    documents: DocumentService
    watcher: ProgressWatcher
    collections: CollectionService
    reindexes: ReindexService
    analytics: AnalyticsService
    plans: PlanService
    search: Search
    answers: Answers
    conversations: Conversations
    direct: DirectService
    models: ModelService
    feedback: FeedbackService
    experiments: ExperimentService
    evaluations: EvaluationService
    cache: CacheService
    warming: WarmingService
    matching: MatchingReporter
    health: HealthService
    deep_health: DeepHealth
    metrics: Metrics
    worker_metrics: Callable[[], Awaitable[str]] | None
    authentication: Authentication
    access: CollectionAccess
    keys: KeyService
    limits: RateLimits
    max_upload_bytes: int


def services_of(request: Request) -> Services:
    services: Services = request.state.services
    return services


def caller_of(request: Request) -> Caller:
    return caller_in(request.scope)


async def _services(request: Request) -> Services:
    return services_of(request)


async def _caller(request: Request) -> Caller:
    return caller_of(request)


async def _tenant(request: Request) -> str:
    return caller_of(request).tenant


Provided = Annotated[Services, Depends(_services)]
Asking = Annotated[Caller, Depends(_caller)]
Tenant = Annotated[str, Depends(_tenant)]


async def _open(services: Provided, caller: Asking) -> OpenCollections | None:
    return await services.access.readable(caller)


async def _readable_collection(services: Provided, caller: Asking, name: CollectionName) -> str:
    await services.access.check_read(caller, name)
    return name


async def _writable_collection(services: Provided, caller: Asking, name: CollectionName) -> str:
    await services.access.check_write(caller, name)
    return name


async def _readable_document(services: Provided, caller: Asking, document_id: UUID) -> UUID:
    await services.access.check_document(caller, document_id)
    return document_id


async def _writable_document(services: Provided, caller: Asking, document_id: UUID) -> UUID:
    await services.access.check_document(caller, document_id, write=True)
    return document_id


async def _readable_conversation(services: Provided, caller: Asking, conversation_id: UUID) -> UUID:
    await services.access.check_conversation(caller, conversation_id)
    return conversation_id


# The collections that the caller may read; None for all.
Within = Annotated[OpenCollections | None, Depends(_open)]
# What a path names, if the caller may read it, or change it. It is not there for others.
ReadableCollection = Annotated[str, Depends(_readable_collection)]
WritableCollection = Annotated[str, Depends(_writable_collection)]
ReadableDocument = Annotated[UUID, Depends(_readable_document)]
WritableDocument = Annotated[UUID, Depends(_writable_document)]
ReadableConversation = Annotated[UUID, Depends(_readable_conversation)]
