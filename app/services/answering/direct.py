"""Chats with a model by its own name: no documents, no cache, no memory."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import Any, Protocol
from uuid import uuid4

import numpy as np

from app.domain.answers import Delta, Done, Event, Start, Thinking, Usage
from app.domain.direct import DirectMessage, DirectRequest, ToolCall, ToolCalls
from app.domain.retrieval import Vector
from app.errors import InputTooLong, LocalChatError, ModelUnsuitable
from app.generation.prompting.tokens import LEAST_REAL, MESSAGE_TOKENS, estimate
from app.generation.reply_schema import ReplySchema
from app.ollama.catalog import can_be_shortened
from app.ollama.client import MAX_TEXTS
from app.ollama.scheduling.lanes import Lane
from app.services.answering.answer import failed
from app.services.answering.model_facts import ContextWindows
from app.services.answering.writer import ChatChunk, StageClock

DirectEvent = Event | ToolCalls


class _Chunk(ChatChunk, Protocol):
    @property
    def tool_calls(self) -> tuple[ToolCall, ...]: ...


class _Models(Protocol):
    """The client of the model servers."""

    def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str,
        temperature: float | None,
        max_tokens: int | None,
        stop: Sequence[str],
        sampling: Mapping[str, float | None],
        tools: Sequence[Mapping[str, Any]],
        schema: Mapping[str, Any] | None,
        thinking_tokens: int,
        num_ctx: int,
    ) -> AsyncGenerator[_Chunk, None]: ...

    async def embed(self, texts: Sequence[str], *, model: str, lane: Lane) -> list[Vector]: ...

    async def capabilities(self, model: str) -> frozenset[str]: ...


class DirectService:
    """Chats and embeds without retrieval, cache or memory."""

    def __init__(self, models: _Models, contexts: ContextWindows, *, trace_id: Callable[[], str] = str) -> None:
        self._models = models
        self._contexts = contexts
        self._trace_id = trace_id

    async def chat(self, request: DirectRequest) -> AsyncGenerator[DirectEvent, None]:
        """Yield the model's reply as the events of an answer, without sources. Closing it stops the model.

        A reply that breaks its schema ends in an error in place of `Done`.

        Raises:
            InvalidInput: the schema of the reply is none.
            InputTooLong: the messages do not fit into the model's context; nothing of them is cut.
            ModelUnsuitable: the model does not see images, or calls no functions.
            ModelError: before the first event; a later error becomes the last event.
        """
        clock = StageClock(time.perf_counter())
        schema = None if request.schema is None else ReplySchema(request.schema)
        context = await self._context(request)
        await self._check_abilities(request)
        sampling = asdict(request.sampling)
        chunks = self._models.chat(
            [_message(message) for message in request.messages],
            model=request.model,
            temperature=sampling.pop("temperature"),
            max_tokens=sampling.pop("max_tokens"),
            stop=sampling.pop("stop"),
            sampling=sampling,
            tools=request.tools,
            schema=request.schema,
            thinking_tokens=request.thinking_tokens,
            num_ctx=context,
        )
        written = ""
        async with aclosing(chunks):
            chunk = await anext(chunks)
            yield Start(uuid4(), self._trace_id(), request.model, {"status": "bypass"})
            first_token = clock.elapsed()
            try:
                while True:
                    if chunk.thinking:
                        yield Thinking(chunk.thinking)
                    if chunk.text:
                        written += chunk.text if schema else ""
                        yield Delta(chunk.text)
                    if chunk.tool_calls:
                        yield ToolCalls(chunk.tool_calls)
                    if chunk.done:
                        break
                    chunk = await anext(chunks)
                if schema:
                    schema.check(written)
            except LocalChatError as error:
                yield failed(error)
                return
        yield Usage(chunk.prompt_eval_count, chunk.eval_count, ttft_ms=first_token, total_ms=clock.elapsed())
        yield Done(chunk.done_reason or "stop", ())

    async def embed(self, texts: Sequence[str], model: str, *, dimensions: int | None = None) -> list[Vector]:
        """Embed texts without any prefix. One text goes ahead of ingestion, many go beside it.

        Args:
            texts: any number, none of them blank.
            model: the embedding model.
            dimensions: of the vectors, the model's own if not given.

        Raises:
            InvalidInput: a blank text.
            ModelUnsuitable: the model cannot embed, or not in so many dimensions.
            ModelError: no server answers.
        """
        capabilities = await self._models.capabilities(model)
        # A server that names none is older than capabilities.
        if capabilities and "embedding" not in capabilities:
            raise ModelUnsuitable(f"{model} is not an embedding model.")
        lane = Lane.INTERACTIVE if len(texts) == 1 else Lane.BULK
        vectors: list[Vector] = []
        for start in range(0, len(texts), MAX_TEXTS):
            vectors += await self._models.embed(texts[start : start + MAX_TEXTS], model=model, lane=lane)
        return [_shortened(vector, model, dimensions or len(vector)) for vector in vectors]

    async def _context(self, request: DirectRequest) -> int:
        """Return the model's context in tokens, which holds the messages."""
        context = await self._contexts.of(request.model)
        tokens = sum(MESSAGE_TOKENS + estimate(message.content) for message in request.messages)
        if tokens * LEAST_REAL > context:
            raise InputTooLong(
                f"The messages have about {tokens} tokens; {request.model} is loaded with a context of {context}."
            )
        return context

    async def _check_abilities(self, request: DirectRequest) -> None:
        needed = {
            "vision": any(message.images for message in request.messages) and "look at images",
            "tools": bool(request.tools) and "call functions (`tools`)",
        }
        if not any(needed.values()):
            return
        able = await self._models.capabilities(request.model)
        for ability, act in needed.items():
            if act and able and ability not in able:
                raise ModelUnsuitable(f"{request.model} cannot {act}.")


def _shortened(vector: Vector, model: str, dimensions: int) -> Vector:
    """Return the first numbers of a vector, of unit length."""
    if dimensions == len(vector):
        return vector
    if dimensions > len(vector) or not can_be_shortened(model):
        raise ModelUnsuitable(f"{model} makes vectors of {len(vector)} dimensions, not of {dimensions}.")
    shorter = vector[:dimensions]
    return shorter / np.linalg.norm(shorter)


def _message(message: DirectMessage) -> dict[str, Any]:
    """Return a turn as Ollama takes it."""
    calls = [{"function": {"name": call.name, "arguments": dict(call.arguments)}} for call in message.tool_calls]
    more = {"images": list(message.images), "tool_calls": calls, "tool_name": message.tool_name}
    return {
        "role": message.role,
        "content": message.content,
        **{name: value for name, value in more.items() if value},
    }
