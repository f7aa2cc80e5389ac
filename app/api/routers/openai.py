"""Routes for OpenAI's clients. A model called `localchat` or `localchat/COLLECTION` answers from documents."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, answer_headers
from app.api.clients import while_connected
from app.api.dependencies import Provided, Services, Tenant
from app.api.fast_path.direct_route import BodyRoute
from app.api.openai_stream import CompletionChunks, completion
from app.api.openapi import event_stream, problems
from app.api.problems import failed_response
from app.api.schemas.common import chosen
from app.api.schemas.openai import (
    DOCUMENTS,
    Completion,
    CompletionRequest,
    Embeddings,
    EmbeddingsRequest,
    OpenAIModel,
    OpenAIModels,
)
from app.api.sse import EventStream
from app.domain.answers import DEFAULT_MAX_TOKENS, AnswerRequest, Event
from app.errors import InvalidInput, ModelProtocolError, NotCached
from app.generation.prompting.tokens import estimate
from app.services.answering.answer import Answer, collect
from app.services.answering.direct import DirectRequest

# Chat front ends begin their own requests so, such as naming a conversation: no document has the answer.
_ERRAND = "### Task:"
_CHUNK = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Thirty"}}]}\n\n'

_Events = Callable[[], AsyncIterator[Event]]
_Whole = Callable[[], Awaitable[Answer]]

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
    request: Request, services: Provided, tenant: Tenant, body: CompletionRequest
) -> Response:
    """Answer from documents, or let a model reply without them."""
    events, whole = await _replying(services, tenant, body)
    if body.stream:
        include_usage = body.stream_options is not None and body.stream_options.include_usage
        return EventStream(
            events,
            CompletionChunks(body.model, include_usage=include_usage).encode,
            services.metrics,
            headers=partial(answer_headers, control=body.cache),
        )
    answer = await while_connected(request, whole())
    if answer.failed is not None:
        return failed_response(request.scope, answer.failed)
    if answer.start is None or answer.done is None:
        raise ModelProtocolError("The answer broke off before it was done.")
    headers = answer_headers(answer.start, body.cache)
    reply = completion(answer, body.model).model_dump_json(exclude_none=True)
    return Response(reply, media_type="application/json", headers=headers)


@router.post("/embeddings", operation_id="createEmbeddings", responses=problems(400, 404, 413, 415, 422))
async def create_embeddings(
    request: Request, services: Provided, _tenant: Tenant, body: EmbeddingsRequest
) -> Embeddings:
    """Embed texts without any prefix."""
    model = services.models.default_embedding if body.model == DOCUMENTS else body.model
    vectors = await while_connected(request, services.direct.embed(body.texts, model))
    return Embeddings.of(vectors, body, model, sum(map(estimate, body.texts)))


@router.get("/models", operation_id="listOpenAIModels")
async def list_openai_models(services: Provided, tenant: Tenant) -> OpenAIModels:
    """List `localchat` for the default collection, one model for each collection, and the models of the servers."""
    now = int(time.time())
    names = await services.collections.names(tenant)
    ours = [DOCUMENTS, *(f"{DOCUMENTS}/{name}" for name in names)]
    theirs = [model.name for model in await services.models.list()]
    return OpenAIModels(
        data=[
            *(OpenAIModel(id=name, created=now, owned_by="localchat") for name in ours),
            *(OpenAIModel(id=name, created=now, owned_by="ollama") for name in theirs),
        ]
    )


async def _replying(services: Services, tenant: str, body: CompletionRequest) -> tuple[_Events, _Whole]:
    """Return calls for the reply, as events and whole: from a collection's documents, or from a model alone."""
    collection = _collection(body)
    if collection is None:
        if body.cache == "only-if-cached":
            raise NotCached("The reply of a model without documents is never cached.")
        events = partial(services.direct.chat, _direct(body, await services.models.default_chat()))
        return events, lambda: collect(events())
    question = _question(body, tenant, collection)
    return partial(services.answers.answer, question), partial(services.answers.collect, question)


def _collection(body: CompletionRequest) -> str | None:
    """Return the collection to answer from; None if a model replies without documents."""
    name, _, collection = body.model.partition("/")
    if name != DOCUMENTS or body.messages[-1].to_domain().content.lstrip().startswith(_ERRAND):
        return None
    return collection or "default"


def _direct(body: CompletionRequest, default_model: str) -> DirectRequest:
    return DirectRequest(
        messages=tuple(message.to_domain() for message in body.messages),
        model=default_model if body.model.partition("/")[0] == DOCUMENTS else body.model,
        temperature=body.temperature,
        max_tokens=body.longest,
        stop=body.stops,
    )


def _question(body: CompletionRequest, tenant: str, collection: str) -> AnswerRequest:
    *history, last = (message.to_domain() for message in body.messages)
    if last.role != "user" or not last.content.strip():
        raise InvalidInput("messages: the last one must be the user's, and not blank.")
    return AnswerRequest(
        tenant=tenant,
        collection=collection,
        question=last.content,
        history=tuple(history),
        top_k=body.top_k,
        temperature=body.temperature or 0.0,
        max_tokens=body.longest or DEFAULT_MAX_TOKENS,
        given=chosen(body) | ({"max_tokens"} if body.longest else frozenset()),
        filter=body.wanted,
        cache=body.cache,
        semantic=body.semantic,
        remember=False,
    )
