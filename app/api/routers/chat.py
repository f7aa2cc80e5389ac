"""Chat: an answer as it is written, or whole."""

from functools import partial

from fastapi import FastAPI, Request
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, answer_headers
from app.api.clients import while_connected
from app.api.dependencies import caller_of, services_of
from app.api.fast_path.direct_route import DirectRoute
from app.api.metering import Meter
from app.api.openapi import event_stream, problems
from app.api.problems import failed_response
from app.api.replies import encode_event, whole
from app.api.schemas.chat import ChatRequest, ChatResponse
from app.api.sse import EventStream
from app.domain.answers import AnswerRequest, Event

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
                "description": "With `stream` (the default) the events `start`, `status`*, `progress`*, `sources`,"
                " `highlights`, `delta`*, `citation`*, `usage` and exactly one of `done` and `error`; without it,"
                " all of it",
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
    caller, services = caller_of(request), services_of(request)
    await services.access.check_read(caller, body.collection)
    if body.conversation_id is not None:
        await services.access.check_conversation(caller, body.conversation_id)
    unit = request.headers.get("x-unit-id") or (str(body.conversation_id) if body.conversation_id else None)
    asked = await services.experiments.enrol(body.to_domain(caller.tenant), unit=unit)
    headers = partial(_headers, asked)
    meter = Meter(services.limits, caller)
    if body.stream:
        events = meter.stream(partial(services.answers.answer, asked))
        return EventStream(events, partial(encode_event, request.scope), services.metrics, headers=headers)
    answer = await while_connected(request, meter.whole(partial(services.answers.collect, asked))())
    if answer.failed is not None:
        return failed_response(request.scope, answer.failed)
    sent = headers(answer.start) if answer.start else {}
    return Response(whole(answer).model_dump_json(), media_type="application/json", headers=sent)


def _headers(asked: AnswerRequest, first: Event) -> dict[str, str]:
    headers = answer_headers(first, asked.cache)
    if asked.enrolment is not None:
        headers["X-Experiment"] = f"{asked.enrolment.experiment.name}/{asked.enrolment.variant.name}"
    return headers
