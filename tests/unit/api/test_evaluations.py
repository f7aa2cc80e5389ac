"""Evaluations over HTTP."""

from typing import Any

import pytest

from tests.support.api import Fakes, client_of

QUESTIONS: list[dict[str, Any]] = [
    {"question": "When does the ferry leave?", "documents": ["ferry.md"], "answers": ["at nine"]},
    {"question": "Who won?", "answerable": False},
]


async def test_an_evaluation_is_started_looked_at_and_deleted() -> None:
    async with client_of(Fakes()) as http:
        body = {"name": "mine", "questions": QUESTIONS, "variants": [{"name": "a"}, {"name": "b"}]}
        started = await http.post("/api/evaluations", json=body)
        assert started.status_code == 202
        place = started.headers["location"]
        assert (started.json()["state"], started.json()["total"]) == ("queued", 4)
        found = (await http.get(place)).json()
        assert (found["state"], found["done"], found["collection"]) == ("done", 4, "default")
        first, second = found["results"]
        assert (first["found"]["value"], first["found"]["above_first"]) == (1.0, None)
        assert second["found"]["above_first"]["low"] < 0 < second["found"]["above_first"]["high"]
        assert [each["question"] for each in found["outcomes"]][::2] == [each["question"] for each in QUESTIONS]
        listed = (await http.get("/api/evaluations")).json()["items"]
        assert [each["id"] for each in listed] == [found["id"]]
        assert (await http.delete(place)).status_code == 204
        assert (await http.get(place)).status_code == 404
        assert (await http.delete(place)).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"questions": []},
        {"questions": [{"question": "What?"}]},
        {"questions": [{"question": "What?", "answers": ["a"], "answerable": False}]},
        {"questions": QUESTIONS, "variants": []},
        {"questions": QUESTIONS, "variants": [{"name": "a"}, {"name": "a"}]},
        {"questions": QUESTIONS, "variants": [{"name": "a", "settings": {"cache": "use"}}]},
    ],
)
async def test_what_expects_nothing_or_cannot_be_compared_is_refused(wrong: dict[str, Any]) -> None:
    async with client_of(Fakes()) as http:
        assert (await http.post("/api/evaluations", json=wrong)).status_code == 422
