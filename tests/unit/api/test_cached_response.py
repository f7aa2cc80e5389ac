"""Hits that are answered before they are routed look like any other answer, and all else goes the long way."""

import logging
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from starlette.types import Message

from app.domain.access.caller import AccessScope
from app.services.search.cached import SearchResult
from tests.support.api import Fakes, client_of, serving
from tests.support.fakes.access import KEY, KEYS, NARROW_KEY
from tests.support.fakes.answers import HIT, RESULTS
from tests.support.waiting import until


@pytest.fixture
def fakes() -> Fakes:
    fakes = Fakes()
    fakes.search.hit = SearchResult(RESULTS, HIT, {"total": 0.1})
    return fakes


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(fakes, fresh=True) as client:
        yield client


async def test_a_hit_is_answered_without_a_search(fakes: Fakes, client: httpx.AsyncClient) -> None:
    response = await client.post("/api/search", json={"query": "leave"}, headers={"x-request-id": "abc"})
    answer = response.json()
    assert answer.pop("query_id").startswith("cccccccc-cccc-8ccc-")
    assert answer == {
        "results": orjson.loads(RESULTS),
        "cache": {
            "status": "hit",
            "tier": "l1",
            "key": "c" * 64,
            "age_seconds": 12.346,
            "similarity": None,
            "matched_query": None,
        },
        "timings_ms": {"total": 0.1},
        "corpus_version": 4,
    }
    assert dict(response.headers) == {
        "content-type": "application/json",
        "content-length": str(len(response.content)),
        "cache-status": "LocalChat; hit; ttl=60; detail=l1",
        "x-request-id": "abc",
    }
    assert fakes.search.asked == []


async def test_a_hit_is_measured_and_logged_like_any_request(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        await client.post("/api/search", json={"query": "leave"})
        await client.post("/api/search", json={"query": "leave", "cache": "refresh"})
        await until(lambda: bool(caplog.records))
    assert [(each.path, each.status) for each in caplog.records[0].served] == [("/api/search", 200)] * 2  # type: ignore[attr-defined]
    shown = (await client.get("/metrics")).text
    assert 'http_requests_total{handler="/api/search",method="POST",status="200"} 2.0' in shown
    assert 'http_request_duration_seconds_count{handler="/api/search",method="POST",status="200"} 2.0' in shown


@pytest.mark.parametrize("control", ["bypass", "refresh", "only-if-cached"])
async def test_a_request_that_controls_the_cache_is_not_a_hit(
    fakes: Fakes, client: httpx.AsyncClient, control: str
) -> None:
    await client.post("/api/search", json={"query": "leave", "cache": control})
    assert [query.text for query in fakes.search.asked] == ["leave"]


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-type": "application/json"}, b'{"query": ""}', 422),
        ({"content-type": "application/json"}, b"{", 422),
        ({"content-type": "text/plain"}, b'{"query": "leave"}', 415),
        ({"content-type": "application/json", "content-length": "5000000"}, b"x" * 5_000_000, 413),
    ],
)
async def test_a_bad_request_is_refused_as_ever(
    client: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int
) -> None:
    response = await client.post("/api/search", content=content, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_in_pieces_is_put_together(fakes: Fakes, client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"query": '
        yield b'"leave"}'

    for length, searches in (("18", 0), ("unknown", 1)):
        headers = {"content-type": "application/json", "content-length": length}
        assert (await client.post("/api/search", content=pieces(), headers=headers)).status_code == 200
        assert [query.text for query in fakes.search.asked] == ["leave"] * searches


async def test_a_long_body_goes_the_long_way_whole(fakes: Fakes, client: httpx.AsyncClient) -> None:
    padded = b'{"query": "leave"' + b" " * 70_000 + b"}"
    headers = {"content-type": "application/json"}
    assert (await client.post("/api/search", content=padded, headers=headers)).status_code == 200
    assert [query.text for query in fakes.search.asked] == ["leave"]


async def test_nothing_is_searched_for_a_client_that_leaves_before_its_body_is_whole(fakes: Fakes) -> None:
    app = serving(fakes)
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"query":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"18")]
    scope = {"type": "http", "method": "POST", "path": "/api/search", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert [message.get("status") for message in sent] == [499, None]
    assert fakes.search.asked == []


async def test_a_hit_needs_a_key_where_keys_are_asked_for(fakes: Fakes) -> None:
    async with client_of(fakes, auth_mode="api_key") as client:

        async def asking(key: str) -> int:
            asked = {"query": "leave"}
            return (await client.post("/api/search", json=asked, headers={"x-api-key": key})).status_code

        refused = ("", "lc_unknown", KEYS[AccessScope.OPERATOR], NARROW_KEY)
        assert [await asking(key) for key in refused] == [401, 401, 403, 404]
        assert fakes.search.peeked == []
        assert await asking(KEYS[AccessScope.READ]) == 200
    assert [query.tenant for query in fakes.search.peeked] == ["acme"]
    assert fakes.search.asked == []


async def test_a_hit_goes_the_long_way_while_its_key_cannot_be_proven(fakes: Fakes) -> None:
    fakes.verified.heard = False
    async with client_of(fakes, auth_mode="api_key") as client:
        authorised = {"authorization": f"Bearer {KEY}"}
        assert (await client.post("/api/search", json={"query": "leave"}, headers=authorised)).status_code == 200
    assert [query.tenant for query in fakes.search.asked] == ["acme"]
