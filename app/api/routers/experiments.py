"""Experiments: questions answered in several ways, and the results compared."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.dependencies import Provided, Tenant
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import problems
from app.api.schemas.common import Cursor, Limit, PageView
from app.api.schemas.experiments import ExperimentResults, ExperimentStart, ExperimentView, Name

router = APIRouter(
    prefix="/api/experiments",
    tags=["experiments"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)


@router.get("", operation_id="listExperiments")
async def list_experiments(
    services: Provided, tenant: Tenant, limit: Limit = 50, cursor: Annotated[Cursor | None, Query()] = None
) -> PageView[ExperimentView]:
    """Experiments, the newest first."""
    page = await services.experiments.list(tenant, limit=limit, cursor=cursor)
    items = [ExperimentView.of(item) for item in page.items]
    return PageView[ExperimentView](items=items, next_cursor=page.next_cursor)


@router.post(
    "",
    operation_id="startExperiment",
    status_code=201,
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}}}},
        **problems(400, 404, 409, 413, 415),
    },
)
async def start_experiment(
    response: Response, services: Provided, tenant: Tenant, body: ExperimentStart
) -> ExperimentView:
    """Answer the questions to a collection in several ways from now on.

    A question to `/api/chat` takes part if it has an `X-Unit-ID` (such as a user or a browser, which always gets
    the same variant), or else a `conversation_id`. Settings in the request itself take precedence. `X-Experiment`
    in the response names the variant.
    """
    variants = [variant.to_domain() for variant in body.variants]
    started = await services.experiments.start(tenant, body.name, body.collection, variants)
    response.headers["Location"] = f"/api/experiments/{body.name}"
    return ExperimentView.of(started)


@router.get("/{name}", operation_id="getExperiment", responses=problems(404))
async def get_experiment(services: Provided, tenant: Tenant, name: Name) -> ExperimentResults:
    """An experiment with its results so far."""
    return ExperimentResults.with_results(*await services.experiments.results(tenant, name))


@router.post("/{name}/stop", operation_id="stopExperiment", responses=problems(404))
async def stop_experiment(services: Provided, tenant: Tenant, name: Name) -> ExperimentView:
    """Stop an experiment. Every replica follows within five seconds; the results stay."""
    return ExperimentView.of(await services.experiments.stop(tenant, name))


@router.delete(
    "/{name}",
    operation_id="deleteExperiment",
    status_code=204,
    responses={204: {"description": "Gone"}, **problems(404)},
)
async def delete_experiment(services: Provided, tenant: Tenant, name: Name) -> None:
    """Delete an experiment with its results."""
    await services.experiments.delete(tenant, name)
