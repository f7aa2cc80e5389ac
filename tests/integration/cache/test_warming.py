"""Warming: what was asked most is in memory before anybody asks again; on real Postgres and Valkey."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.cache.entry import CacheControl, CacheStatus
from app.domain.answers import Message
from app.domain.retrieval import Query, SearchMode
from app.domain.warming import Warmed, WarmFailure, WarmQuestion, WarmStep
from app.errors import ModelCrashed, ModelError, ModelUnavailable, NotFound, TierOff
from app.services.answering.pipeline import SEARCHED
from app.services.cache_ops.warm_questions import RECORDED
from tests.support.cache.replicas import Fleet, Replica, open_fleet
from tests.support.fake_ollama import FakeOllama
from tests.support.ingestion import TENANT
from tests.support.processes.replica import Replica as Process
from tests.support.processes.replica import api_and_worker, client, environment, ingested
from tests.support.waiting import until

FIRST, SECOND = "amber delta", "basalt ember"
EMPTY = {"tier": None, "namespace": None, "collection": None}


@pytest.fixture
async def fleet(database_url: str, valkey_url: str) -> AsyncIterator[Fleet]:
    async with open_fleet(database_url, valkey_url) as fleet:
        await fleet.desk.add("amber delta\nbasalt ember", "stones.txt")
        await fleet.settle()
        yield fleet


async def asked(replica: Replica, question: str, times: int, **shape: Any) -> None:
    for _ in range(times + 1):
        await replica.find(question, **shape)


async def forget(replica: Replica, *tiers: str) -> None:
    for tier in tiers:
        await replica.admin.clear(TENANT, **EMPTY | {"tier": tier})


async def warm(replica: Replica, **which: Any) -> Warmed:
    done = await replica.warming.collect(await replica.warming.questions.top(TENANT, **which))
    await replica.cache.chain.tiers.drain()
    return done


def in_memory(replica: Replica, question: str, **shape: Any) -> bool:
    return replica.search.peek(Query(TENANT, "default", question, **shape)) is not None


async def test_what_was_asked_most_is_loaded_and_counts_as_no_use(fleet: Fleet, database_url: str) -> None:
    here, there = fleet.replicas
    await asked(here, FIRST, 3)
    await asked(here, SECOND, 1, top_k=2, mode=SearchMode.LEXICAL)
    await here.find("never again")
    top = await here.warming.questions.top(TENANT)
    assert [(each.text, each.top_k, each.mode) for each in top] == [
        (FIRST, 5, SearchMode.HYBRID),
        (SECOND, 2, SearchMode.LEXICAL),
    ]
    await forget(here, "l1", "l2")
    done = await warm(there)
    assert (done.total, done.held, done.computed, done.failures) == (2, 2, 0, ())
    counted = (await there.admin.stats())["namespaces"].get("retrieval", {})
    assert (counted.get("requests", 0), counted.get("seconds_saved", 0)) == (0, 0)
    assert in_memory(there, FIRST)
    assert in_memory(there, SECOND, top_k=2, mode=SearchMode.LEXICAL)
    assert not in_memory(there, "never again")
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT hit_count FROM query_cache WHERE query_text = $1", FIRST) == 3
    await connection.close()
    await forget(there, "l1")
    assert (await there.find(FIRST)).tier == "l2"


async def test_what_has_expired_or_become_stale_is_computed_anew(fleet: Fleet, database_url: str) -> None:
    here, there = fleet.replicas
    await asked(here, FIRST, 2)
    await asked(here, SECOND, 1)
    await fleet.desk.add("basalt ember basalt", "more.txt")
    await fleet.settle()
    await here.warming.questions.top(TENANT)  # writes the hits
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "UPDATE query_cache SET expires_at = now() - interval '3 hours' WHERE query_text = $1", FIRST
    )
    await connection.close()
    await forget(here, "l1", "l2")
    done = await warm(there)
    assert (done.total, done.held, done.computed) == (2, 0, 2)
    for question in (FIRST, SECOND):
        assert in_memory(there, question)
        results, _ = await there.ask(question)
        assert results == (await there.ask(question, CacheControl.BYPASS))[0]


async def test_an_answer_is_warmed_with_the_search_that_it_rests_on(fleet: Fleet) -> None:
    here, there = fleet.replicas
    for _ in range(2):
        await here.answer(FIRST, max_tokens=9)
    [top] = await here.warming.questions.top(TENANT, namespace="answer")
    assert top == WarmQuestion(
        TENANT, "default", "answer", FIRST, model="fake-chat", answer_mode="generate", max_tokens=9, given=RECORDED
    )
    await here.admin.clear(TENANT, **EMPTY)
    done = await there.warming.collect([top])
    assert (done.computed, len(there.models.calls)) == (1, 1)
    assert in_memory(there, FIRST, top_k=SEARCHED)
    answer = await there.answer(FIRST, max_tokens=9)
    assert answer.start is not None
    assert (answer.start.cache["tier"], len(there.models.calls)) == ("l1", 1)
    assert (await there.warming.collect([top])).held == 1
    await there.cache.chain.tiers.drain()
    assert (await here.warming.collect([top])).held == 1
    assert len(here.models.calls) == 1


async def test_follow_ups_and_what_others_asked_are_not_warmed(fleet: Fleet) -> None:
    here, _ = fleet.replicas
    for _ in range(2):
        await here.answer(FIRST, history=(Message("user", "Which stones?"), Message("assistant", "Amber.")))
    await asked(here, SECOND, 1)
    found = await here.warming.questions.top(TENANT)
    assert [(each.namespace, each.text) for each in found] == [("retrieval", SECOND)]
    used = await here.admin.top(TENANT, limit=9)
    assert {each.entry.key.namespace for each in used if each.entry.hit_count} == {"retrieval", "answer"}
    assert await here.warming.questions.top("other") == []
    assert await here.warming.questions.top(TENANT, collection="default", namespace="answer") == []
    with pytest.raises(NotFound, match="absent"):
        await here.warming.questions.top(TENANT, collection="absent")
    with pytest.raises(NotFound, match="absent"):
        await here.warming.questions.given(TENANT, ["a"], collection="absent", namespace="answer")
    assert await here.warming.questions.everybodys() == found
    await here.collections.delete(TENANT, "default")
    assert await here.warming.questions.everybodys() == []


async def test_one_replica_warms_at_a_time(fleet: Fleet) -> None:
    seen: list[int] = []

    async def work(replica: Replica, items: range) -> None:
        async for item in replica.cache.pacer.each(items):
            seen.append(item)  # noqa: PERF401 - the other one appends meanwhile

    await asyncio.gather(work(fleet.replicas[0], range(3)), work(fleet.replicas[1], range(3, 6)))
    assert seen in ([0, 1, 2, 3, 4, 5], [3, 4, 5, 0, 1, 2])


async def test_a_replica_whose_client_leaves_lets_the_next_one_go_on(fleet: Fleet) -> None:
    here, there = fleet.replicas
    questions = await here.warming.questions.given(
        TENANT, [FIRST, SECOND], collection="default", namespace="retrieval"
    )
    async with aclosing(here.warming.warm(questions)) as events:
        steps = [await anext(events), await anext(events)]
    assert steps == [WarmStep(0, 2, 0, 0, 0), WarmStep(1, 2, 0, 1, 0)]
    async with asyncio.timeout(60):
        done = await there.warming.collect(questions)
    assert done.total == 2
    assert not in_memory(here, SECOND)


async def test_a_question_that_fails_is_named_and_the_others_are_asked(fleet: Fleet) -> None:
    here, _ = fleet.replicas
    here.models.failure = ModelError("The model failed.")
    answer = WarmQuestion(TENANT, "default", "answer", FIRST)
    lost = WarmQuestion(TENANT, "absent", "retrieval", FIRST)
    search = WarmQuestion(TENANT, "default", "retrieval", SECOND)
    done = await here.warming.collect([answer, answer, answer, lost, search])
    assert (done.computed, done.held) == (1, 0)
    assert done.failures[0] == WarmFailure(FIRST, "The model failed.")
    assert "absent" in done.failures[3].detail


async def test_without_a_model_server_warming_gives_up(fleet: Fleet) -> None:
    here, there = fleet.replicas
    here.models.failure = ModelCrashed("The model failed while working.")
    questions = [WarmQuestion(TENANT, "default", "answer", f"{FIRST} {number}") for number in range(9)]
    with pytest.raises(ModelUnavailable, match="failed while working"):
        await here.warming.collect(questions)
    assert len(here.models.calls) == 3
    async with asyncio.timeout(60):
        assert (await there.warming.collect(questions[:1])).computed == 1


async def test_after_the_start_everybodys_questions_are_warmed(fleet: Fleet) -> None:
    here, there = fleet.replicas
    await asked(here, FIRST, 1)
    await here.cache.manager.top(TENANT)  # writes the hits
    await forget(here, "l1")
    await there.warming.after_start()
    assert in_memory(there, FIRST)
    assert (await there.find(FIRST)).status is CacheStatus.HIT


async def test_without_l3_nobody_knows_what_was_asked(database_url: str, valkey_url: str) -> None:
    async with open_fleet(database_url, valkey_url, cache_signing_keys=()) as fleet:
        await fleet.desk.add("amber delta", "stones.txt")
        await fleet.settle()
        here = fleet.replicas[0]
        with pytest.raises(TierOff):
            await warm(here)
        await here.warming.after_start()
        given = await here.warming.questions.given(TENANT, [FIRST], collection="default", namespace="retrieval")
        assert (await here.warming.collect(given)).computed == 1
        assert in_memory(here, FIRST)


async def entries_in_memory(http: httpx.AsyncClient, namespace: str) -> int:
    spaces = (await http.get("/api/cache/stats")).json()["tiers"]["l1"]["namespaces"]
    entries: int = spaces[namespace]["entries"] if namespace in spaces else 0
    return entries


async def finds_in_memory(
    http: httpx.AsyncClient, asked: Sequence[tuple[str, dict[str, Any]]], **entries: int
) -> None:
    """Wait until memory has so many entries of each namespace, and answers."""

    async def filled() -> bool:
        return all([await entries_in_memory(http, name) >= count for name, count in entries.items()])

    async def answers(path: str, body: dict[str, Any]) -> bool:
        found = await http.post(path, json={**body, "cache": "only-if-cached"})
        return bool(found.json().get("cache", {}).get("tier") == "l1")

    await until(filled)
    for path, body in asked:
        await until(partial(answers, path, body))


async def stored_as_used(http: httpx.AsyncClient, path: str, body: dict[str, Any], namespace: str) -> bool:
    """Ask twice, and tell whether L3 knows. A busy machine may store nothing: then the next call makes it anew."""
    for control in ("refresh", "use"):
        (await http.post(path, json={**body, "cache": control})).raise_for_status()
    top = (await http.get("/api/cache/top")).json()["items"]
    return any(each["namespace"] == namespace and each["hit_count"] > 0 for each in top)


async def test_a_process_started_beside_another_is_warm(database_url: str, valkey_url: str, tmp_path: Path) -> None:
    models = FakeOllama(gap=0.0)
    search = {"query": "Where do ships wait?"}
    question = {"messages": [{"role": "user", "content": "Where do ships wait?"}], "stream": False}
    async with models.running():
        env = environment(
            database=database_url, redis=valkey_url, models=models.url, folder=tmp_path, CACHE_WARM_MAX_LOAD="1"
        )
        async with api_and_worker(env, tmp_path) as http:
            await ingested(http, "harbour.txt", b"Ships wait behind the wall of granite for the tide.")
            await until(partial(stored_as_used, http, "/api/search", search, "retrieval"))
            await until(partial(stored_as_used, http, "/api/chat", question, "answer"))
            again = Process({**env, "CACHE_WARM_ON_STARTUP": "true"}, tmp_path / "again.log", "--drain", "0")
            again.start()
            try:
                await again.ready()
                async with client(again.url) as warm:
                    await finds_in_memory(
                        warm, [("/api/search", search), ("/api/chat", question)], retrieval=1, answer=1
                    )
                    before = models.chats
                    given = {"queries": ["Who waits?", "Where do ships wait?"]}
                    warmed = (await warm.post("/api/cache/warm", json=given)).json()
                    assert (warmed["computed"], warmed["held"], models.chats - before) == (1, 1, 1)
                    await finds_in_memory(
                        warm, [("/api/chat", {"question": "Who waits?", "stream": False})], answer=2
                    )
            finally:
                await asyncio.to_thread(again.process.stop, 10)
