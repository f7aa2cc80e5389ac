"""Evaluations: questions with expected documents or answers, asked under one or more settings."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.api.dependencies import Provided, Tenant
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import problems
from app.api.schemas.common import Cursor, Limit, PageView
from app.api.schemas.evaluations import EvaluationResults, EvaluationStart, EvaluationView

router = APIRouter(
    prefix="/api/evaluations",
    tags=["evaluations"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)


@router.get("", operation_id="listEvaluations")
async def list_evaluations(
    services: Provided, tenant: Tenant, limit: Limit = 50, cursor: Annotated[Cursor | None, Query()] = None
) -> PageView[EvaluationView]:
    """Evaluations, the newest first."""
    page = await services.evaluations.list(tenant, limit=limit, cursor=cursor)
    items = [EvaluationView.model_validate(item) for item in page.items]
    return PageView[EvaluationView](items=items, next_cursor=page.next_cursor)


@router.post(
    "",
    operation_id="startEvaluation",
    status_code=202,
    responses={
        202: {"headers": {"Location": {"schema": {"type": "string"}}}},
        **problems(400, 404, 413, 415),
    },
)
async def start_evaluation(
    response: Response, services: Provided, tenant: Tenant, body: EvaluationStart
) -> EvaluationView:
    """Ask each question under each variant in the background, past the cache, one after the other.

    Models serve people first. `GET /api/evaluations/{id}` shows the progress and the results so far.
    """
    started = await services.evaluations.start(
        tenant,
        body.name,
        body.collection,
        [question.to_domain() for question in body.questions],
        [variant.to_domain() for variant in body.variants],
    )
    response.headers["Location"] = f"/api/evaluations/{started.id}"
    return EvaluationView.model_validate(started)


@router.get("/{evaluation_id}", operation_id="getEvaluation", responses=problems(404))
async def get_evaluation(services: Provided, tenant: Tenant, evaluation_id: UUID) -> EvaluationResults:
    """An evaluation with its results so far, by variant and by question."""
    return EvaluationResults.with_results(*await services.evaluations.get(tenant, evaluation_id))


@router.delete(
    "/{evaluation_id}",
    operation_id="deleteEvaluation",
    status_code=204,
    responses={204: {"description": "Gone"}, **problems(404)},
)
async def delete_evaluation(services: Provided, tenant: Tenant, evaluation_id: UUID) -> None:
    """Delete an evaluation with its results. One that runs ends with the question under way."""
    await services.evaluations.delete(tenant, evaluation_id)
