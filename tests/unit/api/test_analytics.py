"""Analytics over HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.api import Fakes, client_of


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Fakes()) as client:
        yield client


async def test_hit_rates_savings_and_slow_queries_are_told(client: httpx.AsyncClient) -> None:
    rates = (await client.get("/api/analytics/hit-rates", params={"step": "day"})).json()
    assert [(item["namespace"], item["hit_rate"]) for item in rates["items"]] == [("retrieval", 0.9)]
    savings = (await client.get("/api/analytics/savings")).json()
    assert (savings["seconds_saved"], savings["tokens_saved"]) == (4.5, 100)
    [slow] = (await client.get("/api/analytics/slow-queries")).json()["items"]
    assert (slow["parameters"], slow["request_id"]) == (["str(3)"], "r1")
    assert (await client.get("/api/analytics/documents")).json() == {
        "items": [],
        "next_cursor": None,
        "as_of": None,
    }
    [unanswered] = (await client.get("/api/analytics/unanswered")).json()["items"]
    assert (unanswered["question"], unanswered["times"]) == ("Where is Atlantis?", 3)
    plans = (await client.get("/api/analytics/plans")).json()
    assert (plans["collection"], plans["warnings"]) == ("default", ["chunks was never analyzed."])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("hit-rates?step=week", 422),
        ("hit-rates?since=yesterday", 422),
        ("hit-rates?namespace=other", 422),
        ("savings?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", 422),
        ("slow-queries?limit=0", 422),
        ("plans?collection=%00", 422),
        ("plans?collection=absent", 404),
    ],
)
async def test_bad_questions_are_problems(client: httpx.AsyncClient, path: str, status: int) -> None:
    response = await client.get(f"/api/analytics/{path}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
