"""The outermost middleware: a request's ids, its access line, and the response to uncaught errors."""

import asyncio
import logging
import time

from opentelemetry import trace
from opentelemetry.trace import Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.middleware.trace_context import QUIET, has_span, ids_of
from app.api.problems import error_response, problem_response, stopping_problem
from app.telemetry import access, correlation, tracing
from app.telemetry.access import AccessLog

_errors = logging.getLogger("localchat.errors")


class RequestContextMiddleware:
    """Binds the ids of a request, echoes `X-Request-ID`, logs one line, and answers uncaught errors."""

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
            tracing.identify(trace.get_current_span())  # FastAPI opened the span before there were ids
        notes = access.begin(scope.get("client"))
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
            if not status:  # the server is stopping, and its grace period is over
                await problem_response(stopping_problem(scope), {"Retry-After": "1"})(scope, receive, send_with_id)
            raise
        except Exception as error:
            _errors.exception("Unexpected error")
            if status:
                notes["outcome"] = "broken"
                raise  # half a response is out, so the server breaks the connection; its log line has our ids
            await error_response(scope, error)(scope, receive, send_with_id)
        finally:
            if not scope["path"].startswith(QUIET):
                seconds = time.perf_counter() - began
                self._access.note(ids, scope["method"], scope["path"], status, seconds, notes)
        correlation.unbind(token)
