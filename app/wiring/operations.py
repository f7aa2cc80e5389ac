"""Builds the services that operators and probes use, and the loops that feed gauges and readiness."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import httpx

from app.cache.backends.postgres import reading
from app.concurrency.background import run_for_lifetime
from app.observers.sampling import GaugeSampler
from app.services.cache_ops.admin import CacheService
from app.services.operations.analytics import AnalyticsService
from app.services.operations.deep_health import DeepHealth, RecentMaximum
from app.services.operations.health import HealthService
from app.services.operations.models import ModelService
from app.services.operations.query_plans import PlanService
from app.telemetry.event_loop import sample_lag
from app.wiring.core import Core
from app.wiring.health import open_health

_WORKER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Operations:
    """`worker_metrics` is None while no address of a worker is set."""

    analytics: AnalyticsService
    plans: PlanService
    models: ModelService
    cache: CacheService
    health: HealthService
    deep_health: DeepHealth
    worker_metrics: Callable[[], Awaitable[str]] | None


def open_operations(core: Core, draining: Callable[[], bool]) -> Operations:
    settings, database, metrics = core.settings, core.database, core.metrics
    lag = RecentMaximum()
    health, deep_health = open_health(core, lag, draining)

    def observe_lag(seconds: float) -> None:
        metrics.event_loop_lag.observe(seconds)
        lag.observe(seconds)

    gauges = [GaugeSampler(metrics, database, core.client, core.cache.chain).run()] if metrics.enabled else []
    for loop in (sample_lag(observe_lag), health.watch(), *gauges):
        run_for_lifetime(core.stack, loop)
    return Operations(
        analytics=AnalyticsService(database),
        plans=PlanService(database, cached=reading(settings.l3_cache_table), cache_table=settings.l3_cache_table),
        models=ModelService(core.client, chat_model=core.chat_model.name, embedding_model=settings.embedding_model),
        cache=CacheService(core.cache.manager, database),
        health=health,
        deep_health=deep_health,
        worker_metrics=partial(_worker_metrics, settings.worker_metrics_url)
        if settings.worker_metrics_url
        else None,
    )


async def _worker_metrics(url: str) -> str:
    """Return the OpenMetrics text of a worker; nothing of one that does not answer."""
    # There is no TLS here, and reading the machine's certificates takes longer than the request.
    async with httpx.AsyncClient(timeout=_WORKER_SECONDS, trust_env=False, verify=False) as http:  # noqa: S501
        try:
            response = await http.get(f"{url}/metrics", headers={"accept": "application/openmetrics-text"})
            return response.raise_for_status().text
        except httpx.HTTPError:
            return ""
