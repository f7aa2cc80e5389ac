"""Reports of the client's calls: an `Observer` for metrics, and spans by OpenTelemetry's conventions."""

import time
from contextlib import AbstractContextManager
from typing import Protocol, Self

from opentelemetry.trace import SpanKind

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


class ChatWatch:
    """Records one streamed answer of a model: in a span `chat {model}`, and by the times of its chunks.

    Enter it around the whole stream, retries and queueing included. Wait for each chunk `inside` the span.
    """

    def __init__(self, model: str, observer: Observer) -> None:
        self._model = model
        self._observer = observer
        self._span = tracing.begin(f"chat {model}", SpanKind.CLIENT, attributes("chat", model))
        self._began = self._last = time.perf_counter()
        self._chunk: ChatChunk | None = None

    def __enter__(self) -> Self:
        return self

    def inside(self) -> AbstractContextManager[object]:
        return tracing.inside(self._span)

    def came(self, chunk: ChatChunk) -> None:
        """Record that a chunk has come."""
        first, self._chunk = self._chunk is None, chunk
        last, self._last = self._last, time.perf_counter()
        if first:
            self._span.set_attribute("gen_ai.response.time_to_first_chunk", self._last - self._began)
            self._observer.on_first_chunk(model=self._model, seconds=self._last - self._began)
        else:
            self._observer.on_chunk(model=self._model, seconds=self._last - last)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        end = self._chunk if self._chunk is not None and self._chunk.done else None
        read, written = (end.prompt_eval_count, end.eval_count) if end else (0, 0)
        self._span.set_attribute("gen_ai.usage.input_tokens", read)
        self._span.set_attribute("gen_ai.usage.output_tokens", written)
        if end and end.done_reason:
            self._span.set_attribute("gen_ai.response.finish_reasons", [end.done_reason])
        # A consumer may close the stream as soon as it has the last chunk: that is no failure.
        tracing.end(self._span, None if end else error)
        seconds = time.perf_counter() - self._began
        self._observer.on_chat(model=self._model, seconds=seconds, input_tokens=read, output_tokens=written)


def attributes(operation: str, model: str) -> dict[str, str]:
    """Of a span around a call to a model, by OpenTelemetry's conventions for generative AI."""
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "ollama",
        "gen_ai.request.model": model,
    }
