"""The cache's routes over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from app.api.schemas.cache import CacheStatsView, ClearedView, ClearRequest, EntryView, ExaminedEntryView
from app.api.schemas.common import RequestModel
from app.api.schemas.semantic import JudgementRequest, MatchExampleView, MatchingReportView
from app.api.schemas.warming import WarmedView, WarmRequest
from app.domain.query_ids import key_prefix, new_query_id
from app.errors import CacheUnavailable, ModelUnavailable, TierOff
from tests.support.api import Fakes, client_of
from tests.support.fakes.cache import KEY, FakeCache
from tests.support.fakes.warming import FakeWarming

ABSENT = "f" * 64


@pytest.fixture
def cache() -> FakeCache:
    return FakeCache()


@pytest.fixture
async def client(cache: FakeCache) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Fakes(cache=cache)) as client:
        yield client


async def test_statistics_tell_tiers_namespaces_and_what_was_saved(client: httpx.AsyncClient) -> None:
    stats = (await client.get("/api/cache/stats")).json()
    l1 = stats["tiers"]["l1"]
    assert (l1["hits"], l1["misses"], l1["hit_rate"], l1["entries"], l1["bytes"], l1["evictions"]) == (
        1, 0, 1.0, 1, 900, 0
    )  # fmt: skip
    assert 0.0003 < l1["latency_ms"]["p50"] < 0.0005
    assert l1["namespaces"]["answer"]["hits"] == 1
    assert stats["tiers"]["l2"]["namespaces"]["answer"]["misses"] == 1
    assert (stats["tiers"]["l3"]["available"], stats["tiers"]["l3"]["latency_ms"]["p99"]) == (False, None)
    assert (stats["seconds_saved"], stats["tokens_saved"]) == (2.5, 400)
    assert stats["namespaces"]["answer"]["hit_rate"] == pytest.approx(2 / 3)
    assert ":" in stats["replica"]


async def test_entries_are_listed_by_use_and_by_question(client: httpx.AsyncClient, cache: FakeCache) -> None:
    top = (await client.get("/api/cache/top", params={"limit": 3})).json()
    assert [(each["question"], each["hit_count"], each["collection"]) for each in top["items"]] == [
        ("How many days of leave are there?", 4, "default")
    ]
    found = (await client.get("/api/cache/entries", params={"q": "leave", "namespace": "answer"})).json()
    assert (found["items"][0]["key"], found["next_cursor"]) == (KEY, "3")
    which = {"text": "leave", "namespace": "answer", "collection": None}
    assert cache.done == [("top", 3, None), ("entries", 50, which)]
    assert (await client.get("/api/cache/entries", params={"cursor": "x"})).json()["type"].endswith("invalid-input")


async def test_an_entry_tells_its_tiers_and_what_it_rests_on(client: httpx.AsyncClient) -> None:
    entry = (await client.get(f"/api/cache/entries/{KEY}")).json()
    assert [(tier["tier"], tier["held"], tier["available"], tier["refusal"]) for tier in entry["tiers"]] == [
        ("l1", True, True, None),
        ("l2", False, False, None),
        ("l3", True, True, "signature"),
    ]
    assert (entry["standing"], entry["tokens"], entry["entry"]["pinned"]) == ("fresh", 100, False)
    rests_on = entry["rests_on"]
    assert (rests_on["corpus_version"], rests_on["chunks"], rests_on["filters"]) == (4, 2, {"year": 2026})
    assert [(each["filename"], each["chunks"]) for each in rests_on["documents"]] == [("handbook.pdf", [7, 8])]


async def test_an_entry_is_pinned_let_go_of_and_deleted(client: httpx.AsyncClient, cache: FakeCache) -> None:
    url = f"/api/cache/entries/{KEY}"
    assert (await client.post(f"{url}/pin")).json()["entry"]["pinned"] is True
    assert (await client.delete(f"{url}/pin")).json()["entry"]["pinned"] is False
    assert (await client.delete(url)).status_code == 204
    assert cache.done == [("pin", KEY, True), ("pin", KEY, False), ("delete", KEY)]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/pin"), ("DELETE", "/pin")])
async def test_an_entry_that_nobody_has_is_not_found(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, f"/api/cache/entries/{ABSENT}{path}")
    assert (response.status_code, response.json()["detail"]) == (404, f"The cache has no entry {ABSENT}.")


async def test_clearing_takes_a_tier_a_collection_and_a_namespace(
    client: httpx.AsyncClient, cache: FakeCache
) -> None:
    body = {"tier": "l2", "collection": "default", "namespace": "retrieval"}
    assert (await client.post("/api/cache/clear", json=body)).json() == {"removed": 7}
    assert (await client.post("/api/cache/clear", json={})).json() == {"removed": 7}
    assert (await client.post("/api/cache/clear-expired")).json() == {"removed": 2}
    nothing = dict.fromkeys(body)
    assert cache.done == [("clear", body), ("clear", nothing), ("clear-expired",)]


@pytest.mark.parametrize("body", [{"tier": "l4"}, {"namespace": "x"}, {"tear": "l1"}])
async def test_a_misspelt_clear_removes_nothing(
    client: httpx.AsyncClient, cache: FakeCache, body: dict[str, str]
) -> None:
    assert (await client.post("/api/cache/clear", json=body)).status_code == 422
    assert cache.done == []


@pytest.mark.parametrize(
    ("error", "status"), [(TierOff("l3 is not in use."), 409), (CacheUnavailable("Not cleared: l2."), 503)]
)
async def test_what_cannot_be_done_is_told(error: TierOff | CacheUnavailable, status: int) -> None:
    async with client_of(Fakes(cache=FakeCache(error))) as client:
        response = await client.post("/api/cache/clear", json={})
    assert (response.status_code, response.json()["type"].rpartition(":")[2]) == (status, error.code)
    assert response.json()["detail"] == error.detail


async def test_the_most_used_questions_are_warmed_or_given_ones() -> None:
    warming = FakeWarming()
    async with client_of(Fakes(warming=warming)) as client:
        top = await client.post("/api/cache/warm", json={"limit": 7, "namespace": "answer"})
        given = await client.post("/api/cache/warm", json={"queries": ["one", "two", "broken"]})
        await client.post("/api/cache/warm", json={"queries": ["three"], "namespace": "retrieval"})
        await client.post("/api/cache/warm", json={})
    assert top.json() == {"total": 1, "held": 1, "computed": 0, "failures": [], "seconds": 0.5}
    assert given.json()["failures"] == [{"query": "broken", "detail": "The model failed while working."}]
    nothing = {"collection": None, "namespace": None}
    assert warming.questions.asked == [
        nothing | {"limit": 7, "namespace": "answer"}, nothing | {"limit": 100}
    ]  # fmt: skip
    assert [(each.text, each.collection, each.namespace) for each in warming.warmed[1:5]] == [
        ("one", "default", "answer"),
        ("two", "default", "answer"),
        ("broken", "default", "answer"),
        ("three", "default", "retrieval"),
    ]


async def test_the_progress_of_warming_is_streamed() -> None:
    body = {"queries": ["one", "two"], "stream": True}
    async with client_of(Fakes(warming=FakeWarming())) as client:
        response = await client.post("/api/cache/warm", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [part.split("\n")[0] for part in response.text.strip().split("\n\n")]
    assert events == ["event: progress"] * 3 + ["event: done"]
    assert '"total":2,"held":1,"computed":1' in response.text.split("event: done")[1]


async def test_warming_that_cannot_go_on_is_a_problem_or_the_last_event() -> None:
    warming = FakeWarming(ModelUnavailable("No model server answers."))
    async with client_of(Fakes(warming=warming)) as client:
        whole = await client.post("/api/cache/warm", json={})
        streamed = await client.post("/api/cache/warm", json={"stream": True})
    assert (whole.status_code, whole.json()["detail"]) == (503, "No model server answers.")
    assert streamed.status_code == 200
    assert "event: error" in streamed.text.strip().split("\n\n")[-1]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"queries": []}, 422, "queries"),
        ({"queries": [" "]}, 422, "must not be blank"),
        ({"queries": "one"}, 422, "queries"),
        ({"queries": ["one"], "limit": 5}, 422, "limit is for the most used"),
        ({"limit": 0}, 422, "limit"),
        ({"namespace": "embedding"}, 422, "namespace"),
        ({"questions": ["one"]}, 422, "questions"),
        ({"queries": ["one"], "collection": "absent"}, 404, "absent"),
    ],
)
async def test_a_bad_wish_for_warming_names_what_is_wrong(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, told: str
) -> None:
    refused = await client.post("/api/cache/warm", json=body)
    assert refused.status_code == status
    assert told in refused.json()["detail"]


async def test_openapi_shows_every_body_of_the_cache_by_examples_that_are_valid_and_whole(
    client: httpx.AsyncClient,
) -> None:
    schema = (await client.get("/openapi.json")).json()
    models = (
        ClearRequest,
        WarmRequest,
        CacheStatsView,
        EntryView,
        ExaminedEntryView,
        ClearedView,
        WarmedView,
        MatchingReportView,
        MatchExampleView,
        JudgementRequest,
    )
    for model in models:
        assert schema["components"]["schemas"][model.__name__]["examples"]
        for example in model.model_json_schema()["examples"]:
            told = TypeAdapter(model).validate_python(example).model_dump(mode="json", exclude_unset=True)
            assert told == example
            if not issubclass(model, RequestModel):
                assert set(example) == set(model.model_fields)
    bodies = {
        body["schema"]["$ref"].rpartition("/")[2]
        for path, operations in schema["paths"].items()
        for operation in operations.values()
        for part in (operation.get("requestBody", {}), operation["responses"].get("200", {}))
        for body in part.get("content", {}).values()
        if path.startswith("/api/cache") and "$ref" in body.get("schema", {})
    }
    assert bodies == {model.__name__ for model in models} - {"EntryView"} | {"PageView_EntryView_"}


def test_the_id_of_an_answer_leads_to_its_entry_and_is_its_own() -> None:
    first, second = new_query_id("0a" * 32), new_query_id("0a" * 32)
    assert first != second
    assert (first.version, first.variant) == (8, "specified in RFC 4122")
    assert key_prefix(first) == key_prefix(second) == ("0a" * 32)[:15]
    assert key_prefix(new_query_id("f" * 64)) == "f" * 15
    assert key_prefix(new_query_id(None)) is None
