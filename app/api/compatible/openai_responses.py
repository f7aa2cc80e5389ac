"""OpenAI's Responses, as far as they are text: nothing is stored, and no tools are called."""

import time
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BeforeValidator, Field, WithJsonSchema
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, answer_headers
from app.api.compatible.links import SourceLinks
from app.api.compatible.openai_messages import CompletionMessage, Content, Lenient, Parts, to_domain
from app.api.compatible.openai_response_stream import ResponseEvents
from app.api.compatible.openai_schemas import EFFORTS, AnyModelName, Effort, Unavailable
from app.api.compatible.replies import DocumentOptions, replies, whole_reply
from app.api.dependencies import Asking, Provided
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import problems
from app.api.schemas.common import JsonObject, Text
from app.api.sse import EventStream
from app.domain.answers import Start
from app.domain.direct import DirectMessage, DirectRequest, Sampling
from app.services.answering.answer import Answer

_EVENT = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"Thirty"}\n\n'
_SHAPE = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": {"type": "object"}},
    },
}

router = APIRouter(prefix="/v1", tags=["openai"], route_class=BodyRoute, responses=problems(401, 502, 503))


def _items(value: Any) -> Any:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


class InputItem(Lenient):
    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Parts = Field(default_factory=list)


class TextFormat(Lenient):
    type: Literal["text", "json_object", "json_schema"] = "text"
    name: Text = ""
    schema_: JsonObject = Field(default_factory=dict, alias="schema")


class TextOptions(Lenient):
    format: TextFormat | None = None


class Reasoning(Lenient):
    effort: Effort | None = None


class ResponseRequest(Lenient):
    """A text or a conversation for the documents of a collection, or for a model by its own name."""

    model: AnyModelName
    input: Annotated[
        list[InputItem],
        Field(min_length=1, max_length=200),
        BeforeValidator(_items),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]}),
    ] = Field(examples=["How many days of leave are there?"])
    instructions: Content | None = None
    stream: bool | None = False
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    max_output_tokens: int | None = Field(default=None, ge=1, le=32_768)
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    tools: Unavailable = None
    previous_response_id: Unavailable = None
    conversation: Unavailable = None
    background: Unavailable = None
    prompt: Unavailable = None
    top_logprobs: Unavailable = None

    @property
    def direct(self) -> DirectRequest:
        """The request in the domain's words."""
        messages = to_domain([CompletionMessage(role=item.role, content=item.content) for item in self.input])
        shape = self.text.format if self.text and self.text.format else TextFormat()
        effort = self.reasoning.effort if self.reasoning else None
        return DirectRequest(
            messages=(*((DirectMessage("system", self.instructions),) if self.instructions else ()), *messages),
            model=self.model,
            sampling=Sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_output_tokens),
            schema={"text": None, "json_object": {}, "json_schema": shape.schema_}[shape.type],
            thinking_tokens=EFFORTS[effort or "none"],
        )

    @property
    def options(self) -> DocumentOptions:
        given = {"temperature": self.temperature, "max_tokens": self.max_output_tokens, "thinking": self.reasoning}
        names = frozenset(name for name, value in given.items() if value is not None)
        return DocumentOptions(given=names, schema_field="text.format")


@router.post(
    "/responses",
    operation_id="createResponse",
    response_model=dict[str, Any],
    responses={
        200: {
            "headers": {"Cache-Status": CACHE_STATUS},
            "description": "OpenAI's response object; with `stream`, its events",
            "content": {"text/event-stream": {"itemSchema": _SHAPE, "example": _EVENT}},
        },
        **problems(400, 404, 413, 415, 422),
    },
)
async def create_response(request: Request, services: Provided, caller: Asking, body: ResponseRequest) -> Response:
    """Answer from documents, or let a model reply without them."""
    events, whole = await replies(services, caller, body.direct, body.options)
    echoed = {
        "model": body.model,
        "created_at": int(time.time()),
        "instructions": body.instructions,
        "max_output_tokens": body.max_output_tokens,
        "temperature": body.temperature,
        "top_p": body.top_p,
    }
    writer = ResponseEvents(echoed, SourceLinks(request))
    if body.stream:
        headers = partial(answer_headers, control="use")
        return EventStream(events, writer.encode, services.metrics, headers=headers)

    def encode(answer: Answer, start: Start) -> Response:
        return Response(writer.whole(answer), media_type="application/json", headers=answer_headers(start, "use"))

    return await whole_reply(request, whole, encode)
