"""`localchat mcp`: the Model Context Protocol on standard input and output, in front of a running service."""

import sys
from contextlib import AsyncExitStack
from typing import BinaryIO

import anyio
import httpx
import orjson
from anyio import to_thread
from mcp.types import INTERNAL_ERROR

_ACCEPTED = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


async def bridge(url: str, api_key: str | None, read: BinaryIO, write: BinaryIO) -> None:
    """Send each line that comes to the service, and write each message of its replies as a line.

    The service keeps no session, so every message is a request of its own, and several are on their way at once. A
    service that does not answer is the error of each request.
    """
    headers = {**_ACCEPTED, **({"X-API-Key": api_key} if api_key else {})}
    # An answer may take as long as a model needs.
    timeouts = httpx.Timeout(10, read=None)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, headers=headers, timeout=timeouts))
        group = await stack.enter_async_context(anyio.create_task_group())
        while line := await to_thread.run_sync(read.readline, abandon_on_cancel=True):
            if line.strip():
                group.start_soon(_forward, http, line, write)


async def _forward(http: httpx.AsyncClient, line: bytes, write: BinaryIO) -> None:
    try:
        async with http.stream("POST", "/mcp", content=line) as reply:
            if reply.headers.get("content-type", "").startswith("text/event-stream"):
                async for text in reply.aiter_lines():
                    if text.startswith("data:"):
                        _write(write, text.removeprefix("data:").strip().encode())
                return
            body = await reply.aread()
    except httpx.TransportError as error:
        _write(write, _error(line, f"{http.base_url} does not answer: {type(error).__name__}."))
        return
    if reply.is_success:
        _write(write, body)
    else:
        _write(write, _error(line, _detail(body)))


def _error(line: bytes, message: str) -> bytes:
    """Return the error of the request in `line`; nothing for a message that asks for no reply."""
    request = orjson.loads(line)
    if "id" not in request:
        return b""
    return orjson.dumps(
        {"jsonrpc": "2.0", "id": request["id"], "error": {"code": INTERNAL_ERROR, "message": message}}
    )


def _detail(body: bytes) -> str:
    """Return the words of a problem, such as a missing key."""
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        problem = {}
    return str(problem.get("detail", "The service refused the request."))


def _write(write: BinaryIO, message: bytes) -> None:
    if message:
        write.write(message + b"\n")
        write.flush()


def run(url: str, api_key: str | None) -> None:
    anyio.run(bridge, url, api_key, sys.stdin.buffer, sys.stdout.buffer)
