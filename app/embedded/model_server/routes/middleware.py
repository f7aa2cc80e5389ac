"""Middleware: callers are checked, work is logged, and abandoned work is cancelled."""

import asyncio
import base64
import binascii
import contextlib
import hmac
import time
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.concurrency.abandonment import Abandoned, run_unless
from app.telemetry import correlation
from app.telemetry.access import AccessLog

_WORK = frozenset({"/api/embed", "/api/chat"})
_CLIENT_CLOSED_REQUEST = 499  # nginx's name for a client that left before it was answered
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal")


class LoggedWork:
    """Logs each request that a model works for, under the caller's request and trace ids."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._access = AccessLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            try:
                await self._app(scope, receive, send)
            finally:
                self._access.flush()
            return
        if scope["type"] != "http" or scope["path"] not in _WORK:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = Headers(scope=scope)
        ids = correlation.correlate(headers.get("traceparent"), headers.get("x-request-id"), sample=0.0)
        correlation.bind(ids)
        status = _CLIENT_CLOSED_REQUEST

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            seconds = time.perf_counter() - began
            self._access.note(ids, scope["method"], scope["path"], status, seconds, {})


class Gate:
    """Answers 403, empty, to a wrong secret, and to a foreign Host header, as an Ollama on loopback does."""

    def __init__(self, app: ASGIApp, *, token: str | None, check_host: bool) -> None:
        self._app = app
        self._token = token
        self._check_host = check_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._admits(Headers(scope=scope)):
            await Response(status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _admits(self, headers: Headers) -> bool:
        if self._check_host and not is_local(headers.get("host", "")):
            return False
        if self._token is None:
            return True
        return hmac.compare_digest(presented_secret(headers).encode(), self._token.encode())


def is_local(host: str) -> bool:
    """Whether a Host header names this machine: an address of it, or a name that no public DNS serves."""
    name = host[1 : host.find("]")] if host.startswith("[") else host.rsplit(":", 1)[0]
    name = name.lower()
    if name in ("", "localhost") or name.endswith(_LOCAL_SUFFIXES):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified


def presented_secret(headers: Headers) -> str:
    """The bearer token, or the password of Basic credentials; empty when there is none."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


class CancelOnDisconnect:
    """Cancels the work for a request, streamed or not, as soon as its caller is gone.

    The body is read first: after it, the end of the connection is the only message that can come.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        with contextlib.suppress(Abandoned):
            await run_unless(_disconnected(receive), self._app(scope, _replay(body), send))


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        return await asyncio.Future()

    return receive


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
