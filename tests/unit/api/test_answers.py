"""Search, chat, conversations, feedback and models over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.api.replies import notes_of
from app.cache.entry import CacheResult, CacheStatus
from app.domain.answers import Failed, Source
from app.errors import ModelUnavailable
from app.services.search.cached import SearchResult
from tests.support.api import Fakes, client_of, serving
from tests.support.fakes.answers import QUERY_ID, RESULTS

CONVERSATION = "00000000-0000-0000-0000-000000000005"


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(fakes) as client:
        yield client


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def test_search_passes_the_question_on_and_says_where_the_results_came_from(
    fakes: Fakes, client: httpx.AsyncClient
) -> None:
    asked = {"query": "leave", "collection": "hr", "top_k": 3, "mode": "lexical", "filter": {"year": 2026}}
    response = await client.post("/api/search", json=asked)
    query = fakes.search.asked[0]
    assert (query.text, query.collection, query.top_k, query.mode, query.filter) == (
        "leave",
        "hr",
        3,
        "lexical",
        {"year": 2026},
    )
    body = response.json()
    assert body["results"][0]["page"] == 3
    assert body["cache"]["status"] == "miss"
    assert response.headers["cache-status"] == "LocalChat; fwd=uri-miss; stored"


async def test_a_search_hit_names_its_tier_and_is_not_searched_for(fakes: Fakes, client: httpx.AsyncClient) -> None:
    cached: CacheResult[Any] = CacheResult(
        {}, CacheStatus.HIT, "c" * 64, tier="l1", age_seconds=2.5, corpus_version=4, expires_in=60.5
    )
    fakes.search.hit = SearchResult(RESULTS, cached, {"total": 0.1})
    response = await client.post("/api/search", json={"query": "leave"})
    assert fakes.search.asked == []
    assert response.headers["cache-status"] == "LocalChat; hit; ttl=60; detail=l1"
    assert response.json()["cache"] == {
        "status": "hit",
        "tier": "l1",
        "key": "c" * 64,
        "age_seconds": 2.5,
        "similarity": None,
        "matched_query": None,
    }


async def test_a_bypassing_search_does_not_look_into_the_cache(fakes: Fakes, client: httpx.AsyncClient) -> None:
    fakes.search.hit = SearchResult(RESULTS, CacheResult({}, CacheStatus.HIT, "c" * 64, tier="l1"), {})
    response = await client.post("/api/search", json={"query": "leave", "cache": "bypass"})
    assert response.json()["cache"]["status"] == "bypass"


async def test_a_search_can_try_other_settings_than_the_collections(
    fakes: Fakes, client: httpx.AsyncClient
) -> None:
    await client.post("/api/search", json={"query": "x", "retrieval": {"lexical_weight": 0, "reranker": "none"}})
    await client.post("/api/search", json={"query": "x"})
    assert [dict(query.retrieval) for query in fakes.search.asked] == [
        {"lexical_weight": 0, "reranker": "none"},
        {},
    ]
    wrong = await client.post("/api/search", json={"query": "x", "retrieval": {"lexical_weight": 2}})
    assert wrong.status_code == 422


async def test_only_if_cached_fails_when_nothing_is_cached(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/search", json={"query": "x", "cache": "only-if-cached"})
    assert (response.status_code, response.json()["type"]) == (404, "urn:localchat:problem:not-cached")


async def test_an_answer_streams_its_sources_before_its_words_and_ends_once(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/chat", json={"question": "How many days?"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["cache-status"] == "LocalChat; fwd=uri-miss; stored"
    names = [name for name, _ in events(response.text)]
    assert names == ["start", "status", "sources", "delta", "delta", "citation", "usage", "done"]
    assert dict(events(response.text))["sources"][0]["page"] == 3


async def test_the_whole_answer_is_the_collected_stream(client: httpx.AsyncClient) -> None:
    streamed = events((await client.post("/api/chat", json={"question": "How many days?"})).text)
    whole = (await client.post("/api/chat", json={"question": "How many days?", "stream": False})).json()
    by_name = dict(streamed)
    assert whole["answer"] == "".join(data["text"] for name, data in streamed if name == "delta")
    assert whole["sources"] == by_name["sources"]
    assert whole["citations"] == [by_name["citation"]]
    assert whole["usage"] == by_name["usage"]
    assert whole["finish_reason"] == by_name["done"]["finish_reason"]
    assert whole["query_id"] == by_name["start"]["query_id"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("cache", "control", "header"),
    [
        ({"status": "hit", "tier": "l2"}, "use", "LocalChat; hit; detail=l2"),
        ({"status": "stale", "tier": "l1"}, "use", "LocalChat; hit; detail=l1-stale"),
        ({"status": "miss", "tier": None}, "refresh", "LocalChat; fwd=request; stored"),
        ({"status": "bypass"}, "bypass", "LocalChat; fwd=request"),
    ],
)
async def test_an_answer_says_in_its_headers_what_the_cache_did(
    fakes: Fakes, client: httpx.AsyncClient, stream: bool, cache: dict[str, Any], control: str, header: str
) -> None:
    fakes.answers.cache = cache
    body = {"question": "How many days?", "stream": stream, "cache": control}
    response = await client.post("/api/chat", json=body)
    assert response.headers.get("cache-status") == header


async def test_messages_become_a_question_and_its_history(fakes: Fakes, client: httpx.AsyncClient) -> None:
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "How many days?"},
    ]
    await client.post("/api/chat", json={"messages": messages, "temperature": 0.5, "conversation_id": CONVERSATION})
    asked = fakes.answers.asked[0]
    assert (asked.question, [item.content for item in asked.history]) == ("How many days?", ["Hello", "Hi"])
    assert (asked.temperature, str(asked.conversation_id), asked.remember) == (0.5, CONVERSATION, True)


async def test_messages_that_a_client_keeps_are_not_kept_again(fakes: Fakes, client: httpx.AsyncClient) -> None:
    await client.post("/api/chat", json={"messages": [{"role": "user", "content": "How many days?"}]})
    assert not fakes.answers.asked[0].remember


def test_an_answer_says_which_of_its_sources_were_not_read_whole() -> None:
    parts = (("a.pdf", 1, "pages 2-5"), ("a.pdf", 1, "pages 2-5"), ("b.pdf", 2, None), ("c.eml", 3, "logs.zip"))
    sources = [
        Source(number, number, UUID(int=document), name, None, None, 1.0, "", unread=unread)
        for number, (name, document, unread) in enumerate(parts, 1)
    ]
    assert notes_of(sources) == [
        "a.pdf was not read whole; missing: pages 2-5.",
        "c.eml was not read whole; missing: logs.zip.",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": " "},
        {"question": "x", "messages": [{"role": "user", "content": "x"}]},
        {"messages": [{"role": "assistant", "content": "x"}]},
    ],
)
async def test_a_chat_needs_one_question(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/api/chat", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("error", "status", "retryable"), [(ModelUnavailable("Busy."), 503, True), (RuntimeError("secret"), 500, False)]
)
async def test_an_error_in_mid_stream_ends_it_with_a_problem(
    fakes: Fakes, client: httpx.AsyncClient, error: Exception, status: int, retryable: bool
) -> None:
    fakes.answers.error_after_start = error
    response = await client.post("/api/chat", json={"question": "x"})
    name, data = events(response.text)[-1]
    assert (response.status_code, name, data["retryable"]) == (200, "error", retryable)
    assert data["problem"]["status"] == status
    assert data["problem"]["request_id"] == response.headers["x-request-id"]
    assert "secret" not in response.text


async def test_a_failed_answer_without_a_stream_is_an_ordinary_problem(
    fakes: Fakes, client: httpx.AsyncClient
) -> None:
    fakes.answers.end = Failed({"status": 503, "title": "Busy", "detail": "Ask later."}, retryable=True)
    response = await client.post("/api/chat", json={"question": "x", "stream": False})
    assert (response.status_code, response.json()["detail"]) == (503, "Ask later.")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "1"


async def post_chat(fakes: Fakes, leave: asyncio.Event) -> list[dict[str, Any]]:
    """Ask over bare ASGI, and leave when `leave` is set."""
    sent: list[dict[str, Any]] = []
    body = iter([{"type": "http.request", "body": b'{"question": "x"}', "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in body:
            return message
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/chat",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    try:
        await serving(fakes, fresh=True)(scope, receive, send)
    except asyncio.CancelledError:
        sent.append({"type": "cancelled"})
    return sent


@pytest.fixture
def waiting() -> Fakes:
    """An answer that waits for a model before its first word."""
    fakes = Fakes()
    fakes.answers.gate = asyncio.Event()
    return fakes


async def test_a_client_that_leaves_stops_the_answer(waiting: Fakes) -> None:
    leave = asyncio.Event()
    chat = asyncio.create_task(post_chat(waiting, leave))
    await waiting.answers.waiting.wait()
    assert not waiting.answers.closed.is_set()
    leave.set()
    async with asyncio.timeout(60):
        await waiting.answers.closed.wait()
        await chat
    assert stream_counts(waiting) == {"client_disconnect": 1.0}


async def test_a_stream_under_a_stopping_server_ends_with_an_error(waiting: Fakes) -> None:
    chat = asyncio.create_task(post_chat(waiting, asyncio.Event()))
    await waiting.answers.waiting.wait()
    chat.cancel()
    sent = await chat
    assert waiting.answers.closed.is_set()
    assert sent[-1] == {"type": "cancelled"}
    assert b"urn:localchat:problem:shutdown" in sent[-3]["body"]
    assert sent[-2]["more_body"] is False
    assert stream_counts(waiting) == {"shutdown": 1.0}


def stream_counts(fakes: Fakes) -> dict[str, float]:
    assert fakes.metrics is not None
    assert fakes.metrics.registry.get_sample_value("rag_sse_streams_active") == 0
    return {
        sample.labels["end"]: sample.value
        for metric in fakes.metrics.sse_streams.collect()
        for sample in metric.samples
        if sample.name == "rag_sse_streams_total"
    }


async def test_conversations_are_listed_read_renamed_and_exported(client: httpx.AsyncClient) -> None:
    path = f"/api/conversations/{CONVERSATION}"
    assert (await client.get("/api/conversations")).json()["items"][0]["id"] == CONVERSATION
    assert (await client.get(path)).json()["messages"][0]["content"] == "How many days?"
    assert (await client.patch(path, json={"title": "New"})).json()["title"] == "New"
    exported = await client.get(f"{path}/export", params={"format": "markdown"})
    assert (exported.text, exported.headers["content-type"]) == ("# Leave\n", "text/markdown; charset=utf-8")
    assert (await client.delete(path)).status_code == 204


async def test_conversations_are_searched_branched_and_lose_an_exchange(client: httpx.AsyncClient) -> None:
    path = f"/api/conversations/{CONVERSATION}"
    found = [(await client.get("/api/conversations", params={"q": q})).json()["items"] for q in ("Leave", "Ferry")]
    assert [len(items) for items in found] == [1, 0]
    branch = await client.post(f"{path}/branch", json={"before": str(QUERY_ID), "title": "Other"})
    assert (branch.status_code, branch.json()["title"]) == (201, "Other")
    assert (await client.delete(f"{path}/exchanges/{QUERY_ID}")).status_code == 204
    assert (await client.delete(f"{path}/exchanges/{CONVERSATION}")).status_code == 404


async def test_an_exchange_is_answered_anew_past_the_cache(fakes: Fakes, client: httpx.AsyncClient) -> None:
    again = {"conversation_id": CONVERSATION, "replaces": str(QUERY_ID)}
    for more in ({}, {"cache": "use"}, {"question": "How many weeks?"}):
        assert (await client.post("/api/chat", json={**again, **more})).status_code == 200
    assert [(one.replaces, one.question, one.cache) for one in fakes.answers.asked] == [
        (QUERY_ID, "", "refresh"),
        (QUERY_ID, "", "use"),
        (QUERY_ID, "How many weeks?", "use"),
    ]
    for bad in ({"replaces": str(QUERY_ID), "question": "Why?"}, {**again, "question": " "}):
        assert (await client.post("/api/chat", json=bad)).status_code == 422


async def test_feedback_is_stored(fakes: Fakes, client: httpx.AsyncClient) -> None:
    given = {"query_id": str(QUERY_ID), "verdict": "down", "comment": "Wrong year."}
    assert (await client.post("/api/feedback", json=given)).status_code == 201
    assert fakes.feedback.stored == [("default", QUERY_ID, "down", "Wrong year.")]


async def test_models_say_what_they_are_for_and_what_is_missing(client: httpx.AsyncClient) -> None:
    items = (await client.get("/api/models")).json()["items"]
    assert [(item["name"], item["default_for"], item["state"]) for item in items] == [
        ("all-minilm:latest", ["embedding"], "loaded"),
        ("smollm2:135m", ["chat"], "missing"),
    ]


async def test_a_pull_reports_progress_and_its_end(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/models/pull", json={"model": "smollm2:135m"})
    assert [name for name, _ in events(response.text)] == ["progress", "done"]
