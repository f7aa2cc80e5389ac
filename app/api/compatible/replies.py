"""Who replies to a client of another protocol: the documents of a collection, or a model by itself."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.api.clients import while_connected
from app.api.dependencies import Services
from app.api.metering import Meter
from app.api.problems import failed_response
from app.domain.access.caller import Caller
from app.domain.answers import DEFAULT_MAX_TOKENS, AnswerRequest, Message, Start
from app.domain.direct import DirectMessage, DirectRequest
from app.domain.names import canonical_model
from app.errors import InvalidInput, ModelProtocolError, NotCached
from app.services.access.collections import OpenCollections
from app.services.answering.answer import Answer, collect
from app.services.answering.direct import DirectEvent

# Answers from documents: `localchat/NAME` from the collection NAME, `localchat/NAME@MODEL` written by MODEL.
DOCUMENTS = "localchat"
# Chat front ends begin their own requests so, such as naming a conversation: no document has the answer.
_ERRAND = "### Task:"

Events = Callable[[], AsyncIterator[DirectEvent]]
Whole = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class DocumentModel:
    """A collection by the name of a model; `writer` is the chat model, empty for the default one."""

    collection: str
    writer: str = ""

    @classmethod
    def parse(cls, name: str) -> "DocumentModel | None":
        """Return None for any other model."""
        first, _, rest = name.removesuffix(":latest").partition("/")
        if first.partition("@")[0] != DOCUMENTS:
            return None
        collection, _, writer = rest.partition("@") if rest else ("", "", first.partition("@")[2])
        return cls(collection or "default", canonical_model(writer) if writer else "")


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """What a request says about documents beyond its messages.

    `given` names the fields that it has, and `schema_field` the one in which its protocol gives the reply's schema.
    """

    top_k: int = 5
    filter: Mapping[str, Any] = field(default_factory=dict)
    cache: str = "use"
    semantic: bool = True
    given: frozenset[str] = frozenset()
    schema_field: str = "response_format"


def canonical(model: str) -> str:
    """A model's canonical name; a collection's name is left alone, since its case counts."""
    return model if DocumentModel.parse(model) else canonical_model(model)


async def document_models(services: Services, tenant: str, within: OpenCollections | None) -> list[str]:
    """The names of a caller's collections as models. `within` are those that it may read, None for all."""
    names = await services.collections.names(tenant) if within is None else within.names
    return [DOCUMENTS, *(f"{DOCUMENTS}/{name}" for name in names)]


async def replies(
    services: Services, caller: Caller, request: DirectRequest, options: DocumentOptions
) -> tuple[Events, Whole]:
    """Return calls for the reply, as events and whole.

    Raises:
        NoCollection: the caller may not read the collection.
        NotCached: `only-if-cached` was asked of a model by itself.
        InvalidInput, RequestValidationError: answers from documents cannot have what the request asks for.
    """
    meter = Meter(services.limits, caller)
    documents = DocumentModel.parse(request.model)
    if documents is not None and request.messages[-1].content.lstrip().startswith(_ERRAND):
        writer = documents.writer or await services.models.default_chat()
        documents, request = None, DirectRequest(request.messages, writer, request.sampling)
    if documents is None:
        if options.cache == "only-if-cached":
            raise NotCached("The reply of a model without documents is never cached.")
        events = meter.stream(partial(services.direct.chat, request))
        return events, lambda: collect(events())
    await services.access.check_read(caller, documents.collection)
    question = _question(caller.tenant, documents, request, options)
    events = meter.stream(partial(services.answers.answer, question))
    return events, meter.whole(partial(services.answers.collect, question))


async def whole_reply(request: Request, whole: Whole, encode: Callable[[Answer, Start], Response]) -> Response:
    """Wait for a whole answer, and return it as `encode` writes it, or the problem in which it ended.

    Raises:
        ClientDisconnect: the client left.
        ModelProtocolError: the answer broke off.
    """
    answer = await while_connected(request, whole())
    if answer.failed is not None:
        return failed_response(request.scope, answer.failed)
    if answer.start is None or answer.done is None:
        raise ModelProtocolError("The answer broke off before it was done.")
    return encode(answer, answer.start)


def _question(
    tenant: str, documents: DocumentModel, request: DirectRequest, options: DocumentOptions
) -> AnswerRequest:
    _check_plain(request, options.schema_field)
    *history, last = request.messages
    if last.role != "user" or not last.content.strip():
        raise InvalidInput("messages: the last one must be the user's, and not blank.")
    return AnswerRequest(
        tenant=tenant,
        collection=documents.collection,
        question=last.content,
        history=tuple(Message(message.role, message.content) for message in history if message.content),
        model=documents.writer,
        top_k=options.top_k,
        temperature=request.sampling.temperature or 0.0,
        max_tokens=request.sampling.max_tokens or DEFAULT_MAX_TOKENS,
        thinking=request.thinking_tokens > 0,
        given=options.given,
        filter=options.filter,
        cache=options.cache,
        semantic=options.semantic,
        remember=False,
    )


def _check_plain(request: DirectRequest, schema_field: str) -> None:
    """
    Raises:
        RequestValidationError: the request has what answers from documents cannot honour.
    """
    sampling, warm = request.sampling, bool(request.sampling.temperature)
    asked = {
        "tools": bool(request.tools),
        schema_field: request.schema is not None,
        "stop": bool(sampling.stop),
        "presence_penalty": bool(sampling.presence_penalty),
        "frequency_penalty": bool(sampling.frequency_penalty),
        # Without a temperature a model always takes the likeliest word, whatever these say.
        "top_p": warm and (sampling.top_p or 1.0) < 1.0,
        "seed": warm and sampling.seed is not None,
        "messages": any(map(_is_beyond_text, request.messages)),
    }
    errors = [_refusal(name) for name, given in asked.items() if given]
    if errors:
        raise RequestValidationError(errors)


def _is_beyond_text(message: DirectMessage) -> bool:
    return bool(message.images or message.tool_calls or message.role == "tool")


def _refusal(name: str) -> dict[str, Any]:
    what = "images and tool calls are" if name == "messages" else "this is"
    message = f"{what} for models by their own name; answers from documents cannot have it"
    return {"type": "value_error", "loc": ("body", name), "msg": message}
