"""Probes and metrics."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.api.dependencies import Provided
from app.api.openapi import problems
from app.api.problems import problem, problem_response
from app.api.schemas.health import CheckView, ComponentView, DeepHealthView, HealthView
from app.services.operations.deep_health import ComponentState, DeepHealthReport
from app.services.operations.health import Check, Health
from app.telemetry.ingestion_series import WithIngestion

HEALTH_MEDIA_TYPE = "application/health+json"
_HEALTH = {HEALTH_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/DeepHealthView"}}}
_UNCACHED = {"Cache-Control": "no-store"}

router = APIRouter(tags=["operations"])


@router.get("/health/live", operation_id="live")
async def live() -> HealthView:
    """The event loop runs. Nothing else is checked."""
    return HealthView(status="pass", checks={})


@router.get("/health/startup", operation_id="startup", responses=problems(503), response_model=HealthView)
async def startup(request: Request, services: Provided) -> Any:
    """The schema is at its newest revision, the pool is open, and each index fits its model."""
    return _reply(request, await services.health.startup(), "The service has not started yet")


@router.get("/health/ready", operation_id="ready", responses=problems(503), response_model=HealthView)
async def ready(request: Request, services: Provided) -> Any:
    """Requests can be served. Without the cache or the model server the status is `warn`, still with 200."""
    return _reply(request, await services.health.ready(), "The service is not ready")


@router.get(
    "/health/deep",
    operation_id="deep",
    response_class=Response,
    responses={
        200: {"description": "All that is needed is well", "content": _HEALTH},
        503: {"description": "Something that is needed is not", "content": _HEALTH},
    },
)
async def deep(services: Provided) -> Response:
    """Every dependency: Postgres with its schema, extension, pool, queue and clock, Redis, each model server, disk
    and event loop.

    All are asked at once, each under a deadline, so the answer comes within a second whatever hangs. For people and
    monitors; a probe that restarts or removes a replica must not use it.
    """
    report = await services.deep_health.report()
    checks: dict[str, list[ComponentView]] = {}
    for finding in report.findings:
        checks.setdefault(finding.component.name, []).append(_component(finding, report))
    view = DeepHealthView(
        status=report.status, releaseId=version("localchat"), description="Health of LocalChat", checks=checks
    )
    body = view.model_dump_json(exclude_none=True)
    return Response(body, 503 if report.status == "fail" else 200, _UNCACHED, media_type=HEALTH_MEDIA_TYPE)


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus or OpenMetrics text, as `Accept` asks",
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            },
        }
    },
)
async def metrics(request: Request, services: Provided) -> Response:
    encoder, media_type = choose_encoder(request.headers.get("accept", ""))
    source: Collector = services.metrics.registry
    if services.worker_metrics is not None:
        source = WithIngestion(services.metrics.registry, await services.worker_metrics())
    return Response(encoder(source), headers={"Content-Type": media_type})


def _reply(request: Request, health: Health, failure: str) -> HealthView | Response:
    checks = {
        name: CheckView(status=check.status, latency_ms=_milliseconds(check), detail=check.detail)
        for name, check in health.checks.items()
    }
    if health.status != "fail":
        return HealthView(status=health.status, checks=checks)
    failed = ", ".join(name for name, check in health.checks.items() if check.status == "fail")
    body = problem(
        request.scope,
        503,
        "not-ready",
        failure,
        f"Failed: {failed}.",
        checks={name: check.model_dump() for name, check in checks.items()},
    )
    return problem_response(body)


def _component(finding: ComponentState, report: DeepHealthReport) -> ComponentView:
    component, check = finding.component, finding.check
    return ComponentView(
        status=check.status,
        latency_ms=_milliseconds(check),
        detail=check.detail,
        componentType=component.type,
        componentId=component.id,
        observedValue=check.value,
        observedUnit=check.unit,
        time=datetime.fromtimestamp(report.taken_at, UTC),
    )


def _milliseconds(check: Check) -> float:
    return round(check.seconds * 1000, 3)
