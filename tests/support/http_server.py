"""An HTTP server made of a few lines, where bytes, order and disconnects can be scripted and seen."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ScriptedServer:
    """Passes each request to `handler`, which writes the response. Work for a client that leaves is cancelled."""

    handler: Handler
    requests: list[Request] = field(default_factory=list)
    peak_requests: int = 0
    disconnects: int = 0
    url: str = ""
    _active: int = 0

    @asynccontextmanager
    async def running(self, socket: str | None = None) -> AsyncIterator[Self]:
        """Serve on a free port of loopback, or on a unix socket."""
        connections: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await self._serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.disconnects += 1
            except asyncio.CancelledError:
                pass
            finally:
                connections.discard(task)
                writer.close()

        if socket:
            server = await asyncio.start_unix_server(serve, socket)
            self.url = f"http+unix://{socket}"
        else:
            server = await asyncio.start_server(serve, "127.0.0.1")
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode().strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split()
            request = Request(method, path, headers, body)
            self.requests.append(request)
            self._active += 1
            self.peak_requests = max(self.peak_requests, self._active)
            work = asyncio.ensure_future(self.handler(request, writer))
            left = asyncio.ensure_future(reader.read(1))
            try:
                await asyncio.wait([work, left], return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    raise ConnectionResetError
                await work
            finally:
                self._active -= 1
                for task in (work, left):
                    task.cancel()
                await asyncio.gather(work, left, return_exceptions=True)


async def respond(writer: asyncio.StreamWriter, answer: Any, status: int = 200) -> None:
    body = json.dumps(answer).encode()
    writer.write(
        f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    )
    writer.write(body)
    await writer.drain()


async def start_stream(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n")
    await writer.drain()


async def send_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send one chunk of a chunked response; an empty one ends it."""
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()
