"""Two replicas over one corpus that keeps changing: what the cache serves equals what a fresh search finds."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from app.cache.entry import CacheControl, CacheStatus
from app.domain.documents import Document
from app.domain.retrieval import Query, SearchMode
from app.embedded.services.postgres import EmbeddedPostgres
from app.errors import ModelUnavailable, NotFound
from app.services.answering.answer import Answer
from tests.support.cache.replicas import Fleet, Replica, open_fleet
from tests.support.databases import fresh_database
from tests.support.ingestion import TENANT, file_of
from tests.support.waiting import until

WORDS = ["amber", "basalt", "cedar", "delta", "ember", "fjord", "granite", "harbour", "indigo", "juniper"]
FILTERS: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"year": 1},
    {"any": [{"year": 2}, {"field": "filename", "eq": "*1*"}]},
]
QUESTIONS = [f"{first} {second}" for first, second in zip(WORDS, WORDS[3:] + WORDS[:3], strict=True)]


@pytest.fixture
async def fleet(database_url: str, valkey_url: str) -> AsyncIterator[Fleet]:
    async with open_fleet(database_url, valkey_url) as fleet:
        yield fleet


def text_of(chance: random.Random, lines: int = 3) -> str:
    return "\n".join(" ".join(chance.choices(WORDS, k=6)) for _ in range(lines))


async def change(fleet: Fleet, chance: random.Random, stored: list[Document]) -> None:
    """Add, replace, describe or delete a document, or move to another embedding model, at random."""
    act = chance.choice(["add", "add", "replace", "describe", "delete", "move"]) if stored else "add"
    desk = fleet.desk
    if act == "move":
        used = (await desk.collections.resolve(TENANT, "default")).space.model
        await fleet.move("wide" if used == "fake" else "fake")
        return
    if act == "add":
        name = f"{chance.random()}.txt"
        stored.append(await desk.add(f"{name}\n{text_of(chance)}", name))
        return
    document = stored[chance.randrange(len(stored))]
    if act == "delete":
        stored.remove(document)
        await desk.documents.delete(TENANT, document.id)
    elif act == "describe":
        same = file_of(document.filename, await desk.content(document))
        await desk.documents.replace(TENANT, document.id, same, metadata={"year": chance.randrange(3)})
    else:
        upload = file_of(document.filename, f"{chance.random()}\n{text_of(chance)}".encode())
        await desk.ingest(await desk.documents.replace(TENANT, document.id, upload))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_cached_result_equals_a_fresh_one_whatever_changed_before(fleet: Fleet, seed: int) -> None:
    chance = random.Random(seed)
    stored: list[Document] = []
    hits = 0
    for _ in range(25):
        await change(fleet, chance, stored)
        await fleet.settle()
        for _ in range(6):
            question, replica = chance.choice(QUESTIONS), chance.choice(fleet.replicas)
            shape: dict[str, Any] = {
                "top_k": chance.choice([2, 5]),
                "mode": chance.choice(list(SearchMode)),
                "filter": chance.choice(FILTERS),
            }
            cached, status = await replica.ask(question, **shape)
            fresh, _ = await replica.ask(question, CacheControl.BYPASS, **shape)
            assert cached == fresh, (question, shape, status)
            hits += status is CacheStatus.HIT
    assert hits > 0


def served(answer: Answer) -> object:
    assert answer.start is not None
    return answer.start.cache["status"]


async def test_answers_of_one_embedding_model_are_not_given_for_another(fleet: Fleet) -> None:
    await fleet.desk.add("amber delta\nbasalt ember\ncedar fjord\n" + "\n".join(f"amber {n}" for n in range(8)))
    await fleet.settle()
    first, second = fleet.replicas
    before = await first.answer(QUESTIONS[0])
    assert served(await second.answer(QUESTIONS[0])) == "hit"
    await fleet.move("wide")
    await fleet.settle()
    after = await second.answer(QUESTIONS[0])
    assert served(after) == "miss"
    assert [source.score for source in after.sources] != [source.score for source in before.sources]
    again = await first.answer(QUESTIONS[0])
    assert (served(again), again.sources) == ("hit", after.sources)


async def test_an_expired_answer_stands_in_for_a_model_that_fails_until_its_documents_change(fleet: Fleet) -> None:
    document = await fleet.desk.add("amber delta\nbasalt ember")
    here, there = fleet.replicas
    await here.collections.update(TENANT, "default", settings={"cache": {"ttl": 1}})
    await fleet.settle()
    made = await here.answer(QUESTIONS[0])
    await asyncio.sleep(1.01)
    there.models.reply, there.models.failure = (), ModelUnavailable("The model server does not answer.")
    expired = await there.answer(QUESTIONS[0])
    assert (served(expired), expired.text, expired.sources) == ("stale", made.text, made.sources)
    await fleet.desk.documents.delete(TENANT, document.id)
    await fleet.desk.add("amber ember")
    await fleet.settle()
    failed = await there.answer(QUESTIONS[0])
    assert served(failed) == "miss"
    assert failed.failed is not None


async def test_one_replica_serves_what_the_other_computed(fleet: Fleet) -> None:
    await fleet.desk.add("amber delta\nbasalt ember")
    await fleet.settle()
    first, second = fleet.replicas
    await first.ask(QUESTIONS[0])
    await first.cache.chain.tiers.drain()
    found = await second.search.find(Query(TENANT, "default", QUESTIONS[0]))
    assert found.cached.status == CacheStatus.HIT
    # L3 where L2 took longer than its soft limit.
    assert found.cached.tier in {"l2", "l3"}


async def test_unrelated_documents_leave_most_entries_in_place(fleet: Fleet) -> None:
    """With more chunks than an arm has candidates, a document about something else enters none of them."""
    chance = random.Random(9)
    for number in range(8):
        await fleet.desk.add(f"{number}\n{text_of(chance, 40)}", f"{number}.txt")
    replica = fleet.replicas[0]
    await fleet.settle()
    for question in QUESTIONS:
        await replica.ask(question, mode=SearchMode.LEXICAL)
    await fleet.desk.add("quartz zephyr\nyonder xylem", "unrelated.txt")
    await fleet.settle()
    statuses = [(await replica.ask(question, mode=SearchMode.LEXICAL))[1] for question in QUESTIONS]
    assert statuses == [CacheStatus.HIT] * len(QUESTIONS)


async def test_a_deleted_collection_is_gone_from_every_replica(fleet: Fleet) -> None:
    await fleet.desk.upload("x", collection="other")
    for replica in fleet.replicas:
        await replica.search.find(Query(TENANT, "other", "amber"))
    await fleet.desk.collections.delete(TENANT, "other")

    async def gone(replica: Replica) -> bool:
        try:
            await replica.search.find(Query(TENANT, "other", "amber"))
        except NotFound:
            return True
        return False

    for replica in fleet.replicas:
        await until(partial(gone, replica))


async def test_a_new_database_behind_the_same_redis_is_served_nothing_of_the_old_one(
    postgres_server: EmbeddedPostgres, valkey_url: str
) -> None:
    results = []
    for text in ("amber delta", "amber ember"):
        async with fresh_database(postgres_server) as url, open_fleet(url, valkey_url) as fleet:
            await fleet.desk.add(text, "stones.txt")
            await fleet.settle()
            found = await fleet.replicas[0].find("amber")
            results.append((found.status, found.value["results"]))
    assert [status for status, _ in results] == [CacheStatus.MISS] * 2
    assert results[0] != results[1]
