"""Server-sent events: headers wait for the first event, pings fill silence, a client that leaves stops the work."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, Generic, TypeVar

import anyio
import orjson
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from starlette.types import Message, Receive, Scope, Send

from app.api.clients import left
from app.api.problems import completed, problem_of, stopping_problem
from app.errors import LocalChatError
from app.telemetry.metrics import Metrics

_log = logging.getLogger("localchat.errors")
_FINAL_EVENT_SECONDS = 1.0
_ERROR = b"event: error\n"

T = TypeVar("T")


def encode(name: str, data: Any) -> bytes:
    """Encode one event. `data` is anything that orjson writes, dataclasses, UUIDs and datetimes included."""
    return format_sse_event(event=name, data_str=orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def failure(scope: Scope, body: Mapping[str, Any], *, retryable: bool) -> bytes:
    """Encode the event that ends a stream in an error. `body` is completed to a whole problem."""
    return encode("error", {"problem": completed(scope, body), "retryable": retryable})


class EventStream(EventSourceResponse, Generic[T]):
    """Sends events as they come.

    An error before the first event is raised, so that it becomes an ordinary problem with its own status. A later
    error ends the stream with an `error` event. The iterator runs in one task from beginning to end, and is always
    closed.

    FastAPI's own encoding of a generator handles no error before the first event, and cannot answer the same
    operation with JSON.

    Args:
        events: makes the iterator, once, when the response is sent.
        encode: turns an event into its bytes.
        metrics: counts the stream by how it ended.
        headers: gives the headers of the response, from its first event.
        ping_interval: seconds of silence after which a comment is sent.
    """

    keepalive = KEEPALIVE_COMMENT

    def __init__(
        self,
        events: Callable[[], AsyncIterator[T]],
        encode: Callable[[T], bytes],
        metrics: Metrics,
        *,
        headers: Callable[[T], Mapping[str, str]] = lambda _event: {},
        ping_interval: float = 15.0,
    ) -> None:
        super().__init__((), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._events = events
        self._encode = encode
        self._metrics = metrics
        self._headers_of = headers
        self._ping_interval = ping_interval
        self._failure: Exception | None = None
        self._end = "client_disconnect"
        self._started = False
        self._told_error = False

    def broken(self, scope: Scope, body: Mapping[str, Any], *, retryable: bool) -> bytes:
        """Encode the end of a stream that broke."""
        return failure(scope, body, retryable=retryable)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._metrics.sse_streams_active.inc()
        try:
            async with anyio.create_task_group() as group:
                sender, receiver = anyio.create_memory_object_stream[bytes](0)
                group.start_soon(self._produce, sender)
                group.start_soon(self._watch, receive, group.cancel_scope)
                try:
                    async with receiver:
                        await self._forward(receiver, send)
                    await self._finish(scope, send)
                except OSError:
                    self._end = "client_disconnect"  # some servers say so by failing to send
                group.cancel_scope.cancel()
        except anyio.get_cancelled_exc_class():
            self._end = "shutdown"
            await self._say_goodbye(scope, send)
            raise
        finally:
            self._metrics.sse_streams_active.dec()
            if self._started or self._failure is None:  # else it is answered with a problem, which is no stream
                self._metrics.sse_streams.labels(self._end).inc()
        if self._failure is not None and not self._started:
            raise self._failure

    async def _produce(self, sender: MemoryObjectSendStream[bytes]) -> None:
        events = self._events()
        async with sender:
            try:
                async for event in events:
                    if not self._started:
                        self.headers.update(self._headers_of(event))
                    await sender.send(self._encode(event))
            except Exception as error:  # noqa: BLE001 - told to the client, or raised, by whoever forwards
                self._failure = error
            finally:
                if isinstance(events, AsyncGenerator):
                    with anyio.CancelScope(shield=True):
                        await events.aclose()

    async def _watch(self, receive: Receive, work: anyio.CancelScope) -> None:
        await left(receive)
        work.cancel()

    async def _forward(self, receiver: MemoryObjectReceiveStream[bytes], send: Send) -> None:
        while True:
            chunk = self.keepalive
            try:
                with anyio.move_on_after(self._ping_interval):
                    chunk = await receiver.receive()
            except anyio.EndOfStream:
                return
            await self._send(send, chunk)
            self._told_error = chunk.startswith(_ERROR)

    async def _finish(self, scope: Scope, send: Send) -> None:
        self._end = "error" if self._failure is not None or self._told_error else "completed"
        if self._failure is not None:
            if not self._started:
                return
            if not isinstance(self._failure, LocalChatError):
                _log.error("A stream broke", exc_info=self._failure)
            retryable = isinstance(self._failure, LocalChatError) and self._failure.retryable
            await self._send(send, self.broken(scope, problem_of(scope, self._failure), retryable=retryable))
        await self._send(send, b"", more=False)

    async def _say_goodbye(self, scope: Scope, send: Send) -> None:
        """End a stream that is still open when the server stops."""
        with anyio.move_on_after(_FINAL_EVENT_SECONDS, shield=True):
            await self._send(send, self.broken(scope, stopping_problem(scope), retryable=True))
            await self._send(send, b"", more=False)

    async def _send(self, send: Send, chunk: bytes, *, more: bool = True) -> None:
        if not self._started:
            self._started = True
            start: Message = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
        await send({"type": "http.response.body", "body": chunk, "more_body": more})
