"""The models of the model servers."""

from fastapi import APIRouter, Response

from app.api.dependencies import Provided, Tenant
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import event_stream, problems
from app.api.schemas.models import ModelsView, ModelView, PullRequest
from app.api.sse import EventStream, encode
from app.services.operations.models import PullEvent, PullStep

router = APIRouter(
    prefix="/api/models",
    tags=["models"],
    route_class=BodyRoute,
    responses=problems(401, 502, 503),
)


@router.get("", operation_id="listModels")
async def list_models(services: Provided, _tenant: Tenant) -> ModelsView:
    """The models of the model servers, with their roles and state."""
    return ModelsView(items=[ModelView.model_validate(model) for model in await services.models.list()])


@router.post(
    "/pull",
    operation_id="pullModel",
    response_class=Response,
    responses={
        200: {
            "description": "`progress` {endpoint, status, digest, total, completed} in bytes, then `done` {model} "
            "or `error` {problem, retryable}",
            "content": event_stream("PullEvent", 'event: done\ndata: {"model":"smollm2:135m"}\n\n'),
        },
        **problems(400, 404, 413, 415, 422),
    },
)
async def pull_model(services: Provided, _tenant: Tenant, body: PullRequest) -> Response:
    """Download a model to every model server."""

    def encoded(event: PullEvent) -> bytes:
        return encode("progress" if isinstance(event, PullStep) else "done", event)

    return EventStream(lambda: services.models.pull(body.model), encoded, services.metrics)
