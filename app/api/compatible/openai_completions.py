"""OpenAI's chat completions. A model called `localchat` or `localchat/COLLECTION` answers from documents."""

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, answer_headers
from app.api.compatible.links import SourceLinks
from app.api.compatible.openai_schemas import Completion, CompletionRequest
from app.api.compatible.openai_stream import CompletionChunks, completion
from app.api.compatible.replies import replies, whole_reply
from app.api.dependencies import Asking, Provided
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import event_stream, problems
from app.api.sse import EventStream
from app.domain.answers import Start
from app.services.answering.answer import Answer

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

    def encode(answer: Answer, start: Start) -> Response:
        reply = completion(answer, body.model, links).model_dump_json(exclude_none=True)
        return Response(reply, media_type="application/json", headers=answer_headers(start, body.cache))

    return await whole_reply(request, whole, encode)
