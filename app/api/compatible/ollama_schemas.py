"""Ollama's requests, as far as they have a meaning here. Unknown fields are ignored, as Ollama does."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, field_validator

from app.api.compatible.openai_messages import Content, Lenient
from app.api.compatible.openai_schemas import AnyModelName, Tool
from app.api.schemas.common import JsonObject, Text
from app.domain.direct import DirectMessage, DirectRequest, Sampling, ToolCall

# Tokens to think with, by Ollama's levels; `true` asks for the middle one.
_LEVELS = {"low": 2048, "medium": 8192, "high": 16_384}


def _image(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("an image must be base64") from None
    return value


Images = list[Annotated[str, Field(max_length=20_000_000), AfterValidator(_image)]]


class OllamaOptions(Lenient):
    """Ollama's other options, such as `num_ctx`, are chosen by the service."""

    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    seed: int | None = Field(default=None, ge=-(2**31), lt=2**31)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2, allow_inf_nan=False)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2, allow_inf_nan=False)
    num_predict: int | None = Field(default=None, ge=-2, le=32_768)
    stop: Content | list[Content] | None = None

    @property
    def sampling(self) -> Sampling:
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        longest = self.num_predict if self.num_predict and self.num_predict > 0 else None
        chosen = self.model_dump(exclude={"stop", "num_predict"})
        return Sampling(**chosen, max_tokens=longest, stop=stop)


class OllamaFunction(Lenient):
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    arguments: JsonObject = Field(default_factory=dict)


class OllamaToolCall(Lenient):
    function: OllamaFunction


class OllamaMessage(Lenient):
    role: Literal["system", "user", "assistant", "tool"]
    content: Content = ""
    images: Images | None = None
    tool_calls: list[OllamaToolCall] | None = None
    tool_name: Text | None = None

    def to_domain(self) -> DirectMessage:
        calls = (call.function for call in self.tool_calls or ())
        return DirectMessage(
            role=self.role,
            content=self.content,
            images=tuple(self.images or ()),
            tool_calls=tuple(ToolCall(call.name, call.arguments) for call in calls),
            tool_name=self.tool_name or "",
        )


class _Writing(Lenient):
    """What both ways of asking for text share."""

    model: AnyModelName
    stream: bool | None = True
    format: Literal["", "json"] | JsonObject | None = None
    think: bool | Literal["low", "medium", "high"] | None = None
    options: OllamaOptions | None = None

    def direct(self, messages: tuple[DirectMessage, ...], tools: tuple[dict[str, Any], ...] = ()) -> DirectRequest:
        """The request in the domain's words."""
        return DirectRequest(
            messages=messages,
            model=self.model,
            sampling=self.options.sampling if self.options else Sampling(),
            tools=tools,
            schema={} if self.format == "json" else self.format or None,
            thinking_tokens=_LEVELS[self.think if isinstance(self.think, str) else "medium"] if self.think else 0,
        )


class OllamaChatRequest(_Writing):
    messages: list[OllamaMessage] = Field(default_factory=list, max_length=200)
    tools: list[Tool] | None = Field(default=None, max_length=128)

    def to_domain(self) -> DirectRequest:
        messages = tuple(message.to_domain() for message in self.messages)
        return self.direct(messages, tuple(tool.model_dump(exclude_none=True) for tool in self.tools or ()))


class OllamaGenerateRequest(_Writing):
    prompt: Content = ""
    system: Content = ""
    images: Images | None = None
    raw: bool | None = None
    suffix: Content | None = None

    @field_validator("raw", "suffix")
    @classmethod
    def _unavailable(cls, value: object) -> object:
        if value:
            raise ValueError("this is not available here; leave it out")
        return value

    def to_domain(self) -> DirectRequest:
        system = (DirectMessage("system", self.system),) if self.system else ()
        return self.direct((*system, DirectMessage("user", self.prompt, tuple(self.images or ()))))


class OllamaEmbedRequest(Lenient):
    model: AnyModelName
    input: Content | list[Content] = Field(examples=["How many days of leave are there?"])
    dimensions: int | None = Field(default=None, ge=1, le=65_536)

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


class OllamaShowRequest(Lenient):
    model: AnyModelName


class OllamaModel(BaseModel):
    """A collection or a model, as Ollama lists its models. `size` in bytes."""

    name: str
    model: str
    modified_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    size: int = 0
    digest: str = ""
    details: dict[str, Any]
    capabilities: list[str]


class OllamaModels(BaseModel):
    models: list[OllamaModel]


class OllamaEmbeddings(BaseModel):
    """Vectors of unit length in the order of the texts."""

    model: str
    embeddings: list[list[float]]
    prompt_eval_count: int = Field(description="Estimated")


class OllamaLine(BaseModel):
    """A piece of a reply. The last has `done`, and how many tokens there were; times are nanoseconds."""

    model: str
    created_at: datetime
    message: dict[str, Any] | None = Field(default=None, description="Of a chat")
    response: str | None = Field(default=None, description="Of a prompt")
    done: bool
    done_reason: str | None = None
    total_duration: int | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    sources: list[dict[str, Any]] | None = None
