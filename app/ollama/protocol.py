"""Ollama's answers as typed values. Nothing here does I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from app.domain.direct import ToolCall
from app.domain.retrieval import Vector
from app.errors import ModelProtocolError, ModelUnsuitable, UnusableEmbedding

Json = dict[str, Any]

# float32 rounding stays far below this; an all-zero or unnormalised vector far above.
NORM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class ChatChunk:
    """A piece of an answer. Only the last has `done`, the reason (`stop` or `length`) and token counts.

    `thinking` is a piece of the model's thoughts, which are no part of the answer. `tool_calls` are functions that
    the model wants to be called.
    """

    text: str
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int = 0
    eval_count: int = 0
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model on the server. `show` alone knows `dimension`, `context_length` and `thinking_tokens`.

    `context_length` is in tokens. `thinking_tokens` are those that the model thinks with though it is not asked to.
    """

    name: str
    digest: str
    size_bytes: int
    modified_at: str
    details: Mapping[str, Any]
    capabilities: frozenset[str]
    dimension: int | None = None
    context_length: int | None = None
    thinking_tokens: int = 0


@dataclass(frozen=True, slots=True)
class RunningModel:
    """A model in an endpoint's memory; sizes are bytes, `context_length` is in tokens."""

    endpoint: str
    name: str
    digest: str
    size_bytes: int
    vram_bytes: int
    context_length: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PullProgress:
    """A step of a download; `completed` of `total` bytes of the layer `digest`."""

    endpoint: str
    status: str
    digest: str | None = None
    total: int | None = None
    completed: int | None = None


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """The result of a `ping`. `seconds` is the time of one round trip; `error` says why there was none."""

    endpoint: str
    circuit: str
    version: str | None
    seconds: float | None
    error: str | None
    bulk_requests: int
    bulk_limit: int


def encode(payload: Mapping[str, Any]) -> bytes:
    """Serialise a request, leaving unset fields out: a null counts as given and can reload the model."""
    return orjson.dumps({key: value for key, value in payload.items() if value is not None})


def parse_object(body: bytes) -> Json:
    """Parse one JSON object.

    Raises:
        ModelProtocolError: it is something else.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ModelProtocolError("The model server answered something that is not JSON.") from None
    if not isinstance(value, dict):
        raise ModelProtocolError("The model server answered JSON that is not an object.")
    return value


def parse_vectors(embeddings: Any, *, count: int, dimension: int | None) -> list[Vector]:
    """Turn the `embeddings` of an answer into `count` float32 vectors of unit length.

    Raises:
        ModelProtocolError: not `count` lists of numbers of one length.
        ModelUnsuitable: the vectors have another dimension than the index.
        UnusableEmbedding: a vector is not finite, or its norm is outside 1 ± 1e-3.
    """
    try:
        with np.errstate(over="ignore"):  # becomes infinite, and is refused below
            matrix = np.asarray(embeddings, dtype=np.float32)
    except (TypeError, ValueError):
        raise ModelProtocolError("The model server answered vectors of unequal length.") from None
    if matrix.ndim != 2 or len(matrix) != count:  # noqa: PLR2004
        received = len(matrix) if matrix.ndim else 0
        raise ModelProtocolError(f"The model server answered {received} vectors for {count} texts.")
    if dimension is not None and matrix.shape[1] != dimension:
        raise ModelUnsuitable(f"The model gives vectors of {matrix.shape[1]} numbers where {dimension} are needed.")
    norms = np.linalg.norm(matrix.astype(np.float64), axis=1)
    # A norm that is not finite compares false, so NaN and infinity fail here too.
    if not np.all(np.abs(norms - 1) <= NORM_TOLERANCE):
        raise UnusableEmbedding("The model gave a vector that is not finite or not of unit length.")
    return list(matrix)


def parse_chat(line: Json) -> ChatChunk:
    """Read one line of a chat stream."""
    message = line.get("message")
    message = message if isinstance(message, dict) else {}
    content, thinking = message.get("content") or "", message.get("thinking") or ""
    if not isinstance(content, str) or not isinstance(thinking, str):
        raise ModelProtocolError("A chat chunk holds no text.")
    calls = tuple(map(_tool_call, message.get("tool_calls") or ()))
    if line.get("done") is not True:
        return ChatChunk(content, thinking=thinking, tool_calls=calls)
    return ChatChunk(
        content,
        thinking=thinking,
        tool_calls=calls,
        done=True,
        done_reason=str(line.get("done_reason") or "stop"),
        prompt_eval_count=int(line.get("prompt_eval_count") or 0),
        eval_count=int(line.get("eval_count") or 0),
    )


def _tool_call(call: Any) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    name, arguments = (
        (function.get("name"), function.get("arguments")) if isinstance(function, dict) else (None, None)
    )
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise ModelProtocolError("A tool call names no function, or its arguments are no object.")
    return ToolCall(name, arguments)


def parse_tags(body: Json) -> list[ModelInfo]:
    return [
        ModelInfo(
            name=str(item.get("name") or item.get("model")),
            digest=str(item.get("digest") or ""),
            size_bytes=int(item.get("size") or 0),
            modified_at=str(item.get("modified_at") or ""),
            details=dict(item.get("details") or {}),
            capabilities=frozenset(item.get("capabilities") or ()),
        )
        for item in _objects(body, "models")
    ]


def parse_running(body: Json, endpoint: str) -> list[RunningModel]:
    return [
        RunningModel(
            endpoint=endpoint,
            name=str(item.get("name") or item.get("model")),
            digest=str(item.get("digest") or ""),
            size_bytes=int(item.get("size") or 0),
            vram_bytes=int(item.get("size_vram") or 0),
            context_length=item.get("context_length"),
            expires_at=_moment(item.get("expires_at")),
        )
        for item in _objects(body, "models")
    ]


def parse_pull(line: Json, endpoint: str) -> PullProgress:
    return PullProgress(
        endpoint, str(line.get("status") or ""), line.get("digest"), line.get("total"), line.get("completed")
    )


def shape(shown: Json) -> tuple[int | None, int | None]:
    """Return the embedding dimension and the context length in tokens, from `/api/show`.

    Their keys start with the architecture's name: `bert.embedding_length`, `llama.context_length`.
    """
    facts = shown.get("model_info") or {}
    architecture = facts.get("general.architecture", "")
    return facts.get(f"{architecture}.embedding_length"), facts.get(f"{architecture}.context_length")


def _objects(body: Json, key: str) -> Sequence[Json]:
    items = body.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ModelProtocolError(f"The model server's answer has no list of {key}.")
    return items


def _moment(text: Any) -> datetime | None:
    """Parse RFC 3339 as Go writes it. Nanoseconds are cut, for `fromisoformat` reads no more than six digits."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
