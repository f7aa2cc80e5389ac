"""What the lifespan builds for the routes, and how they reach it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from app.api.ports import Answers, Conversations, Keys, Search
from app.errors import Unauthorized
from app.services.analytics import AnalyticsService
from app.services.cache_admin import CacheService
from app.services.collections import CollectionService
from app.services.deep_health import DeepHealth
from app.services.direct import DirectService
from app.services.documents import DocumentService
from app.services.experiments import ExperimentService
from app.services.feedback import FeedbackService
from app.services.health import HealthService
from app.services.models import ModelService
from app.services.plans import PlanService
from app.services.reindexing import ReindexService
from app.services.semantic_report import MatchingReporter
from app.services.warming import WarmingService
from app.services.watching import IngestWatcher
from app.telemetry.metrics import Metrics

DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Services:
    """Every service that a route calls. `keys` is None while no API key is asked for."""

    documents: DocumentService
    watcher: IngestWatcher
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
    keys: Keys | None
    max_upload_bytes: int


def services_of(request: Request) -> Services:
    services: Services = request.state.services
    return services


async def tenant_of(request: Request) -> str:
    """
    Raises:
        Unauthorized: keys are asked for, and the request has none or a wrong one.
    """
    keys = services_of(request).keys
    if keys is None:
        return DEFAULT_TENANT
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    tenant = await keys.tenant_of(key) if key else None
    if tenant is None:
        raise Unauthorized("Send an API key as `Authorization: Bearer …` or `X-API-Key`.")
    return tenant


async def _services(request: Request) -> Services:
    return services_of(request)


Provided = Annotated[Services, Depends(_services)]
Tenant = Annotated[str, Depends(tenant_of)]
