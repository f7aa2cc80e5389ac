"""Questions that nobody should ask, through the HTTP API down to a real PostgreSQL."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.api import Fakes, client_of
from tests.support.cache.replicas import open_fleet


@pytest.fixture
async def client(database_url: str, valkey_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with open_fleet(database_url, valkey_url) as fleet:
        await fleet.desk.add(
            "Cats purr when cats are content.\nThe pump is dry.\n猫は幸せなときに喉を鳴らす。", "a.txt"
        )
        await fleet.settle()
        fakes: Any = Fakes()
        fakes.search = fleet.replicas[0].search
        async with client_of(fakes) as client:
            yield client


async def post(client: httpx.AsyncClient, query: str, mode: str, **more: Any) -> httpx.Response:
    # As text of ASCII alone, in which any code unit can be written.
    body = json.dumps({"query": query, "mode": mode, **more})
    return await client.post("/api/search", content=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize("mode", ["hybrid", "vector", "lexical"])
async def test_any_text_is_searched_for(client: httpx.AsyncClient, mode: str) -> None:
    for query, lexical in {
        "the of and": 0,
        "!!! ??? ...": 0,
        "幸せ": 1,
        "سعيد": 0,
        "😺": 0,
        "cats & !pump | (dry:*) <-> 'purr'": 2,
        "cats'; DROP TABLE chunks; --": 1,
        '\\ \\\\\' "cats" \\\\ :A :* && || !!': 1,
        "cats:ABCD purr:*": 1,
        "cats " * 1600: 1,
        "x" * 8000: 0,
        "c\u0301a\u0308ts \u202ecats\u202c": 1,
        "%s $1 {} <b>cats</b>": 1,
    }.items():
        answer = await post(client, query, mode)
        assert answer.status_code == 200, (query[:50], answer.text)
        found = len(answer.json()["results"])
        # By meaning everything is near to something.
        assert found == (lexical if mode == "lexical" else 3), query[:50]


@pytest.mark.parametrize("mode", ["hybrid", "vector", "lexical"])
async def test_what_is_no_text_is_refused_by_name(client: httpx.AsyncClient, mode: str) -> None:
    for query in ("", " \n\t ", "cats\x00purr", "\x00", "cats " * 2000):
        answer = await post(client, query, mode)
        assert answer.status_code == 422, (query[:50], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "query" in answer.json()["detail"]
    answer = await post(client, "cats", mode, filter={"kind": "\x00"})
    assert answer.status_code == 422
    assert "filter" in answer.json()["detail"]
    answer = await post(client, "half a pair of \ud800", mode)
    assert answer.status_code == 422
    assert "Invalid JSON" in answer.json()["detail"]
