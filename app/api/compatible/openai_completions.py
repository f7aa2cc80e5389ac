"""OpenAI's chat completions. A model called `localchat` or `localchat/COLLECTION` answers from documents."""

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, answer_headers
from app.api.clients import while_connected
from app.api.compatible.links import SourceLinks
from app.api.compatible.openai_schemas import Completion, CompletionRequest
from app.api.compatible.openai_stream import CompletionChunks, completion
from app.api.compatible.replies import replies
from app.api.dependencies import Asking, Provided
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import event_stream, problems
from app.api.problems import failed_response
from app.api.sse import EventStream
from app.errors import ModelProtocolError

_CHUNK = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Thirty"}}]}\n\n'

router = APIRouter(prefix="/v1", tags=["openai"], route_class=BodyRoute, responses=problems(401, 502, 503))


@router.post(
    "/chat/completions",
    operation_id="createChatCompletion",
    response_model=Completion,
    responses={
        200: {
            "headers": {"Cache-Status": CACHE_STATUS},
            "description": "With `stream`, chunks that end in `[DONE]`; sources come in a chunk of their own",
            "content": event_stream("CompletionEvent", _CHUNK),
        },
        **problems(400, 404, 413, 415, 422),
    },
)
async def create_chat_completion(
    request: Request, services: Provided, caller: Asking, body: CompletionRequest
) -> Response:
    """Answer from documents, or let a model reply without them."""
    events, whole = await replies(services, caller, body.direct, body.options)
    links = SourceLinks(request)
    if body.stream:
        include_usage = body.stream_options is not None and body.stream_options.include_usage
        return EventStream(
            events,
            CompletionChunks(body.model, links, include_usage=include_usage).encode,
            services.metrics,
            headers=partial(answer_headers, control=body.cache),
        )
    answer = await while_connected(request, whole())
    if answer.failed is not None:
        return failed_response(request.scope, answer.failed)
    if answer.start is None or answer.done is None:
        raise ModelProtocolError("The answer broke off before it was done.")
    reply = completion(answer, body.model, links).model_dump_json(exclude_none=True)
    headers = answer_headers(answer.start, body.cache)
    return Response(reply, media_type="application/json", headers=headers)
