"""`localchat mcp` in front of a service that is not there, or refuses."""

import asyncio
import io
import json
from collections.abc import Mapping

import pytest

from app.cli.mcp import bridge
from tests.support.http_server import Request, ScriptedServer, respond

REQUEST = {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}
NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/initialized"}


async def written(url: str, *messages: Mapping[str, object]) -> list[dict[str, object]]:
    """What the bridge writes for these messages, until its input ends."""
    output = io.BytesIO()
    await bridge(
        url, "a key", io.BytesIO(b"".join(json.dumps(message).encode() + b"\n" for message in messages)), output
    )
    return [json.loads(line) for line in output.getvalue().splitlines()]


async def test_a_service_that_is_not_there_is_the_error_of_each_request() -> None:
    (reply,) = await written("http://127.0.0.1:1", NOTIFICATION, REQUEST)
    assert reply["id"] == 7
    assert "http://127.0.0.1:1 does not answer" in json.dumps(reply["error"])


@pytest.mark.parametrize(
    ("body", "why"),
    [({"detail": "Send an API key."}, "Send an API key."), ({}, "The service refused the request.")],
)
async def test_a_refusal_is_said_in_the_words_of_the_service(body: dict[str, str], why: str) -> None:
    async def refuse(request: Request, writer: asyncio.StreamWriter) -> None:
        assert request.headers["x-api-key"] == "a key"
        await respond(writer, body, 401)

    async with ScriptedServer(refuse).running() as server:
        (reply,) = await written(server.url, REQUEST)
    assert reply["error"] == {"code": -32603, "message": why}
