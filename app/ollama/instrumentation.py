"""What the client reports of its calls: an `Observer` for metrics, and spans by OpenTelemetry's conventions."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from opentelemetry.trace import Span, SpanKind

from app.ollama.protocol import ChatChunk
from app.telemetry import tracing


class Observer(Protocol):
    """Calls must be quick: they are made on the event loop. None of them receives any text."""

    def on_request(
        self, *, operation: str, model: str, lane: str, endpoint: str, outcome: str, seconds: float, texts: int
    ) -> None:
        """One request ended. `outcome` is `ok`, `preempted`, `cancelled` or an error's code."""

    def on_retry(self, *, operation: str, model: str, attempt: int, error: str) -> None:
        """Attempt number `attempt` is about to start, after `error`."""

    def on_circuit(self, *, endpoint: str, circuit: str) -> None:
        """An endpoint's breaker is now `closed`, as it begins, or `open` or `half-open`."""

    def on_first_chunk(self, *, model: str, seconds: float) -> None:
        """A chat's first piece came, this long after it was asked for."""

    def on_chunk(self, *, model: str, seconds: float) -> None:
        """Another piece came, this long after the one before."""

    def on_chat(self, *, model: str, seconds: float, input_tokens: int, output_tokens: int) -> None:
        """A chat ended, however it did. The model's own counts are 0 if it did not get to its end."""


class NullObserver:
    def on_request(
        self, *, operation: str, model: str, lane: str, endpoint: str, outcome: str, seconds: float, texts: int
    ) -> None:
        pass

    def on_retry(self, *, operation: str, model: str, attempt: int, error: str) -> None:
        pass

    def on_circuit(self, *, endpoint: str, circuit: str) -> None:
        pass

    def on_first_chunk(self, *, model: str, seconds: float) -> None:
        pass

    def on_chunk(self, *, model: str, seconds: float) -> None:
        pass

    def on_chat(self, *, model: str, seconds: float, input_tokens: int, output_tokens: int) -> None:
        pass


async def watched(
    chunks: AsyncGenerator[ChatChunk, None], *, model: str, observer: Observer
) -> AsyncGenerator[ChatChunk, None]:
    """Pass the chunks on within a span `chat {model}`, and tell the observer when they came."""
    span = tracing.begin(f"chat {model}", SpanKind.CLIENT, attributes("chat", model))
    began = last = time.perf_counter()
    chunk: ChatChunk | None = None
    failure: BaseException | None = None
    try:
        async with aclosing(chunks):
            while chunk is None or not chunk.done:
                first = chunk is None
                with tracing.inside(span):
                    chunk = await anext(chunks)
                now = time.perf_counter()
                if first:
                    span.set_attribute("gen_ai.response.time_to_first_chunk", now - began)
                    observer.on_first_chunk(model=model, seconds=now - began)
                else:
                    observer.on_chunk(model=model, seconds=now - last)
                last = now
                yield chunk
    except BaseException as error:
        # A consumer may go as soon as it has the last chunk.
        failure = None if chunk is not None and chunk.done else error
        raise
    finally:
        _finish(span, chunk, failure, time.perf_counter() - began, model, observer)


def attributes(operation: str, model: str) -> dict[str, str]:
    """Of a span around a call to a model, by OpenTelemetry's conventions for generative AI."""
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "ollama",
        "gen_ai.request.model": model,
    }


def _finish(
    span: Span,
    chunk: ChatChunk | None,
    failure: BaseException | None,
    seconds: float,
    model: str,
    observer: Observer,
) -> None:
    read, written = (chunk.prompt_eval_count, chunk.eval_count) if chunk is not None and chunk.done else (0, 0)
    span.set_attribute("gen_ai.usage.input_tokens", read)
    span.set_attribute("gen_ai.usage.output_tokens", written)
    if chunk is not None and chunk.done_reason:
        span.set_attribute("gen_ai.response.finish_reasons", [chunk.done_reason])
    tracing.end(span, failure)
    observer.on_chat(model=model, seconds=seconds, input_tokens=read, output_tokens=written)
