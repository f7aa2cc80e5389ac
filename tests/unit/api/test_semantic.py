"""What clients are told of a match by meaning, and how they refuse one."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest

from app.api.cache_status import match_parameters
from app.cache.entry import CacheResult, CacheStatus, MatchedQuestion
from app.services.search.cached import SearchResult
from tests.support.api import Fakes, client_of
from tests.support.fakes.answers import RESULTS

MATCHED = MatchedQuestion("How many days off are there?", 0.96349, UUID(int=5))
HIT: CacheResult[Any] = CacheResult({}, CacheStatus.HIT, "c" * 64, "semantic", 12.3456, 4, 60.0, MATCHED)
STATUS = 'detail=semantic; similarity=0.963; matched-query="How many days off are there?"'


@pytest.fixture
def fakes() -> Fakes:
    fakes = Fakes()
    fakes.search.by_meaning = SearchResult(RESULTS, HIT, {"total": 0.1})
    fakes.answers.cache = {
        "status": "hit",
        "tier": "semantic",
        "key": "c" * 64,
        "age_seconds": 12.3,
        "similarity": 0.9635,
        "matched_query": MATCHED.question,
    }
    return fakes


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(fakes, fresh=True) as client:
        yield client


async def test_a_search_says_that_its_match_was_by_meaning(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/search", json={"query": "leave"})
    answer = response.json()
    assert response.headers["cache-status"] == f"LocalChat; hit; ttl=60; {STATUS}"
    assert answer["query_id"] == str(MATCHED.query_id)
    cache = answer["cache"]
    assert (cache["tier"], cache["similarity"], cache["matched_query"]) == ("semantic", 0.9635, MATCHED.question)


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_says_it_too(client: httpx.AsyncClient, stream: bool) -> None:
    response = await client.post("/api/chat", json={"question": "leave?", "stream": stream})
    assert response.headers["cache-status"] == f"LocalChat; hit; {STATUS}".replace("0.963", "0.964")
    assert '"matched_query":"How many days off are there?"' in response.text


async def test_a_client_can_refuse_it(fakes: Fakes, client: httpx.AsyncClient) -> None:
    response = await client.post("/api/search", json={"query": "leave", "semantic": False})
    assert response.json()["cache"]["status"] == "miss"
    await client.post("/api/chat", json={"question": "leave?", "semantic": False})
    await client.post("/api/chat", json={"question": "leave?"})
    message = {"role": "user", "content": "leave?"}
    for extra in ({}, {"semantic": False}):
        await client.post("/v1/chat/completions", json={"model": "localchat", "messages": [message], **extra})
    assert [request.semantic for request in fakes.answers.asked] == [False, True, True, False]
    refused = await client.post("/api/search", json={"query": "leave", "semantic": "perhaps"})
    assert refused.status_code == 422
    assert "semantic" in refused.text


async def test_the_schema_shows_it(client: httpx.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    for name in ("SearchRequest", "ChatRequest", "CompletionRequest"):
        assert schemas[name]["properties"]["semantic"]["default"] is True


@pytest.mark.parametrize(
    "question",
    ['What does "leave" mean?', "100 % sure\\not?", "Wie viele Tage Urlaub für Bärbel?", "有几天假？"],  # noqa: RUF001 - as it is asked
)
def test_any_question_can_be_told_in_a_header(question: str) -> None:
    parameters = match_parameters(0.9, question)
    assert parameters.isascii()
    text = parameters.partition('matched-query="')[2].removesuffix('"')
    assert unquote(text.replace("\\\\", "\\").replace('\\"', '"')) == question


def test_a_long_question_is_told_by_its_beginning() -> None:
    assert len(match_parameters(0.9, "why? " * 500)) < 300
