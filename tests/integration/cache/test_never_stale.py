"""Two replicas over one corpus that keeps changing: what the cache serves equals what a fresh search finds."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import asyncpg
import pytest

from app.cache.entry import CacheControl, CacheStatus
from app.domain.answers import GENERATE, QUOTE
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
    {"not": {"page": 2}, "year": {"exists": True}},
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


def said(answer: Answer) -> object:
    """What a client sees of an answer, but for ids of its own and times."""
    assert answer.done is not None
    return answer.text, answer.sources, answer.citations, answer.highlights, answer.done


def tell_the_prompt(messages: Sequence[Mapping[str, str]]) -> list[str]:
    """A reply that no other prompt has, and that cites."""
    prompt = "".join(message["content"] for message in messages)
    return [f"{hashlib.sha256(prompt.encode()).hexdigest()} [1]"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_cached_answer_equals_a_fresh_one_whatever_changed_before_it_or_meanwhile(
    fleet: Fleet, seed: int
) -> None:
    chance = random.Random(seed)
    stored: list[Document] = []
    for replica in fleet.replicas:
        replica.models.says = tell_the_prompt
    asked: list[tuple[Replica, str, dict[str, Any]]] = [
        (replica, question, {"mode": mode, "top_k": 2})
        for replica in fleet.replicas
        for question in QUESTIONS[:3]
        for mode in (GENERATE, QUOTE)
    ]
    kept = 0
    for _ in range(12):
        some = chance.sample(asked, 6)
        await asyncio.gather(
            change(fleet, chance, stored), *(replica.answer(question, **how) for replica, question, how in some)
        )
        await fleet.settle()
        for replica, question, how in some:
            cached = await replica.answer(question, **how)
            fresh = await replica.answer(question, cache="bypass", **how)
            assert said(cached) == said(fresh), (question, how, served(cached))
            kept += served(cached) == "hit"
    assert kept > 0


async def test_in_a_small_collection_answers_outlive_documents_that_leave_their_prompts_alone(fleet: Fleet) -> None:
    """Every passage there is a candidate, and statistics are taken with nearly every document."""
    here, there = fleet.replicas
    for replica in fleet.replicas:
        replica.models.says = tell_the_prompt
    stones = await fleet.desk.add("amber delta\nbasalt ember\ncedar fjord", "stones.txt")
    await fleet.settle()
    made = await here.answer(QUESTIONS[0], top_k=1)
    for number in range(3):
        await fleet.desk.add(f"quartz zephyr {number}\nyonder xylem", f"{number}.txt")
        await fleet.settle()
        for replica in (there, here):
            kept = await replica.answer(QUESTIONS[0], top_k=1)
            assert (served(kept), kept.text) == ("hit", made.text)
            assert said(kept) == said(await replica.answer(QUESTIONS[0], top_k=1, cache="bypass"))
    upload = file_of("stones.txt", b"amber delta\nbasalt ember\ncedar granite")
    await fleet.desk.ingest(await fleet.desk.documents.replace(TENANT, stones.id, upload))
    await fleet.settle()
    kept = await here.answer(QUESTIONS[0], top_k=1)
    assert (served(kept), kept.text) == ("hit", made.text)
    assert [each.chunk_id for each in kept.citations] == [source.chunk_id for source in kept.sources]
    assert kept.sources[0].chunk_id != made.sources[0].chunk_id
    assert len(here.models.calls) + len(there.models.calls) == 1 + 2 * 3
    await fleet.desk.documents.delete(TENANT, stones.id)
    await fleet.settle()
    changed = await here.answer(QUESTIONS[0], top_k=1)
    assert served(changed) == "miss"
    assert changed.text != made.text


async def test_a_search_that_finds_the_same_passages_keeps_its_age_its_uses_and_its_pin(
    fleet: Fleet, database_url: str
) -> None:
    here, _ = fleet.replicas
    await fleet.desk.add("amber delta\nbasalt ember", "stones.txt")
    await fleet.settle()
    first = await here.find(QUESTIONS[0], top_k=1)
    await here.find(QUESTIONS[0], top_k=1)
    await here.admin.pin(TENANT, first.key, pinned=True)
    connection = await asyncpg.connect(database_url)
    one = "SELECT created_at, hit_count, pinned FROM query_cache WHERE cache_key = $1"
    assert here.cache.manager.l3 is not None
    await here.cache.manager.l3.eviction.flush()
    before = await connection.fetchrow(one, first.key)
    await fleet.desk.add("quartz zephyr", "other.txt")
    await fleet.settle()
    again = await here.find(QUESTIONS[0], top_k=1)
    assert again.status is CacheStatus.MISS
    assert again.value["results"] != first.value["results"]  # the scores are of more passages
    after = await connection.fetchrow(one, first.key)
    await connection.close()
    assert before is not None
    assert after == before
    assert (after["hit_count"], after["pinned"]) == (1, True)


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
