"""What happens around every request. Plain ASGI: these run on the hottest paths."""

import asyncio
import contextlib
import logging
import time

from opentelemetry import trace
from opentelemetry.trace import Tracer
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.middleware.trace_context import QUIET, has_span, ids_of
from app.api.problems import error_response, problem, problem_response, stopping_problem
from app.errors import TooLarge
from app.telemetry import access, correlation, tracing
from app.telemetry.access import AccessLog

_errors = logging.getLogger("localchat.errors")
_CLIENT_CLOSED_REQUEST = 499  # nginx's name for a client that left before it was answered


class RequestContextMiddleware:
    """Where a request begins and ends.

    Binds its ids, echoes `X-Request-ID`, logs one line, and answers what nothing else caught.
    """

    def __init__(self, app: ASGIApp, *, access: AccessLog, tracer: Tracer | None = None) -> None:
        self.app = app
        self._access = access
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            try:
                await self.app(scope, receive, send)
            finally:
                self._access.flush()
            return
        began = time.perf_counter()
        ids = ids_of(scope)
        token = correlation.bind(ids)
        if has_span(scope):
            tracing.adopt(self._tracer)
            tracing.identify(trace.get_current_span())  # FastAPI began it before there were ids
        notes = access.begin()
        echoed = (b"x-request-id", ids.request_id.encode())
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], echoed]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            if not status:  # the server is being stopped, and its patience is over
                await problem_response(stopping_problem(scope), {"Retry-After": "1"})(scope, receive, send_with_id)
            raise
        except Exception as error:
            _errors.exception("Unexpected error")
            if status:
                notes["outcome"] = "broken"
                raise  # the server has to break the connection, half an answer is out; what it logs has our ids
            await error_response(scope, error)(scope, receive, send_with_id)
        finally:
            if not scope["path"].startswith(QUIET):
                seconds = time.perf_counter() - began
                self._access.note(ids, scope["method"], scope["path"], status, seconds, notes)
        correlation.unbind(token)


class ClientDisconnectMiddleware:
    """Gives a request that its client gave up before it was answered the status 499, which nobody reads.

    Logs and metrics would otherwise know of no status, or of a failure.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watching_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        with contextlib.suppress(ClientDisconnect):
            await self.app(scope, receive, watching_send)
        if not started:
            await send({"type": "http.response.start", "status": _CLIENT_CLOSED_REQUEST, "headers": []})
            await send({"type": "http.response.body", "body": b""})


class BodyLimitMiddleware:
    """Refuses a body that is too large, by its declared length or as soon as too much of it has come.

    The connection is left open, and the server throws away what still comes: closed under a client that is
    sending, it would be reset before the refusal is read.

    Args:
        app: what to protect.
        max_upload_bytes: for multipart forms, besides what the form itself takes.
        max_json_bytes: for everything else.
    """

    FORM_OVERHEAD = 64 * 1024

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int, max_json_bytes: int = 4 * 1024 * 1024) -> None:
        self.app = app
        self._max_upload = max_upload_bytes + self.FORM_OVERHEAD
        self._max_json = max_json_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        form = headers.get("content-type", "").startswith("multipart/form-data")
        limit = self._max_upload if form else self._max_json
        if _declared(headers) > limit:
            refusal = problem(scope, TooLarge.status, TooLarge.code, TooLarge.title, _too_large(limit))
            await problem_response(refusal)(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # FastAPI lets only this kind of exception out of the reading of a body.
                raise HTTPException(TooLarge.status, _too_large(limit))
            return message

        await self.app(scope, receive_within_limit, send)


def _declared(headers: Headers) -> int:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _too_large(limit: int) -> str:
    return f"The request's body has more than {limit} bytes."
