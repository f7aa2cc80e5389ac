"""What OpenAI's clients get, and how they ask for documents."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest

from app.domain.answers import Failed
from tests.support.api import Fakes, client_of

QUESTION = [{"role": "user", "content": "How many days?"}]


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(fakes) as client:
        yield client


def chunks(text: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


async def test_localchat_answers_from_documents_with_their_sources(fakes: Fakes, client: httpx.AsyncClient) -> None:
    reply = (await client.post("/v1/chat/completions", json={"model": "localchat", "messages": QUESTION})).json()
    assert reply["object"] == "chat.completion"
    assert reply["model"] == "localchat"
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": "Thirty days [1]."}
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"] == {"prompt_tokens": 20, "completion_tokens": 4, "total_tokens": 24}
    assert reply["sources"][0]["page"] == 3
    asked = fakes.answers.asked[0]
    assert (asked.collection, asked.question, asked.remember) == ("default", "How many days?", False)


async def test_the_models_name_names_the_collection(fakes: Fakes, client: httpx.AsyncClient) -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "How many"}, {"type": "text", "text": "days?"}]},
    ]
    await client.post("/v1/chat/completions", json={"model": "localchat/hr", "messages": messages, "max_tokens": 9})
    asked = fakes.answers.asked[0]
    assert (asked.collection, asked.question, asked.max_tokens) == ("hr", "How many\ndays?", 9)
    assert [(item.role, item.content) for item in asked.history] == [("system", "Be brief.")]


async def test_a_stream_has_the_role_the_sources_the_text_and_one_end(client: httpx.AsyncClient) -> None:
    body = {
        "model": "localchat",
        "messages": QUESTION,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    response = await client.post("/v1/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    *sent, usage, done = chunks(response.text)
    assert done == "[DONE]"
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 24)
    deltas = [chunk["choices"][0]["delta"] for chunk in sent]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == "Thirty days [1]."
    assert [chunk["sources"][0]["filename"] for chunk in sent if "sources" in chunk] == ["a.pdf"]
    assert [chunk["choices"][0]["finish_reason"] for chunk in sent[-2:]] == [None, "stop"]
    assert len({chunk["id"] for chunk in sent}) == 1


async def test_a_stream_that_fails_says_so_and_is_not_done(fakes: Fakes, client: httpx.AsyncClient) -> None:
    problem = {"type": "urn:localchat:problem:model-unavailable", "title": "", "status": 503, "detail": "Gone."}
    fakes.answers.end = Failed(problem, retryable=True)
    body = {"model": "localchat", "messages": QUESTION, "stream": True}
    assert chunks((await client.post("/v1/chat/completions", json=body)).text)[-1]["error"]["message"] == "Gone."
    whole = await client.post("/v1/chat/completions", json={**body, "stream": False})
    assert (whole.status_code, whole.json()["error"]["message"]) == (503, "Gone.")


async def test_any_other_model_replies_by_itself(fakes: Fakes, client: httpx.AsyncClient) -> None:
    body = {"model": "smollm2:135m", "messages": QUESTION, "stop": "END", "temperature": 0.5, "seed": 1}
    reply = (await client.post("/v1/chat/completions", json=body)).json()
    assert reply["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "How many days?"},
        "finish_reason": "length",
    }
    assert reply["sources"] == []
    assert fakes.answers.asked == []
    asked = fakes.direct.asked[0]
    assert (asked.model, asked.stop, asked.temperature, asked.max_tokens) == ("smollm2:135m", ("END",), 0.5, None)


async def test_what_a_model_replies_by_itself_is_never_cached(fakes: Fakes, client: httpx.AsyncClient) -> None:
    body = {"model": "smollm2:135m", "messages": QUESTION, "cache": "only-if-cached"}
    refused = await client.post("/v1/chat/completions", json=body)
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:localchat:problem:not-cached")
    assert fakes.direct.asked == []


async def test_a_front_ends_errand_asks_no_documents(fakes: Fakes, client: httpx.AsyncClient) -> None:
    errand = [{"role": "user", "content": "### Task:\nName this conversation."}]
    await client.post("/v1/chat/completions", json={"model": "localchat/hr", "messages": errand})
    assert fakes.answers.asked == []
    assert fakes.direct.asked[0].model == "smollm2:135m"


@pytest.mark.parametrize(
    "messages", [[{"role": "assistant", "content": "Hi"}], [{"role": "user", "content": "  "}]]
)
async def test_documents_are_asked_by_the_user_alone(client: httpx.AsyncClient, messages: list[Any]) -> None:
    response = await client.post("/v1/chat/completions", json={"model": "localchat", "messages": messages})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["error"]["message"] == response.json()["detail"]


async def test_embeddings_come_as_numbers_or_base64(fakes: Fakes, client: httpx.AsyncClient) -> None:
    plain = (await client.post("/v1/embeddings", json={"model": "localchat", "input": ["a", "b"]})).json()
    assert [item["index"] for item in plain["data"]] == [0, 1]
    assert plain["data"][0]["embedding"] == pytest.approx([0.6, 0.8])
    packed = (
        await client.post("/v1/embeddings", json={"model": "x", "input": "a", "encoding_format": "base64"})
    ).json()
    assert np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), "<f4") == pytest.approx([0.6, 0.8])
    assert fakes.direct.embedded == [(["a", "b"], "all-minilm"), (["a"], "x")]


@pytest.mark.parametrize("texts", [[], " ", ["a", ""]])
async def test_nothing_cannot_be_embedded(client: httpx.AsyncClient, texts: Any) -> None:
    assert (await client.post("/v1/embeddings", json={"model": "x", "input": texts})).status_code == 422


async def test_models_are_the_collections_and_the_servers_own(client: httpx.AsyncClient) -> None:
    names = [model["id"] for model in (await client.get("/v1/models")).json()["data"]]
    assert names == ["localchat", "localchat/default", "all-minilm:latest", "smollm2:135m"]
