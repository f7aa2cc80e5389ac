"""Requests whose client left before they were answered. Plain ASGI: it runs on the hottest paths."""

import contextlib

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CLIENT_CLOSED_REQUEST = 499  # nginx's name for a client that left before it was answered


class ClientDisconnectMiddleware:
    """Gives an abandoned request the status 499, for logs and metrics.

    They would otherwise record no status, or a failure.
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
