"""Input and output of a generation, independent of the library that runs it."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from app.embedded.model_server.routes.errors import OllamaError, too_long
from app.embedded.model_server.routes.requests import NativeMessage, Options
from app.embedded.model_server.runtime.residency import Residency


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationPrompt:
    """Messages for the model's template.

    `schema` constrains the output: a JSON schema, `{}` for any JSON object, None for free text.
    """

    messages: Sequence[NativeMessage]
    options: Options = field(default_factory=Options)
    schema: dict[str, Any] | None = None
    truncate: bool = True


@dataclass(frozen=True, slots=True)
class Finish:
    """How a generation ended. Durations are nanoseconds; `prompt_tokens` counts cached ones too."""

    reason: Literal["stop", "length"]
    prompt_tokens: int
    prompt_ns: int
    output_tokens: int
    output_ns: int


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """A Finish with the time that the whole request took, in nanoseconds."""

    finish: Finish
    load_ns: int
    total_ns: int


class TextGenerator(Protocol):
    def generate(self, prompt: GenerationPrompt) -> AsyncGenerator[str | Finish, None]:
        """Yield pieces of text as they come, then one Finish. Closing the generator stops the work.

        Raises:
            OllamaError: the prompt cannot be used; before any text.
        """

    async def close(self) -> None: ...


class GenerationModel:
    """One chat model, loaded while it is used."""

    def __init__(self, residency: Residency[TextGenerator]) -> None:
        self.residency = residency

    async def generate(
        self, prompt: GenerationPrompt, *, keep_alive: float
    ) -> AsyncGenerator[str | GeneratedText, None]:
        """Yield pieces of text, then one GeneratedText. Closing the generator stops the work.

        Raises:
            OllamaError: the prompt cannot be used; before any text.
        """
        started = time.monotonic_ns()
        async with (
            self.residency.use(keep_alive) as lease,
            aclosing(lease.engine.generate(prompt)) as pieces,
        ):
            async for piece in pieces:
                if isinstance(piece, Finish):
                    yield GeneratedText(piece, lease.load_ns, time.monotonic_ns() - started)
                else:
                    yield piece


def schema_of(value: Any) -> dict[str, Any] | None:
    """Return the schema that a `format` field stands for.

    Raises:
        OllamaError: 400 when it is neither `json` nor a schema.
    """
    if value is None or value == "":
        return None
    if value == "json":
        return {}
    if isinstance(value, dict):
        return value
    raise OllamaError(400, f'invalid format: {value!r}; expected "json" or a valid JSON Schema object')


def shorter(messages: Sequence[NativeMessage], *, tokens: int, context: int) -> list[NativeMessage]:
    """Drop the oldest message that is neither a system message nor the last.

    Once no other is left, the last message loses its beginning, in proportion to the excess.

    Raises:
        OllamaError: 400 when nothing can be left out.
    """
    for index, message in enumerate(messages[:-1]):
        if message.role != "system":
            return [*messages[:index], *messages[index + 1 :]]
    last = messages[-1]
    keep = int(len(last.content) * context / tokens * 0.95)
    if keep == 0:
        raise too_long()
    return [*messages[:-1], NativeMessage(role=last.role, content=last.content[-keep:])]
