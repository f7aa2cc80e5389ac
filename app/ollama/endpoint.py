"""One model server: requests to it, its load and its health."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
from opentelemetry.trace import Span, SpanKind

from app.errors import ModelError, ModelProtocolError, ModelUnavailable
from app.ollama.errors import from_answer, from_transport
from app.ollama.liveness import LivenessCheck
from app.ollama.protocol import Json, encode, parse_object
from app.ollama.scheduling.breakers import EndpointBreakers
from app.ollama.scheduling.window import BulkWindow
from app.ollama.transport import Timeouts
from app.telemetry import tracing

_LINE_FAILED = 500
_MAX_LINE = 16 * 1024 * 1024

Headers = Callable[[], Mapping[str, str]]


class Endpoint:
    """Sends requests as they are and raises the error tree; permits and retries are others' work."""

    def __init__(
        self,
        name: str,
        http: httpx.AsyncClient,
        *,
        timeouts: Timeouts,
        breakers: EndpointBreakers,
        window: BulkWindow,
        headers: Headers,
    ) -> None:
        self.name = name
        self.breakers = breakers
        self.window = window
        self.interactive: Counter[str] = Counter()
        self.bulk = 0
        self.holds = 0
        self.yields = False  # whether one of the holds is for other processes
        self.resting_until = 0.0
        self.preemptible: set[asyncio.Timeout] = set()
        self._http = http
        self._timeouts = timeouts
        self._headers = headers

    @property
    def load(self) -> int:
        return self.interactive.total() + self.bulk

    def preempt(self, now: float) -> None:
        """Cancel the bulk requests in flight that may be cancelled."""
        if self.preemptible:
            self.window.interrupted(now)
        for deadline in self.preemptible:
            deadline.reschedule(asyncio.get_running_loop().time())
        self.preemptible.clear()

    async def json(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
        *,
        model: str = "",
        operation: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpx's own, which names the phase
    ) -> Json:
        """Send one request and parse the object it answers. `timeout` in seconds replaces the client's."""
        async with self._open(method, path, payload, model, operation, timeout) as response:
            try:
                return parse_object(await response.aread())
            except httpx.RequestError as error:
                raise from_transport(error, model=model) from None

    @asynccontextmanager
    async def lines(
        self, path: str, payload: Mapping[str, Any], *, model: str, operation: str
    ) -> AsyncIterator[AsyncIterator[Json]]:
        """Send one request and iterate over the objects of its NDJSON answer; leaving closes the stream."""
        async with (
            self._open("POST", path, payload, model, operation, None) as response,
            aclosing(_split(response, model, operation)) as objects,
        ):
            yield objects

    def vigil(self) -> LivenessCheck:
        """A block in which this server may take its time, but not be gone."""
        return LivenessCheck(self._timeouts.silence, self._answers, self.breakers.server.suspect)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self._timeouts.presence):
                await self.json("GET", "/api/version", operation="answer")
        except (TimeoutError, ModelUnavailable):
            return False
        except ModelError:
            pass  # not what was asked for, but an answer
        return True

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None,
        model: str,
        operation: str,
        timeout: float | None,  # noqa: ASYNC109
    ) -> AsyncIterator[httpx.Response]:
        span = tracing.begin(f"{method} {path}", SpanKind.CLIENT, self._attributes(method, path))
        try:
            async with self._answered(span, method, path, payload, model, operation, timeout) as response:
                yield response
        except BaseException as error:
            tracing.end(span, error)
            raise
        tracing.end(span)

    @asynccontextmanager
    async def _answered(
        self,
        span: Span,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None,
        model: str,
        operation: str,
        timeout: float | None,  # noqa: ASYNC109
    ) -> AsyncIterator[httpx.Response]:
        try:
            with tracing.inside(span):
                request = self._http.build_request(
                    method,
                    path,
                    content=None if payload is None else encode(payload),
                    headers={**self._headers(), "content-type": "application/json"},
                    timeout=httpx.USE_CLIENT_DEFAULT if timeout is None else timeout,
                )
                response = await self._http.send(request, stream=True)
        except httpx.RequestError as error:
            raise from_transport(error, model=model) from None
        span.set_attribute("http.response.status_code", response.status_code)
        try:
            if response.is_success:
                yield response
                return
            try:
                body = await response.aread()
            except httpx.RequestError as error:
                raise from_transport(error, model=model) from None
            raise from_answer(response.status_code, body, model=model, operation=operation)
        finally:
            await response.aclose()

    def _attributes(self, method: str, path: str) -> dict[str, str]:
        return {"http.request.method": method, "url.template": path, "server.address": self.name}


async def _split(response: httpx.Response, model: str, operation: str) -> AsyncGenerator[Json, None]:
    """Cut at newline bytes alone: `aiter_lines` also cuts at U+2028 and others that JSON strings may hold."""
    rest = bytearray()
    try:
        async for piece in response.aiter_bytes():
            *complete, tail = piece.split(b"\n")
            for part in complete:
                line = bytes(rest) + part
                rest.clear()
                if line.strip():
                    yield _line(line, model, operation)
            rest += tail
            if len(rest) > _MAX_LINE:
                raise ModelProtocolError("The model server sent a line without end.")
    except httpx.RequestError as error:
        raise from_transport(error, model=model) from None
    if rest.strip():
        yield _line(bytes(rest), model, operation)


def _line(line: bytes, model: str, operation: str) -> Json:
    value = parse_object(line)
    if "error" in value:
        raise from_answer(_LINE_FAILED, line, model=model, operation=operation)
    return value
