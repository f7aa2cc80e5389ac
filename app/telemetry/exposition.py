"""Metrics and liveness of a process that has no API of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, make_asgi_app

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which serves this beside its work."""
        yield


@asynccontextmanager
async def served(registry: CollectorRegistry, *, host: str, port: int) -> AsyncIterator[None]:
    """Serve `/metrics` and `/health/live` from this event loop while the block runs.

    Raises:
        OSError: the port is taken.
    """
    config = uvicorn.Config(_app(registry), host=host, port=port, log_config=None, access_log=False, lifespan="off")
    # Bound here: uvicorn would end the whole process on a port that is taken.
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await serving


def _app(registry: CollectorRegistry) -> App:
    # Uncompressed: to compress takes longer than to write, and the event loop would wait for it.
    metrics = make_asgi_app(registry, disable_compression=True)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/metrics":
                await metrics(scope, receive, send)
            case "/health/live":
                # From this event loop, and not from a thread as `start_http_server` would: it fails with the loop.
                await _reply(send, 200, b'{"status":"pass","checks":{}}', "application/json")
            case _:
                await _reply(send, 404, b"Not found\n", "text/plain")

    return app


async def _reply(send: Send, status: int, body: bytes, media_type: str) -> None:
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
