"""OpenAI's chat completions, as far as they have a meaning here; what has none is refused by name."""

import time
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from app.api.compatible.openai_messages import CompletionMessage, Content, Lenient, to_domain
from app.api.compatible.replies import DocumentOptions, canonical
from app.api.schemas.common import FilteredRequest, JsonObject, Text, chosen
from app.api.schemas.search import CacheUse, Semantic
from app.domain.direct import DirectRequest, Sampling

# Tokens to think with, by OpenAI's levels.
EFFORTS = {"none": 0, "minimal": 512, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768}

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


def _unavailable(value: Any) -> Any:
    if value:
        raise ValueError("this is not available here; leave it out")
    return value


# A field that changes what OpenAI's API returns, and that nothing here can honour.
Unavailable = SkipJsonSchema[Annotated[Any, AfterValidator(_unavailable)]]

AnyModelName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,199}$"),
    AfterValidator(canonical),
    Field(examples=["localchat"], description="`localchat`, `localchat/COLLECTION[@MODEL]`, or any other model"),
]


class StreamOptions(Lenient):
    include_usage: bool = False


class Function(Lenient):
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    description: Content | None = None
    parameters: JsonObject | None = None


class Tool(Lenient):
    type: Literal["function"]
    function: Function


class JsonSchema(Lenient):
    name: Text = ""
    schema_: JsonObject = Field(default_factory=dict, alias="schema")


class ResponseFormat(Lenient):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("json_schema: give the schema")
        return self

    @property
    def schema_of_reply(self) -> dict[str, Any] | None:
        if self.type == "text":
            return None
        return self.json_schema.schema_ if self.json_schema and self.type == "json_schema" else {}


class CompletionRequest(FilteredRequest, Lenient):
    """A conversation for the documents of a collection, or for a model by its own name."""

    model: AnyModelName
    messages: list[CompletionMessage] = Field(min_length=1, max_length=200)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    seed: int | None = Field(default=None, ge=-(2**31), lt=2**31)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2, allow_inf_nan=False)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2, allow_inf_nan=False)
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=32_768)
    stop: Content | list[Content] | None = None
    n: int | None = Field(default=1, ge=1, le=1, description="Number of answers: one")
    tools: list[Tool] | None = Field(default=None, max_length=128, description="For models by their own name")
    tool_choice: Literal["none", "auto"] | None = None
    response_format: ResponseFormat | None = Field(default=None, description="For models by their own name")
    reasoning_effort: Effort | None = None
    logprobs: Unavailable = None
    top_logprobs: Unavailable = None
    logit_bias: Unavailable = None
    functions: Unavailable = None
    function_call: Unavailable = None
    audio: Unavailable = None
    prediction: Unavailable = None
    web_search_options: Unavailable = None
    top_k: int = Field(default=5, ge=1, le=50, description="Number of passages to answer from")
    cache: CacheUse = "use"
    semantic: Semantic = True

    @property
    def direct(self) -> DirectRequest:
        """The request in the domain's words."""
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        tools = () if self.tool_choice == "none" else tuple(self.tools or ())
        return DirectRequest(
            messages=to_domain(self.messages),
            model=self.model,
            sampling=Sampling(
                temperature=self.temperature,
                top_p=self.top_p,
                seed=self.seed,
                presence_penalty=self.presence_penalty,
                frequency_penalty=self.frequency_penalty,
                max_tokens=self.max_completion_tokens or self.max_tokens,
                stop=stop,
            ),
            tools=tuple(tool.model_dump(exclude_none=True) for tool in tools),
            schema=self.response_format.schema_of_reply if self.response_format else None,
            thinking_tokens=EFFORTS[self.reasoning_effort or "none"],
        )

    @property
    def options(self) -> DocumentOptions:
        given = chosen(self) | ({"max_tokens"} if self.max_completion_tokens else frozenset())
        given |= {"thinking"} if self.reasoning_effort else frozenset()
        return DocumentOptions(self.top_k, self.wanted, self.cache, self.semantic, given)


class CompletionUsage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, prompt: int, completion: int) -> Self:
        return cls(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


class UrlCitation(BaseModel):
    """Where a mark such as `[1]` stands in the reply, in characters, and the passage that it refers to."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class ReplyFunction(BaseModel):
    name: str
    arguments: str = Field(description="A JSON object, as text")


class ReplyToolCall(BaseModel):
    index: int | None = Field(default=None, description="In streams alone")
    id: str
    type: Literal["function"] = "function"
    function: ReplyFunction


class ReplyMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None
    reasoning_content: str | None = Field(default=None, description="The thoughts of a reasoning model")
    tool_calls: list[ReplyToolCall] | None = None
    annotations: list[Annotation] | None = None


FinishReason = Literal["stop", "length", "tool_calls"]


class Choice(BaseModel):
    index: int = 0
    message: ReplyMessage
    finish_reason: FinishReason


class Completion(BaseModel):
    """OpenAI's reply with `sources`, which the numbers in brackets refer to; empty without documents."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(default_factory=lambda: int(time.time()))
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    sources: list[dict[str, Any]]
    query_id: UUID


class ChunkDelta(BaseModel):
    role: Literal["assistant"] | None = None
    content: str | None = None
    reasoning_content: str | None = Field(default=None, description="A piece of a reasoning model's thoughts")
    tool_calls: list[ReplyToolCall] | None = None
    annotations: list[Annotation] | None = None


class ChunkChoice(BaseModel):
    index: int
    delta: ChunkDelta
    finish_reason: FinishReason | None


class CompletionChunk(BaseModel):
    """A part of OpenAI's reply. The first has `query_id`, one has `sources`, the last may have `usage`.

    An answer that breaks ends in one with `error` alone.
    """

    id: str | None = None
    object: Literal["chat.completion.chunk"] | None = None
    created: int | None = None
    model: str | None = None
    choices: list[ChunkChoice] | None = None
    usage: CompletionUsage | None = None
    sources: list[dict[str, Any]] | None = None
    query_id: UUID | None = None
    error: dict[str, Any] | None = None
