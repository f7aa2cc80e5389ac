"""What OpenAI's clients get, and how they ask for documents."""

import base64
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest

from app.domain.answers import Failed
from app.domain.direct import DirectMessage, Sampling, ToolCall
from app.errors import ModelUnavailable
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
    message = reply["choices"][0]["message"]
    assert (message["role"], message["content"]) == ("assistant", "Thirty days [1].")
    (annotation,) = message["annotations"]
    cited = annotation["url_citation"]
    assert message["content"][cited["start_index"] : cited["end_index"]] == "[1]"
    assert (cited["title"], cited["url"]) == (
        "a.pdf",
        f"http://localhost/api/documents/{UUID(int=1)}/content#page=3",
    )
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
    assert [len(delta["annotations"]) for delta in deltas if "annotations" in delta] == [1]
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
    assert (asked.model, asked.sampling) == ("smollm2:135m", Sampling(temperature=0.5, seed=1, stop=("END",)))


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


async def test_a_models_name_may_name_the_writer(fakes: Fakes, client: httpx.AsyncClient) -> None:
    for model in ("localchat/HR@Llama3.2:latest", "localchat@llama3.2"):
        await client.post("/v1/chat/completions", json={"model": model, "messages": QUESTION})
    asked = [(question.collection, question.model) for question in fakes.answers.asked]
    assert asked == [("HR", "llama3.2"), ("default", "llama3.2")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "function", "function": {"name": "weather"}}]),
        ("response_format", {"type": "json_object"}),
        ("stop", "END"),
        ("presence_penalty", 1),
        ("messages", [{"role": "tool", "content": "12", "tool_call_id": "a"}, *QUESTION]),
    ],
)
async def test_what_documents_cannot_honour_is_refused_by_name(
    fakes: Fakes, client: httpx.AsyncClient, field: str, value: Any
) -> None:
    body = {"model": "localchat", "messages": QUESTION, field: value}
    refused = await client.post("/v1/chat/completions", json=body)
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", field)
    assert fakes.answers.asked == []


@pytest.mark.parametrize("field", ["logprobs", "logit_bias", "functions", "audio"])
async def test_what_no_model_here_can_is_refused_by_name(client: httpx.AsyncClient, field: str) -> None:
    body = {"model": "smollm2:135m", "messages": QUESTION}
    refused = await client.post("/v1/chat/completions", json={**body, field: {"a": 1}})
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, field)
    assert (await client.post("/v1/chat/completions", json={**body, field: None})).status_code == 200


async def test_the_defaults_of_clients_mean_nothing(fakes: Fakes, client: httpx.AsyncClient) -> None:
    neutral = {"n": None, "stream": None, "top_p": 1, "seed": 7, "presence_penalty": 0, "frequency_penalty": 0}
    more: dict[str, Any] = {
        "response_format": {"type": "text"},
        "tools": [],
        "stop": None,
        "user": "me",
        "store": False,
    }
    body = {"model": "localchat", "messages": QUESTION, **neutral, **more}
    assert (await client.post("/v1/chat/completions", json=body)).status_code == 200
    assert len(fakes.answers.asked) == 1


async def test_a_whole_conversation_with_functions_and_images_reaches_a_model(
    fakes: Fakes, client: httpx.AsyncClient
) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"place": "Bonn"}'}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1n", "detail": "low"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "Look:"}, image]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "user", "content": "Why?"},
    ]
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    body = {"model": "big", "messages": messages, "response_format": schema, "reasoning_effort": "low"}
    assert (await client.post("/v1/chat/completions", json=body)).status_code == 200
    (asked,) = fakes.direct.asked
    assert asked.messages == (
        DirectMessage("user", "Look:", images=("aW1n",)),
        DirectMessage("assistant", "", tool_calls=(ToolCall("weather", {"place": "Bonn"}),)),
        DirectMessage("tool", "Rain", tool_name="weather"),
        DirectMessage("assistant", "No."),
        DirectMessage("user", "Why?"),
    )
    assert (asked.schema, asked.thinking_tokens) == ({"type": "object"}, 2048)


async def test_a_wish_to_call_functions_is_a_finish_reason_of_its_own(
    fakes: Fakes, client: httpx.AsyncClient
) -> None:
    fakes.direct.calls = (ToolCall("weather", {"place": "Bonn"}),)
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    body = {"model": "big", "messages": [{"role": "user", "content": ""}], "tools": tools}
    choice = (await client.post("/v1/chat/completions", json=body)).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("weather", {"place": "Bonn"})
    streamed = chunks((await client.post("/v1/chat/completions", json={**body, "stream": True})).text)
    deltas = [chunk["choices"][0] for chunk in streamed[:-1]]
    assert [choice["delta"]["tool_calls"][0]["index"] for choice in deltas if "tool_calls" in choice["delta"]] == [
        0
    ]
    assert deltas[-1]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}], "nothing is fetched"),
        ([{"type": "input_audio", "input_audio": {}}], "input_audio"),
        (5, "give text, or a list of parts"),
    ],
)
async def test_errors_name_the_field_in_the_words_of_the_protocol(
    client: httpx.AsyncClient, content: Any, why: str
) -> None:
    body = {"model": "big", "messages": [{"role": "user", "content": content}]}
    refused = await client.post("/v1/chat/completions", json=body)
    error = refused.json()["error"]
    assert (refused.status_code, error["type"]) == (422, "invalid_request_error")
    assert error["param"].startswith("messages.0.content")
    assert why in error["message"]
    assert not re.search(r"list\[|Value error|union|pydantic", error["message"])


async def test_a_wrong_key_has_openais_code() -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        refused = await client.get("/v1/models", headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_token_ids_are_refused_with_a_way_out(client: httpx.AsyncClient) -> None:
    for tokens in ([1, 2], [[1, 2], [3]]):
        refused = await client.post("/v1/embeddings", json={"model": "x", "input": tokens})
        assert refused.status_code == 422
        assert refused.json()["error"]["param"] == "input"
        assert "check_embedding_ctx_length=False" in refused.json()["error"]["message"]


async def test_one_model_is_found_by_its_name(client: httpx.AsyncClient) -> None:
    for name in ("localchat", "localchat/default", "localchat/default@big", "all-minilm", "ALL-MINILM:latest"):
        found = await client.get(f"/v1/models/{name}")
        assert (found.status_code, found.json()["id"]) == (200, name)
    missing = await client.get("/v1/models/nothing")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


async def test_collections_are_models_also_while_no_model_server_answers(
    fakes: Fakes, client: httpx.AsyncClient
) -> None:
    fakes.model_server.error = ModelUnavailable("No model server answers.")
    names = [model["id"] for model in (await client.get("/v1/models")).json()["data"]]
    assert names == ["localchat", "localchat/default"]
