"""Chats with a model by its own name: no documents, no cache, no memory."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from app.domain.answers import Delta, Done, Event, Message, Start, Thinking, Usage
from app.domain.retrieval import Vector
from app.errors import InputTooLong, LocalChatError, ModelUnsuitable
from app.generation.prompting.tokens import LEAST_REAL, MESSAGE_TOKENS, estimate
from app.ollama.client import MAX_TEXTS
from app.ollama.scheduling.lanes import Lane
from app.services.answering.answer import failed
from app.services.answering.model_facts import ContextWindows
from app.services.answering.writer import ChatChunk, StageClock


class _Models(Protocol):
    """The client of the model servers."""

    def chat(
        self,
        messages: Sequence[dict[str, str]],
        *,
        model: str,
        temperature: float | None,
        max_tokens: int | None,
        stop: Sequence[str],
        num_ctx: int,
    ) -> AsyncGenerator[ChatChunk, None]: ...

    async def embed(self, texts: Sequence[str], *, model: str, lane: Lane) -> list[Vector]: ...

    async def capabilities(self, model: str) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class DirectRequest:
    """A conversation for a model. A field that is None leaves the choice to the model."""

    messages: tuple[Message, ...]
    model: str
    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


class DirectService:
    """Chats and embeds without retrieval, cache or memory."""

    def __init__(self, models: _Models, contexts: ContextWindows, *, trace_id: Callable[[], str] = str) -> None:
        self._models = models
        self._contexts = contexts
        self._trace_id = trace_id

    async def chat(self, request: DirectRequest) -> AsyncGenerator[Event, None]:
        """Yield the model's reply as the events of an answer, without sources. Closing it stops the model.

        Raises:
            InputTooLong: the messages do not fit into the model's context; nothing of them is cut.
            ModelError: before the first event; a later error becomes the last event.
        """
        clock = StageClock(time.perf_counter())
        context = await self._contexts.of(request.model)
        tokens = sum(MESSAGE_TOKENS + estimate(message.content) for message in request.messages)
        if tokens * LEAST_REAL > context:
            raise InputTooLong(
                f"The messages have about {tokens} tokens; {request.model} is loaded with a context of {context}."
            )
        chunks = self._models.chat(
            [{"role": message.role, "content": message.content} for message in request.messages],
            model=request.model,
            temperature=request.temperature,
            max_tokens=request.max_tokens,
            stop=request.stop,
            num_ctx=context,
        )
        async with aclosing(chunks):
            chunk = await anext(chunks)
            yield Start(uuid4(), self._trace_id(), request.model, {"status": "bypass"})
            first_token = clock.elapsed()
            try:
                while True:
                    if chunk.thinking:
                        yield Thinking(chunk.thinking)
                    if chunk.text:
                        yield Delta(chunk.text)
                    if chunk.done:
                        break
                    chunk = await anext(chunks)
            except LocalChatError as error:
                yield failed(error)
                return
        yield Usage(chunk.prompt_eval_count, chunk.eval_count, ttft_ms=first_token, total_ms=clock.elapsed())
        yield Done(chunk.done_reason or "stop", ())

    async def embed(self, texts: Sequence[str], model: str) -> list[Vector]:
        """Embed texts without any prefix. One text goes ahead of ingestion, many go beside it.

        Raises:
            InvalidInput: a blank text.
            ModelError: the model cannot embed, or no server answers.
        """
        capabilities = await self._models.capabilities(model)
        # A server that names none is older than capabilities.
        if capabilities and "embedding" not in capabilities:
            raise ModelUnsuitable(f"{model} is not an embedding model.")
        lane = Lane.INTERACTIVE if len(texts) == 1 else Lane.BULK
        vectors: list[Vector] = []
        for start in range(0, len(texts), MAX_TEXTS):
            vectors += await self._models.embed(texts[start : start + MAX_TEXTS], model=model, lane=lane)
        return vectors
