"""What streams send is what OpenAPI says of them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from app.domain.answers import Done, Failed
from app.errors import ModelUnavailable
from tests.support.api import Fakes, client_of


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(fakes) as client:
        yield client


async def events_of(client: httpx.AsyncClient, path: str, body: Any = None, *, template: str = "") -> list[str]:
    """The names of the events of a stream. Each is checked against the document's schema of that stream."""
    method = "GET" if body is None else "POST"
    document = (await client.get("/openapi.json")).json()
    media = document["paths"][template or path][method.lower()]["responses"]["200"]["content"]["text/event-stream"]
    shape = jsonschema_rs.validator_for({**media["itemSchema"], "components": document["components"]})
    shapes = document["components"]["schemas"][media["itemSchema"]["$ref"].rpartition("/")[2]]["oneOf"]
    data_of = {each["properties"].get("event", {}).get("const"): each["properties"]["data"] for each in shapes}
    response = await client.request(method, path, json=body)
    names = []
    for block in filter(None, response.text.split("\n\n")):
        event = dict(line.split(": ", 1) for line in block.splitlines())
        shape.validate(event)
        schema = {**data_of[event.get("event")]["contentSchema"], "components": document["components"]}
        text = event["data"]
        jsonschema_rs.validate(schema, text if text == "[DONE]" else json.loads(text))
        names.append(event.get("event", ""))
    return names


@pytest.mark.parametrize(
    "end",
    [Done("stop", (1,)), Failed({"type": "about:blank", "title": "Gone", "status": 502, "detail": "x"}, True)],
    ids=["done", "failed"],
)
async def test_an_answer(fakes: Fakes, client: httpx.AsyncClient, end: Done | Failed) -> None:
    fakes.answers.end = end
    body = {"question": "How many days?"}
    names = await events_of(client, "/api/chat", body)
    assert names[0] == "start"
    assert names[-1] == ("done" if isinstance(end, Done) else "error")


async def test_an_answer_that_breaks(fakes: Fakes, client: httpx.AsyncClient) -> None:
    fakes.answers.error_after_start = ModelUnavailable("No model server answers.")
    names = await events_of(client, "/api/chat", {"question": "How many days?"})
    assert names == ["start", "status", "error"]


async def test_an_ingestion(client: httpx.AsyncClient) -> None:
    stored = await client.post("/api/documents", files={"files": ("a.txt", b"hello", "text/plain")})
    path = f"/api/documents/{stored.json()['items'][0]['id']}/events"
    names = await events_of(client, path, template="/api/documents/{document_id}/events")
    assert names == ["progress", "done"]


async def test_a_pull_of_a_model(client: httpx.AsyncClient) -> None:
    names = await events_of(client, "/api/models/pull", {"model": "llama3.2"})
    assert names == ["progress", "done"]


async def test_warming(client: httpx.AsyncClient) -> None:
    body = {"queries": ["x", "broken"], "stream": True}
    names = await events_of(client, "/api/cache/warm", body)
    assert names == ["progress", "progress", "progress", "done"]


async def test_the_chunks_of_a_completion(client: httpx.AsyncClient) -> None:
    body = {"model": "localchat", "messages": [{"role": "user", "content": "How many days?"}], "stream": True}
    path = "/v1/chat/completions"
    names = await events_of(client, path, {**body, "stream_options": {"include_usage": True}})
    assert set(names) == {""}
