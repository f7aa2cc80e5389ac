"""What an operator is told of matching by meaning."""

from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from app.cache.semantic.calibration import Tally
from app.errors import StoreUnavailable
from app.services.semantic.report import MatchingReporter
from tests.support.api import Fakes, client_of
from tests.support.cache.observations import Observations, tally

SEEN = tally(s95=(100, 95, 5), s90=(50, 25, 25))


def client(
    seen: Tally = SEEN, threshold: float | None = None, **options: Exception
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    reporter = MatchingReporter("serve", 0.01, Observations(seen, threshold, **options))
    return client_of(Fakes(matching=reporter), fresh=True)


async def test_a_threshold_in_force_is_told_with_what_it_does() -> None:
    async with client(threshold=0.95) as http:
        report = (await http.get("/api/cache/semantic")).json()
    assert (report["mode"], report["error_budget"]) == ("serve", 0.01)
    [item] = report["items"]
    assert (item["collection"], item["namespace"], item["reason"]) == ("books", "answer", "nothing was decided yet")
    assert (item["threshold"], item["hit_rate"], item["served"], item["requests"]) == (0.95, 0.1, 7, 1000)
    assert (item["would_be_hits"], item["labels"], item["wrong"]) == (150, 150, 30)
    assert item["false_hits"] == 0.05
    assert item["interval"] == pytest.approx([0.0164, 0.1128], abs=1e-4)
    assert item["wrong_bound"] == pytest.approx(0.0105, abs=1e-4)
    assert [point["threshold"] for point in item["curve"]] == [0.95, 0.9]
    assert item["curve"][1]["false_hits"] == 0.2
    assert [each["matched"] for each in item["right_examples"]] == ["leave?"]
    assert item["wrong_examples"] == []


async def test_without_a_threshold_the_false_hits_are_those_of_all_would_be_hits() -> None:
    async with client() as http:
        [item] = (await http.get("/api/cache/semantic")).json()["items"]
    assert (item["threshold"], item["hit_rate"], item["false_hits"], item["wrong_bound"]) == (None, 0.0, 0.2, None)


async def test_nothing_known_is_no_error() -> None:
    async with client(tally(0)) as http:
        [item] = (await http.get("/api/cache/semantic", params={"examples": 0})).json()["items"]
    assert (item["false_hits"], item["interval"], item["curve"], item["right_examples"]) == (None, None, [], [])
    async with client(tally(10, s95=(1, 0, 0))) as http:
        [item] = (await http.get("/api/cache/semantic")).json()["items"]
    assert (item["false_hits"], item["would_be_hits"]) == (None, 1)


async def test_one_collection_can_be_asked_for() -> None:
    async with client() as http:
        assert (await http.get("/api/cache/semantic", params={"collection": "films"})).json()["items"] == []
        assert len((await http.get("/api/cache/semantic", params={"collection": "books"})).json()["items"]) == 1
        assert (await http.get("/api/cache/semantic", params={"examples": 1000})).status_code == 422


async def test_a_person_judges_an_example() -> None:
    async with client() as http:
        [item] = (await http.get("/api/cache/semantic")).json()["items"]
        [example] = item["right_examples"]
        path = f"/api/cache/semantic/examples/{example['id']}/judgement"
        judged = (await http.post(path, json={"same": False})).json()
        absent = await http.post("/api/cache/semantic/examples/9/judgement", json={"same": True})
    assert judged == {**example, "correct": False, "source": "person"}
    assert absent.status_code == 404
    async with client_of(Fakes(matching=MatchingReporter("serve", 0.01, None)), fresh=True) as http:
        assert (await http.post(path, json={"same": True})).status_code == 404


async def test_off_is_told_as_such_and_a_store_that_is_away_as_an_error() -> None:
    async with client_of(Fakes(matching=MatchingReporter("serve", 0.01, None)), fresh=True) as http:
        assert (await http.get("/api/cache/semantic")).json() == {"mode": "off", "error_budget": 0.01, "items": []}
    async with client(error=StoreUnavailable("gone")) as http:
        assert (await http.get("/api/cache/semantic")).status_code == StoreUnavailable.status
