"""An experiment over real processes: who takes part, what the variants do, and what is counted."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.support.databases import fresh_database
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import api_and_worker, environment, ingested
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "\n\n".join(
    f"Pier {number}. Ship {number} waits for the tide, with sails of granite grey." for number in range(40)
)
UNITS = [f"user {number}" for number in range(12)]
START = {
    "name": "short",
    "variants": [
        {"name": "as-it-is"},
        {"name": "short", "settings": {"max_tokens": 7, "top_k": 1, "cache": "bypass"}},
    ],
}


@dataclass(frozen=True)
class Stack:
    http: httpx.AsyncClient
    models: FakeOllama

    async def ask(
        self, unit: str | None, question: str = "Which ships wait? word:3", **body: Any
    ) -> httpx.Response:
        headers = {"X-Unit-ID": unit} if unit else {}
        asked = {"question": question, "stream": False, **body}
        return (await self.http.post("/api/chat", json=asked, headers=headers)).raise_for_status()

    async def results(self, questions: int) -> dict[str, dict[str, Any]]:
        """The variants' results, once so many questions have been noted."""
        seen: list[dict[str, Any]] = []

        async def noted() -> bool:
            seen[:] = (await self.http.get("/api/experiments/short")).json()["results"]
            return bool(sum(each["questions"] for each in seen) >= questions)

        await until(noted)
        return {each["name"]: each for each in seen}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(postgres_server: EmbeddedPostgres, valkey_server: EmbeddedValkey) -> AsyncIterator[Stack]:
    models = FakeOllama(gap=0.001)
    async with AsyncExitStack() as opened:
        folder = opened.enter_context(short_folder())
        database = await opened.enter_async_context(fresh_database(postgres_server))
        await opened.enter_async_context(models.running())
        env = environment(database=database, redis=valkey_server.url, models=models.url, folder=folder)
        http = await opened.enter_async_context(api_and_worker(env, folder))
        await ingested(http, "ships.txt", TEXT.encode())
        yield Stack(http, models)


async def test_units_keep_their_variant_whose_settings_fill_what_a_question_leaves_open(stack: Stack) -> None:
    http = stack.http
    assert (await http.post("/api/experiments", json={**START, "collection": "absent"})).status_code == 404
    assert (await http.post("/api/experiments", json=START)).status_code == 201
    again = await http.post("/api/experiments", json={**START, "name": "another"})
    assert (again.status_code, "running" in again.json()["detail"]) == (409, True)

    variants = {unit: (await stack.ask(unit)).headers["x-experiment"] for unit in UNITS}
    assert set(variants.values()) == {"short/as-it-is", "short/short"}
    for unit, variant in variants.items():
        before = len(stack.models.requests)
        answer = await stack.ask(unit)
        assert answer.headers["x-experiment"] == variant
        chats = [each.json for each in stack.models.requests[before:] if each.path == "/api/chat"]
        if variant == "short/short":
            assert [chat["options"]["num_predict"] for chat in chats] == [7]
            assert len(answer.json()["sources"]) == 1
        else:
            assert chats == []  # from the cache
    own = await stack.ask(next(unit for unit, name in variants.items() if name == "short/short"), max_tokens=9)
    assert stack.models.requests[-1].json["options"]["num_predict"] == 9
    assert own.headers["x-experiment"] == "short/short"
    assert "x-experiment" not in (await stack.ask(None)).headers

    for unit in UNITS[:6]:
        said = {"query_id": (await stack.ask(unit)).json()["query_id"], "verdict": "up"}
        assert (await http.post("/api/feedback", json=said)).status_code == 201
    taken = Counter(variants.values())
    judged = Counter(variants[unit] for unit in UNITS[:6])
    seen = await stack.results(questions=2 * len(UNITS) + 7)
    for name, result in seen.items():
        variant = f"short/{name}"
        own_question = name == "short"
        assert result["units"] == taken[variant]
        assert (
            result["questions"]
            == result["answered"]["count"]
            == 2 * taken[variant] + judged[variant] + own_question
        )
        assert (result["approved"]["count"], result["approved"]["of"]) == (judged[variant], judged[variant])
    assert seen["short"]["cached"]["count"] == 0
    assert seen["as-it-is"]["cached"]["count"] == seen["as-it-is"]["questions"] - 1


async def test_a_client_that_leaves_is_noted_and_a_stopped_experiment_takes_nobody(stack: Stack) -> None:
    before = sum(each["questions"] for each in (await stack.results(questions=1)).values())
    asked = {"question": "Which ships leave? word:9999", "cache": "bypass"}
    async with stack.http.stream("POST", "/api/chat", json=asked, headers={"X-Unit-ID": "x"}) as stream:
        async for line in stream.aiter_lines():
            if line == "event: delta":
                break
    after = (await stack.results(questions=before + 1)).values()
    assert sum(each["questions"] - each["answered"]["of"] for each in after) == 1
    assert (await stack.http.post("/api/experiments/short/stop")).json()["state"] == "stopped"
    assert "x-experiment" not in (await stack.ask("x")).headers
    assert (await stack.http.delete("/api/experiments/short")).status_code == 204
    assert (await stack.http.get("/api/experiments/short")).status_code == 404


async def test_variants_of_retrieval_share_no_cached_answer(stack: Stack) -> None:
    variants = [{"name": "fused"}, {"name": "meaning", "settings": {"retrieval": {"lexical_weight": 0.0}}}]
    started = await stack.http.post("/api/experiments", json={"name": "arms", "variants": variants})
    assert started.status_code == 201, started.text
    seen = set()
    for unit in UNITS:
        answer = await stack.ask(unit, "Which of the ships has grey sails? word:2")
        seen.add((answer.headers["x-experiment"], answer.json()["cache"]["key"]))
    assert len(seen) == len({variant for variant, _ in seen}) == len({key for _, key in seen}) == 2
