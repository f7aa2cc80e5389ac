"""The client that the rest of LocalChat asks for embeddings, chats and facts about models."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from functools import partial
from types import MappingProxyType
from typing import Any

import httpx
from opentelemetry.trace import SpanKind

from app.concurrency.circuit_breaker import BreakerState, CircuitBreaker
from app.domain.retrieval import Vector
from app.errors import InvalidInput
from app.ollama.catalog import Catalog
from app.ollama.chat import Chats
from app.ollama.endpoint import Endpoint, Headers
from app.ollama.instrumentation import NullObserver, Observer, attributes
from app.ollama.protocol import (
    ChatChunk,
    EndpointStatus,
    ModelInfo,
    PullProgress,
    RunningModel,
    parse_vectors,
)
from app.ollama.scheduling.breakers import EndpointBreakers
from app.ollama.scheduling.dispatch import BULK_RETRIES, INTERACTIVE_RETRIES, Call, Dispatcher, RetryPolicy
from app.ollama.scheduling.lanes import Lane, Preempted, QueuedWork, Scheduler, SlotLease
from app.ollama.scheduling.window import BulkWindow
from app.ollama.transport import Timeouts, connect, parse_address
from app.telemetry import tracing

MAX_TEXTS = 64

# Failures in a row that open an endpoint's breaker, and the longest time in seconds between two probes of it.
_FAILURES = 3
_LONGEST_COOLDOWN = 60.0


class OllamaClient:
    """A pool of model servers behind one interface.

    Example, with a model that embeds and one that chats:

    >>> from app.ollama.scheduling.lanes import Lane
    >>> async def example(client: OllamaClient) -> None:
    ...     vectors = await client.embed(["a cat", "a dog"], model="all-minilm", lane=Lane.INTERACTIVE)
    ...     print(len(vectors), vectors[0].shape)
    ...     async for chunk in client.chat([{"role": "user", "content": "Say hello."}], model="chat"):
    ...         print(chunk.text, end="")
    >>> run(example)
    2 (8,)
    Hello there.

    Args:
        base_urls: `http(s)://[user:password@]host[:port]` or `http+unix:///path`, one for each endpoint.
        max_concurrency: requests in flight on one endpoint, for each of queries, chats and bulk work.
        timeouts: seconds to connect, and of silence.
        headers: called for each request, for `traceparent` and `X-Request-ID`.
        observer: receives each request, retry and circuit change.
        retries: when to ask again, by lane.
        patience: seconds a query may wait before bulk work goes on beside it, one text at a time.
        cooldown: seconds for which an endpoint that failed three times in a row is left alone.
        transport: replaces the network, in tests.
        clock: replaces the monotonic clock, in tests; seconds.
        owner: names who asks: owners take turns at the endpoints.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        *,
        max_concurrency: int = 8,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        headers: Headers = dict,
        observer: Observer | None = None,
        retries: Mapping[Lane, RetryPolicy] | None = None,
        patience: float = 0.25,
        cooldown: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        owner: Callable[[], str] = str,
    ) -> None:
        observer = observer or NullObserver()
        breaker = partial(
            CircuitBreaker, threshold=_FAILURES, cooldown=cooldown, longest=_LONGEST_COOLDOWN, clock=clock
        )
        self._endpoints = [
            Endpoint(
                address.name,
                connect(address, timeouts=timeouts, transport=transport),
                timeouts=timeouts,
                breakers=EndpointBreakers(
                    breaker(on_change=partial(_observe_circuit, observer, address.name)), breaker
                ),
                window=BulkWindow(max_texts=MAX_TEXTS, max_requests=max_concurrency),
                headers=headers,
            )
            for address in map(parse_address, base_urls)
        ]
        for name in self.endpoints:
            observer.on_circuit(endpoint=name, circuit=BreakerState.CLOSED)
        self._scheduler = Scheduler(
            self._endpoints, max_concurrency=max_concurrency, patience=patience, clock=clock, owner=owner
        )
        self._dispatcher = Dispatcher(
            self._scheduler,
            retries=retries or {Lane.INTERACTIVE: INTERACTIVE_RETRIES, Lane.BULK: BULK_RETRIES},
            observer=observer,
        )
        self._catalog = Catalog(self._endpoints, timeouts=timeouts)
        self._chats = Chats(self._catalog, self._scheduler, self._dispatcher, observer=observer)

    async def embed(
        self, texts: Sequence[str], *, model: str, lane: Lane, dimension: int | None = None
    ) -> list[Vector]:
        """Embed up to 64 texts, none of them blank, prefixes included: all of them or none, in order.

        Args:
            texts: what to embed; nothing is cut, a text beyond the context fails.
            model: the embedding model.
            lane: `BULK` yields to `INTERACTIVE`, and may reach the server in smaller requests.
            dimension: what the index holds; unchecked when not given.

        Returns:
            float32 vectors of unit length.

        Raises:
            InvalidInput: a blank text, or too many.
            InputTooLong: a text is longer than the model's context.
            UnusableEmbedding: the model gives no finite vector of unit length for one of the texts.
            ModelUnsuitable: not an embedding model, or vectors of another dimension.
            ModelError: any other failure, after retries of what may be retried.
        """
        if len(texts) > MAX_TEXTS:
            raise InvalidInput(f"At most {MAX_TEXTS} texts can be embedded in one call.")
        if not all(text.strip() for text in texts):
            raise InvalidInput("A blank text cannot be embedded.")
        vectors: list[Vector] = []
        while len(vectors) < len(texts):
            try:
                vectors += await self._embed_some(texts[len(vectors) :], model, lane, dimension)
            except Preempted:
                continue
        return vectors

    def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str,
        temperature: float | None = None,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
        sampling: Mapping[str, float | None] = MappingProxyType({}),
        tools: Sequence[Mapping[str, Any]] = (),
        schema: Mapping[str, Any] | None = None,
        thinking_tokens: int = 0,
        num_ctx: int | None = None,
        truncate: bool = False,
        lane: Lane = Lane.INTERACTIVE,
    ) -> AsyncGenerator[ChatChunk, None]:
        """Stream an answer. The last chunk alone has `done`. Closing the iterator stops the model.

        A chunk's `text` is a piece of the answer, and its `thinking` a piece of the model's thoughts, in whatever
        form the model writes them.

        Args:
            messages: the conversation: `role` and `content` each, and what else Ollama takes.
            model: the chat model.
            temperature: the model's own when not given.
            max_tokens: of the answer.
            stop: texts before which the answer ends.
            sampling: Ollama's other options by name, such as `seed`; None leaves one to the model.
            tools: functions that the model may ask to call.
            schema: JSON Schema of the answer; `{}` for any JSON object.
            thinking_tokens: tokens for thoughts, beside those of the answer. 0 asks the model not to think; some
                models do all the same.
            num_ctx: the context in tokens, the same at every call for one model.
            truncate: let the server cut messages that do not fit into the context; else they are refused.
            lane: `BULK` for background work.

        Raises:
            InputTooLong: the messages do not fit into the context.
            ModelProtocolError: the stream ended before it was done.
            ModelError: any other failure. There is no retry once a first chunk has come.
        """
        return self._chats.stream(
            messages,
            model=model,
            temperature=temperature,
            max_tokens=max_tokens,
            stop=stop,
            sampling=sampling,
            tools=tools,
            schema=schema,
            thinking_tokens=thinking_tokens,
            num_ctx=num_ctx,
            truncate=truncate,
            lane=lane,
        )

    @property
    def waited_for(self) -> frozenset[str]:
        """The names of the endpoints that queries of this process wait for."""
        return self._scheduler.waited_for

    async def moved(self) -> None:
        """Return when `waited_for` may have changed since the last call. For one caller at a time."""
        await self._scheduler.moved.wait()
        self._scheduler.moved.clear()

    def give_way(self, endpoints: AbstractSet[str]) -> None:
        """Hold back bulk work at the endpoints of these names, and at no others, for queries of other processes."""
        self._scheduler.give_way(endpoints)

    async def show(self, model: str) -> ModelInfo:
        return await self._catalog.show(model)

    async def capabilities(self, model: str) -> frozenset[str]:
        """Return what a model can do (`completion`, `embedding`, `thinking`, …), asking only once."""
        return (await self._catalog.known(model)).capabilities

    async def models(self) -> list[ModelInfo]:
        return await self._catalog.models()

    async def running(self) -> list[RunningModel]:
        return await self._catalog.running()

    def pull(self, model: str) -> AsyncGenerator[PullProgress, None]:
        return self._catalog.pull(model)

    @property
    def endpoints(self) -> list[str]:
        """The names of the endpoints, without credentials, each once."""
        return list(dict.fromkeys(endpoint.name for endpoint in self._endpoints))

    @property
    def circuits(self) -> dict[str, BreakerState]:
        """The state of each endpoint's breaker at this moment, by its name."""
        return {endpoint.name: endpoint.breakers.server.state for endpoint in self._endpoints}

    async def names(self, endpoint: str) -> frozenset[str]:
        return await self._catalog.names(endpoint)

    async def ping(self, timeout: float | None = None) -> list[EndpointStatus]:  # noqa: ASYNC109 - for each endpoint
        return await self._catalog.ping(timeout)

    async def aclose(self) -> None:
        for endpoint in self._endpoints:
            await endpoint.aclose()

    async def _embed_some(
        self, texts: Sequence[str], model: str, lane: Lane, dimension: int | None
    ) -> list[Vector]:
        """Embed as many of the first texts as the lane lets pass in one request."""

        async def ask(lease: SlotLease, _: AsyncExitStack) -> list[Vector]:
            part = texts[: lease.max_texts]
            lease.texts = len(part)
            lease.characters = sum(map(len, part))
            payload = {"model": model, "input": part, "truncate": False}
            async with lease.endpoint.vigil():
                answer = await lease.endpoint.json("POST", "/api/embed", payload, model=model, operation="embed")
            return parse_vectors(answer.get("embeddings"), count=len(part), dimension=dimension)

        with tracing.span(f"embeddings {model}", SpanKind.CLIENT, attributes("embeddings", model)) as span:
            vectors = await self._dispatcher.run(Call("embed", model, lane, QueuedWork.EMBED), ask)
            span.set_attribute("rag.embedding.batch_size", len(vectors))
            return vectors


def _observe_circuit(observer: Observer, endpoint: str, circuit: BreakerState) -> None:
    observer.on_circuit(endpoint=endpoint, circuit=circuit)
