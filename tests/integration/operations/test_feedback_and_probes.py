"""Verdicts and probes on a real database."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.observations import Counts, Segment
from app.cache.semantic.postgres_observations import PostgresObservations
from app.db.database import Database
from app.db.operations.health import check_dimensions, check_migrated, check_writable
from app.db.outages import translated
from app.domain.query_ids import new_query_id
from app.domain.retrieval import ServedMatch
from app.errors import CacheUnavailable, StoreUnavailable
from app.services.conversations.feedback import FeedbackService, Verdict
from app.services.documents.collections import CollectionService
from tests.support.ingestion import TENANT, FakeModels

KEY = "0a" * 32


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=0, max_size=2)
    yield database
    await database.close()


class Evictor:
    """Notes what is evicted; fails with `error`."""

    def __init__(self, error: CacheUnavailable | None = None) -> None:
        self.error = error
        self.evicted: list[tuple[str, str]] = []

    async def evict(self, tenant: str, digest: str) -> int:
        if self.error is not None:
            raise self.error
        self.evicted.append((tenant, digest))
        return 1


async def test_a_verdict_is_stored_and_told(database: Database) -> None:
    told: list[Verdict] = []
    cache = Evictor()
    service = FeedbackService(database, cache, observe=told.append)
    stored = (await service.record(TENANT, UUID(int=7), "down", "Wrong year.")).id
    assert cache.evicted == []
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT query_id, verdict, comment FROM feedback WHERE id = $1", stored)
    assert row is not None
    assert tuple(row) == (UUID(int=7), "down", "Wrong year.")
    assert told == ["down"]


async def test_a_wrong_hit_evicts_the_entry_that_its_id_leads_to(database: Database) -> None:
    cache = Evictor()
    service = FeedbackService(database, cache)
    assert (await service.record(TENANT, new_query_id(KEY), "wrong_hit")).evicted
    assert cache.evicted == [(TENANT, KEY[:15])]
    assert not (await service.record(TENANT, UUID(int=7), "wrong_hit")).evicted


async def test_the_questions_of_a_wrong_hit_by_meaning_are_kept_apart(database: Database) -> None:
    cache = Evictor()
    query_id = new_query_id(KEY)
    collection = await CollectionService(database, FakeModels(), default_model="fake").create(TENANT, "books")
    segment = Segment("5" * 64, TENANT, collection.collection.id, "answer")
    held = HeldConnections(database.pool, translated=translated, acquire_timeout=5)
    semantics = PostgresObservations(held)
    await semantics.add_traffic({segment: Counts()})
    match = ServedMatch(query_id, segment.digest, TENANT, "p" * 64, KEY, "leave in 2024?", "leave in 2023?", 0.96)
    for _ in range(2):
        await semantics.add_match(match)
    for tenant in ("other", TENANT, TENANT):
        await FeedbackService(database, cache).record(tenant, query_id, "wrong_hit")
    assert cache.evicted == [("other", KEY[:15]), (TENANT, KEY), (TENANT, KEY)]
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT tenant, partition, query_text, matched_query FROM semantic_negatives")
    assert [tuple(row) for row in rows] == [(TENANT, "p" * 64, "leave in 2024?", "leave in 2023?")]
    assert await semantics.are_apart(TENANT, "leave in 2023?", "leave in 2024?")
    assert not await semantics.are_apart("other", "leave in 2023?", "leave in 2024?")
    [label] = await semantics.examples(segment.digest, correct=False, limit=9)
    assert (label.question, label.source, label.served) == ("leave in 2024?", "person", True)
    await held.close()


async def test_a_verdict_stands_though_a_tier_does_not_answer(database: Database) -> None:
    service = FeedbackService(database, Evictor(CacheUnavailable("Not cleared: l2.")))
    stored = await service.record(TENANT, new_query_id(KEY), "wrong_hit")
    assert not stored.evicted
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT verdict FROM feedback WHERE id = $1", stored.id) == "wrong_hit"


async def test_an_index_that_does_not_fit_its_model_is_noticed(database: Database) -> None:
    await CollectionService(database, FakeModels(), default_model="fake").create(TENANT, "books")
    await check_dimensions(database)
    async with database.connection() as connection:
        await connection.execute("UPDATE embedding_spaces SET dimension = dimension + 1")
    with pytest.raises(StoreUnavailable, match="dimension"):
        await check_dimensions(database)


async def test_another_schema_than_this_releases_is_noticed(database: Database) -> None:
    await check_migrated(database)
    async with database.connection() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = 'older'")
    with pytest.raises(StoreUnavailable, match="localchat migrate"):
        await check_migrated(database)


async def test_a_closed_pool_does_not_answer(database: Database) -> None:
    await check_writable(database)
    await database.close()
    with pytest.raises(StoreUnavailable):
        await check_writable(database)
