"""Two replicas over one corpus that keeps changing: what the cache serves equals what a fresh search finds."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

import orjson
import pytest

from app.cache.record import CacheControl, CacheStatus
from app.caching import Cache, open_cache
from app.db.database import Database
from app.domain.documents import Collection, Document, Upload
from app.domain.retrieval import Query, SearchMode, Vector
from app.errors import NotFound
from app.services.cached_search import CachedSearch
from app.services.collections import CollectionService
from app.services.directory import CollectionDirectory
from app.services.search import SearchService
from app.services.statistics import StatisticsKeeper
from app.settings import Settings
from tests.support.ingestion import TENANT, Desk, FakeModels, unit_vector

WORDS = ["amber", "basalt", "cedar", "delta", "ember", "fjord", "granite", "harbour", "indigo", "juniper"]
QUESTIONS = [f"{first} {second}" for first, second in zip(WORDS, WORDS[3:] + WORDS[:3], strict=True)]


async def embed_query(_collection: Collection, text: str) -> Vector:
    return unit_vector(text)


@dataclass
class Replica:
    """The search side of one API process, with a memory tier and a notification channel of its own."""

    cache: Cache
    collections: CollectionService
    directory: CollectionDirectory
    search: CachedSearch

    @classmethod
    async def open(cls, stack: AsyncExitStack, database_url: str, valkey_url: str) -> Self:
        settings = Settings(
            database_url=database_url,
            redis_url=valkey_url,
            cache_signing_keys=(("k1", "a secret that is long enough"),),
        )
        database = await Database.connect(database_url, min_size=1, max_size=8)
        stack.push_async_callback(database.close)
        cache = await open_cache(settings, database, stack)
        collections = CollectionService(database, FakeModels(), default_model="fake")
        directory = CollectionDirectory(collections, cache.watch)
        cache.listen(directory.forget)
        statistics = StatisticsKeeper(database)
        stack.push_async_callback(statistics.close)
        service = SearchService(database, collections, embed_query, statistics)
        return cls(cache, collections, directory, CachedSearch(service, directory, cache.chain))

    async def ask(
        self, question: str, control: CacheControl = CacheControl.USE, **shape: Any
    ) -> tuple[object, CacheStatus]:
        found = await self.search.find(Query(TENANT, "default", question, **shape), control)
        return orjson.loads(found.results), found.cached.status

    async def heard(self) -> None:
        """Wait for the notification of what is committed; it takes a moment to arrive."""
        collection = await self.collections.resolve(TENANT, "default")
        async with asyncio.timeout(5):
            while (
                self.cache.watch.known(collection.id) != collection.corpus_version
                or await self.directory.resolve(TENANT, "default") != collection
            ):
                await asyncio.sleep(0.001)


@dataclass
class Fleet:
    desk: Desk
    replicas: list[Replica]

    async def settle(self) -> None:
        """Take the statistics that are due, which otherwise happens behind the next questions."""
        collection = await self.desk.collections.resolve(TENANT, "default")
        await StatisticsKeeper(self.desk.database).refresh(collection.id)
        await asyncio.gather(*(replica.heard() for replica in self.replicas))


@pytest.fixture
async def fleet(database_url: str, valkey_url: str) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        desk = await Desk.open(database_url)
        stack.push_async_callback(desk.database.close)
        yield Fleet(desk, [await Replica.open(stack, database_url, valkey_url) for _ in range(2)])


def text_of(chance: random.Random, lines: int = 3) -> str:
    return "\n".join(" ".join(chance.choices(WORDS, k=6)) for _ in range(lines))


async def change(fleet: Fleet, chance: random.Random, stored: list[Document]) -> None:
    """Add, replace, describe or delete a document, at random."""
    act = chance.choice(["add", "add", "replace", "describe", "delete"]) if stored else "add"
    desk = fleet.desk
    if act == "add":
        name = f"{chance.random()}.txt"
        stored.append(await desk.add(f"{name}\n{text_of(chance)}", name))
        return
    document = stored[chance.randrange(len(stored))]
    if act == "delete":
        stored.remove(document)
        await desk.documents.delete(TENANT, document.id)
    elif act == "describe":
        content = await desk.documents.content(TENANT, document.id)
        await desk.documents.replace(
            TENANT, document.id, Upload(content.filename, content.data), metadata={"year": chance.randrange(3)}
        )
    else:
        upload = Upload(document.filename, f"{chance.random()}\n{text_of(chance)}".encode())
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
                "filter": chance.choice([{}, {}, {"year": 1}]),
            }
            cached, status = await replica.ask(question, **shape)
            fresh, _ = await replica.ask(question, CacheControl.BYPASS, **shape)
            assert cached == fresh, (question, shape, status)
            hits += status is CacheStatus.HIT
    assert hits > 0


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
    await asyncio.sleep(0.2)
    for replica in fleet.replicas:
        with pytest.raises(NotFound):
            await replica.search.find(Query(TENANT, "other", "amber"))
