"""OpenAI's requests and replies, as far as answers from documents use them.

Unlike ours, an unknown field is ignored: OpenAI's clients send many that mean nothing here.
"""

import base64
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from app.api.schemas.common import FilteredRequest, ModelName, SpeltModelName, Text
from app.api.schemas.search import CacheUse, Semantic
from app.domain.answers import Message
from app.domain.names import canonical_model
from app.domain.retrieval import Vector

DOCUMENTS = "localchat"


def _canonical(model: str) -> str:
    """A model's canonical name, or `localchat/` and a collection's name, whose case counts."""
    return model if model.partition("/")[0] == DOCUMENTS else canonical_model(model)


Content = Annotated[Text, Field(max_length=100_000)]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TextPart(_Lenient):
    type: Literal["text"]
    text: Content


class CompletionMessage(_Lenient):
    role: Literal["system", "developer", "user", "assistant"]
    content: Content | list[TextPart]

    def to_domain(self) -> Message:
        parts = self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)
        return Message("system" if self.role == "developer" else self.role, parts)


class StreamOptions(_Lenient):
    include_usage: bool = False


class CompletionRequest(FilteredRequest, _Lenient):
    """`localchat` answers from the collection `default`, `localchat/NAME` from NAME, any other model as it is."""

    model: Annotated[SpeltModelName, AfterValidator(_canonical)] = Field(examples=["localchat"])
    messages: list[CompletionMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=32_768)
    stop: Content | list[Content] | None = None
    n: int = Field(default=1, ge=1, le=1, description="Number of answers: one")
    top_k: int = Field(default=5, ge=1, le=50, description="Number of passages to answer from")
    cache: CacheUse = "use"
    semantic: Semantic = True

    @property
    def longest(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


class EmbeddingsRequest(_Lenient):
    """`localchat` is the default embedding model."""

    model: ModelName = Field(examples=["all-minilm"])
    input: Content | list[Content] = Field(examples=["How many days of leave are there?"])
    encoding_format: Literal["float", "base64"] = "float"

    @field_validator("input")
    @classmethod
    def _some_text(cls, value: str | list[str]) -> str | list[str]:
        texts = [value] if isinstance(value, str) else value
        if not 1 <= len(texts) <= 2048:  # noqa: PLR2004 - OpenAI's own limit
            raise ValueError("give from 1 to 2048 texts")
        if not all(text.strip() for text in texts):
            raise ValueError("a text must not be blank")
        return value

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


class CompletionUsage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, prompt: int, completion: int) -> Self:
        return cls(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


class ReplyMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str
    reasoning_content: str | None = Field(default=None, description="The thoughts of a reasoning model")


class Choice(BaseModel):
    index: int = 0
    message: ReplyMessage
    finish_reason: Literal["stop", "length"]


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


class ChunkChoice(BaseModel):
    index: int
    delta: ChunkDelta
    finish_reason: Literal["stop", "length"] | None


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


class EmbeddingItem(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(BaseModel):
    prompt_tokens: int
    total_tokens: int


class Embeddings(BaseModel):
    """Vectors of unit length in the order of the texts; base64 holds little-endian float32."""

    object: Literal["list"] = "list"
    data: list[EmbeddingItem]
    model: str
    usage: EmbeddingsUsage = Field(description="Estimated: the model servers do not count")

    @classmethod
    def of(cls, vectors: Sequence[Vector], request: EmbeddingsRequest, model: str, tokens: int) -> Self:
        def encoded(vector: Vector) -> list[float] | str:
            if request.encoding_format == "float":
                return [float(value) for value in vector]
            return base64.b64encode(vector.astype(np.dtype("<f4")).tobytes()).decode()

        items = [EmbeddingItem(index=index, embedding=encoded(vector)) for index, vector in enumerate(vectors)]
        return cls(data=items, model=model, usage=EmbeddingsUsage(prompt_tokens=tokens, total_tokens=tokens))


class OpenAIModel(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class OpenAIModels(BaseModel):
    object: Literal["list"] = "list"
    data: list[OpenAIModel]
