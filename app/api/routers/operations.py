"""Probes and metrics."""

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

from app.api.dependencies import Provided
from app.api.openapi import problems
from app.api.problems import problem, problem_response
from app.api.schemas.health import CheckView, HealthView
from app.services.health import Health

router = APIRouter(tags=["operations"])


@router.get("/health/live", operation_id="live")
async def live() -> HealthView:
    """The event loop turns. Nothing else is asked."""
    return HealthView(status="pass", checks={})


@router.get("/health/startup", operation_id="startup", responses=problems(503), response_model=HealthView)
async def startup(request: Request, services: Provided) -> Any:
    """The schema is at its newest revision, the pool is open, and each index fits its model."""
    return _reply(request, await services.health.startup(), "The service has not started yet")


@router.get("/health/ready", operation_id="ready", responses=problems(503), response_model=HealthView)
async def ready(request: Request, services: Provided) -> Any:
    """Requests can be served. Without the cache or the model server that is so too, with `warn`."""
    return _reply(request, await services.health.ready(), "The service is not ready")


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
    return Response(encoder(services.metrics.registry), headers={"Content-Type": media_type})


def _reply(request: Request, health: Health, failure: str) -> HealthView | Response:
    checks = {
        name: CheckView(status=check.status, latency_ms=round(check.seconds * 1000, 3), detail=check.detail)
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
