"""The services that the lifespan builds for the routes, and how a route reaches them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from app.api.ports import Answers, Conversations, Keys, Search
from app.errors import Unauthorized
from app.services.answering.direct import DirectService
from app.services.answering.experiments import ExperimentService
from app.services.answering.feedback import FeedbackService
from app.services.cache_ops.admin import CacheService
from app.services.cache_ops.warming import WarmingService
from app.services.documents.collections import CollectionService
from app.services.documents.progress import ProgressWatcher
from app.services.documents.service import DocumentService
from app.services.ingestion.reindex_requests import ReindexService
from app.services.operations.analytics import AnalyticsService
from app.services.operations.deep_health import DeepHealth
from app.services.operations.health import HealthService
from app.services.operations.models import ModelService
from app.services.operations.query_plans import PlanService
from app.services.semantic.report import MatchingReporter
from app.telemetry.access import annotate
from app.telemetry.metrics import Metrics

DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Services:
    """Every service that a route calls.

    Attributes:
        worker_metrics: reads the OpenMetrics text of the worker beside this process; None if none is known.
        keys: None while API keys are not required.
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
    cache: CacheService
    warming: WarmingService
    matching: MatchingReporter
    health: HealthService
    deep_health: DeepHealth
    metrics: Metrics
    worker_metrics: Callable[[], Awaitable[str]] | None
    keys: Keys | None
    max_upload_bytes: int


def services_of(request: Request) -> Services:
    services: Services = request.state.services
    return services


async def tenant_of(request: Request) -> str:
    """Return the tenant of a request.

    Raises:
        Unauthorized: API keys are required, and the request has none or a wrong one.
    """
    keys = services_of(request).keys
    if keys is None:
        annotate(tenant=DEFAULT_TENANT)
        return DEFAULT_TENANT
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    owner = await keys.owner_of(key) if key else None
    if owner is None:
        raise Unauthorized("Send an API key as `Authorization: Bearer …` or `X-API-Key`.")
    annotate(tenant=owner.tenant, api_key=owner.name)
    return owner.tenant


async def _services(request: Request) -> Services:
    return services_of(request)


Provided = Annotated[Services, Depends(_services)]
Tenant = Annotated[str, Depends(tenant_of)]
