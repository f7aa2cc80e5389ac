"""A conversation with a model by its own name: what OpenAI's and Ollama's clients send, in neither's spelling."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that a model wants to be called, with its arguments by name."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """A turn of the conversation.

    Attributes:
        role: "system", "user", "assistant" or "tool".
        images: in base64, for models that see.
        tool_calls: of a turn of the assistant.
        tool_name: the function whose result a turn of the role "tool" is.
    """

    role: str
    content: str
    images: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model chooses its words. A field that is None leaves the choice to the model."""

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectRequest:
    """A conversation for a model to go on with.

    Attributes:
        tools: functions that the model may ask to call, as JSON Schema in the shape that both protocols share.
        schema: JSON Schema of the reply; `{}` for any JSON object, None for text.
        thinking_tokens: that a reasoning model may think with; 0 asks it not to think.
    """

    messages: tuple[DirectMessage, ...]
    model: str
    sampling: Sampling = Sampling()
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None
    thinking_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """An event: the model wants these functions to be called."""

    items: tuple[ToolCall, ...]
