"""Questions: an answer as it is written, or whole."""

from functools import partial

from fastapi import FastAPI, Request
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, answer_headers
from app.api.dependencies import services_of, tenant_of
from app.api.openapi import event_stream, problems
from app.api.problems import failed_response
from app.api.replies import encode_event, whole
from app.api.routing import DirectRoute
from app.api.schemas.chat import ChatRequest, ChatResponse
from app.api.sse import EventStream
from app.domain.answers import EVENT_NAMES
from app.services.answer import collect

_EXAMPLE = """event: start
data: {"query_id":"…","trace_id":"…","model":"smollm2:135m","cache":{"status":"miss"},"conversation_id":null}

event: sources
data: [{"citation":1,"chunk_id":7,"filename":"handbook.pdf","page":12,"score":0.03,"quote":"…"}]

event: delta
data: {"text":"Thirty days"}

event: done
data: {"finish_reason":"stop","citations_used":[1]}
"""


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
                "headers": {"Cache-Status": CACHE_STATUS},
                "content": event_stream(tuple(EVENT_NAMES.values()), _EXAMPLE),
            },
            **problems(401, 404, 409, 413, 415, 422, 502, 503),
        },
        route_class_override=DirectRoute,
    )


async def chat(request: Request, body: ChatRequest) -> Response:
    """Answer a question from the documents of a collection, citing them."""
    tenant = await tenant_of(request)
    services = services_of(request)
    question = body.to_domain(tenant)
    if body.stream:
        return EventStream(
            lambda: services.answers.answer(question),
            partial(encode_event, request.scope),
            services.metrics,
            headers=partial(answer_headers, control=body.cache),
        )
    answer = await collect(services.answers.answer(question))
    if answer.failed is not None:
        return failed_response(request.scope, answer.failed.problem)
    headers = answer_headers(answer.start, body.cache) if answer.start else {}
    return Response(whole(answer).model_dump_json(), media_type="application/json", headers=headers)
