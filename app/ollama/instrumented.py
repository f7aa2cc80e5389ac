"""One streamed answer of a model, watched from the request to its end: retries and queueing are in it."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from opentelemetry.trace import Span, SpanKind

from app.ollama.observer import Observer
from app.ollama.protocol import ChatChunk
from app.telemetry import tracing


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
