"""The messages of OpenAI's chats, and their meaning here."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from app.api.schemas.common import Text
from app.domain.direct import DirectMessage, ToolCall

Content = Annotated[Text, Field(max_length=100_000)]
# Base64 of 15 MB.
_LONGEST_IMAGE = 20_000_000


class Lenient(BaseModel):
    """An unknown field is ignored: OpenAI's clients send many that mean nothing here."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TextPart(Lenient):
    type: Literal["text", "input_text", "output_text"]
    text: Content


class RefusalPart(Lenient):
    type: Literal["refusal"]
    refusal: Content


class ImageUrl(Lenient):
    url: Annotated[str, Field(max_length=_LONGEST_IMAGE)]

    @field_validator("url")
    @classmethod
    def _inline(cls, value: str) -> str:
        head, _, data = value.partition(",")
        if not (head.startswith("data:image/") and head.endswith(";base64")):
            raise ValueError("send the image itself as data:image/…;base64,…; nothing is fetched from elsewhere")
        try:
            base64.b64decode(data, validate=True)
        except binascii.Error:
            raise ValueError("the image is not base64") from None
        return data


class ImagePart(Lenient):
    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | RefusalPart | ImagePart, Field(discriminator="type")]


def _parts(value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    if not isinstance(value, list):
        raise ValueError("give text, or a list of parts")  # noqa: TRY004 - pydantic catches ValueError alone
    return value


Parts = Annotated[
    list[Part],
    BeforeValidator(_parts),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}, {"type": "null"}]}
    ),
]


def text_of(parts: Sequence[Part]) -> str:
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    refusals = [part.refusal for part in parts if isinstance(part, RefusalPart)]
    return "\n".join(texts + refusals)


class CalledFunction(Lenient):
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    arguments: Content = "{}"

    @field_validator("arguments")
    @classmethod
    def _object(cls, value: str) -> str:
        try:
            found = orjson.loads(value or "{}")
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise ValueError("must be a JSON object, as text")  # noqa: TRY004 - pydantic catches ValueError alone
        return value or "{}"

    def to_domain(self) -> ToolCall:
        return ToolCall(self.name, orjson.loads(self.arguments))


class MessageToolCall(Lenient):
    id: Text = ""
    type: Literal["function"] = "function"
    function: CalledFunction


class CompletionMessage(Lenient):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Parts = Field(default_factory=list)
    refusal: Content | None = None
    tool_calls: list[MessageToolCall] | None = None
    tool_call_id: Text | None = None


def to_domain(messages: Sequence[CompletionMessage]) -> tuple[DirectMessage, ...]:
    """Return the conversation. A result is told from which function it comes by the id of the call before it."""
    functions: dict[str, str] = {}
    turns = []
    for message in messages:
        functions |= {call.id: call.function.name for call in message.tool_calls or ()}
        turns.append(
            DirectMessage(
                role="system" if message.role == "developer" else message.role,
                content=text_of(message.content) or message.refusal or "",
                images=tuple(part.image_url.url for part in message.content if isinstance(part, ImagePart)),
                tool_calls=tuple(call.function.to_domain() for call in message.tool_calls or ()),
                tool_name=functions.get(message.tool_call_id or "", "") if message.role == "tool" else "",
            )
        )
    return tuple(turns)
