"""Questions: an answer as it is written, or whole."""

from collections.abc import AsyncGenerator
from functools import partial

from fastapi import FastAPI, Request
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, answer_headers
from app.api.dependencies import services_of, tenant_of
from app.api.fast_path.direct_route import DirectRoute
from app.api.openapi import event_stream, problems
from app.api.problems import failed_response
from app.api.replies import encode_event, whole
from app.api.schemas.chat import ChatRequest, ChatResponse
from app.api.sse import EventStream
from app.domain.answers import Event
from app.services.answering.service import collect

_EXAMPLE = """event: start
data: {"query_id":"…","trace_id":"…","model":"smollm2:135m","cache":{"status":"miss"},"conversation_id":null}

event: sources
data: [{"citation":1,"chunk_id":7,"filename":"handbook.pdf","page":12,"score":0.03,"quote":"…"}]

event: delta
data: {"text":"Thirty days"}

event: done
data: {"finish_reason":"stop","citations_used":[1]}
"""

_UNIT = {
    "name": "X-Unit-ID",
    "in": "header",
    "description": "Who asks, as the client names them: what an experiment goes by",
    "schema": {"type": "string"},
}
_EXPERIMENT = {
    "description": "The experiment and its variant, if the question took part",
    "schema": {"type": "string"},
}


def add_chat(app: FastAPI) -> None:
    app.router.add_api_route(
        "/api/chat",
        chat,
        methods=["POST"],
        operation_id="chat",
        tags=["answers"],
        response_model=ChatResponse,
        responses={
            200: {
                "description": "With `stream` (the default) the events `start`, `status`*, `sources`, `delta`*, "
                "`citation`*, `usage` and exactly one of `done` and `error`; without it, the same collected",
                "headers": {"Cache-Status": CACHE_STATUS, "X-Experiment": _EXPERIMENT},
                "content": event_stream("AnswerEvent", _EXAMPLE),
            },
            **problems(401, 404, 409, 413, 415, 422, 502, 503),
        },
        openapi_extra={"parameters": [_UNIT]},
        route_class_override=DirectRoute,
    )


async def chat(request: Request, body: ChatRequest) -> Response:
    """Answer a question from the documents of a collection, citing them."""
    tenant = await tenant_of(request)
    services = services_of(request)
    question = body.to_domain(tenant)
    unit = request.headers.get("x-unit-id") or (str(body.conversation_id) if body.conversation_id else None)
    trial = await services.experiments.enrol(question, given=body.model_fields_set, unit=unit)
    experiment = {"X-Experiment": f"{trial.experiment.name}/{trial.variant.name}"} if trial else {}

    def events() -> AsyncGenerator[Event, None]:
        if trial is None:
            return services.answers.answer(question)
        return services.experiments.observed(trial, services.answers.answer(trial.request))

    def headers(first: Event) -> dict[str, str]:
        control = trial.request.cache if trial else body.cache
        return {**answer_headers(first, control), **experiment}

    if body.stream:
        return EventStream(events, partial(encode_event, request.scope), services.metrics, headers=headers)
    answer = await collect(events())
    if answer.failed is not None:
        return failed_response(request.scope, answer.failed.problem)
    sent = headers(answer.start) if answer.start else {}
    return Response(whole(answer).model_dump_json(), media_type="application/json", headers=sent)
