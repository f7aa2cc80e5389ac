"""The fast path: results in memory are answered before anything is routed, resolved or awaited.

A hit costs little more than the validation of its body. Any other request, a miss as well as a bad request, goes on
to its route as if there were no fast path.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from opentelemetry.trace import Tracer
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.dependencies import Services
from app.api.middleware.access import credentials_of, note_caller
from app.api.middleware.trace_context import caller_of, ids_of
from app.api.middleware.trusted_origin import OriginPolicy
from app.domain.access.caller import Caller
from app.telemetry import access, correlation, tracing
from app.telemetry.access import AccessLog
from app.telemetry.correlation import Correlation

_errors = logging.getLogger("localchat.errors")

# Largest body, in bytes by its declared length, that is read here.
_LARGEST_BODY = 64 * 1024

RawHeaders = list[tuple[bytes, bytes]]


class Reply(NamedTuple):
    """A prepared response with status 200."""

    headers: RawHeaders
    content: bytes

    def response(self) -> Response:
        response = Response(self.content)
        response.raw_headers = self.headers
        return response


def json_reply(content: bytes, *headers: tuple[bytes, bytes]) -> Reply:
    length = (b"content-length", b"%d" % len(content))
    return Reply([(b"content-type", b"application/json"), length, *headers], content)


Lane = Callable[[Services, Caller, bytes], Reply | None]


class CachedResponseMiddleware:
    """Asks a lane for the reply to a POST of JSON to its path; `observe` is told the path and the seconds of a hit.

    It stands before everything else, so it does for a hit what others do for other requests: it echoes its id, logs
    it, and records its span if its trace is recorded. A request whose caller is not known goes the long way.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        lanes: Mapping[str, Lane],
        policy: OriginPolicy,
        observe: Callable[[str, float], None],
        access: AccessLog,
        tracer: Tracer | None,
    ) -> None:
        self.app = app
        self._lanes = lanes
        self._policy = policy
        self._observe = observe
        self._access = access
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lane = self._lanes.get(scope["path"]) if scope["type"] == "http" else None
        if (
            lane is None
            or scope["method"] != "POST"
            or not _is_small_json(scope["headers"])
            or self._policy.refusal(scope) is not None
        ):
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        ids = ids_of(scope)
        token = correlation.bind(ids)
        notes = access.begin(scope.get("client"))
        reply = _ask(lane, scope["state"]["services"], scope["headers"], messages)
        if reply is None:
            correlation.unbind(token)
            await self.app(scope, _replay(messages, receive), send)
            return
        headers = [*reply.headers, (b"x-request-id", ids.request_id.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": reply.content})
        seconds = time.perf_counter() - began
        if ids.sampled and self._tracer is not None:
            ids = self._record(self._tracer, scope, ids, seconds)
            correlation.bind(ids)
        self._observe(scope["path"], seconds)
        self._access.note(ids, "POST", scope["path"], 200, seconds, notes)
        correlation.unbind(token)

    def _record(self, tracer: Tracer, scope: Scope, ids: Correlation, seconds: float) -> Correlation:
        """Record the span of a hit, after it; its ids."""
        attributes = {
            "http.request.method": "POST",
            "http.route": scope["path"],
            "http.response.status_code": 200,
            "rag.cache.result": "hit",
            "rag.cache.tier": "l1",
        }
        return tracing.record_root(
            tracer, f"POST {scope['path']}", seconds, ids=ids, caller=caller_of(scope), attributes=attributes
        )


def _is_small_json(headers: RawHeaders) -> bool:
    length = -1
    for name, value in headers:
        if name == b"content-type":
            if value != b"application/json":
                return False
        elif name == b"content-length":
            length = int(value) if value.isdigit() else -1
    return 0 <= length <= _LARGEST_BODY


def _ask(lane: Lane, services: Services, headers: RawHeaders, messages: list[Message]) -> Reply | None:
    if messages[-1]["type"] != "http.request":
        return None
    try:
        caller = services.authentication.known(credentials_of(headers))
        if caller is None:
            return None
        note_caller(caller)
        reply = lane(services, caller, b"".join([message["body"] for message in messages]))
        return reply if reply is None or services.limits.admits_hit(caller) else None
    except Exception:  # noqa: BLE001 - the long way may fare better, and tells if it does not
        _errors.exception("A fast lane failed")
        return None


def _replay(messages: list[Message], receive: Receive) -> Receive:
    """Receive the messages that were taken again, then the rest."""
    taken = iter(messages)

    async def replay() -> Message:
        message = next(taken, None)
        return await receive() if message is None else message

    return replay
