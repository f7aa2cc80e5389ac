"""Keys, verdicts and probes on a real database."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from app.db.database import Database
from app.db.health import check_answers, check_dimensions, check_migrated
from app.errors import StoreUnavailable
from app.services.collections import CollectionService
from app.services.feedback import FeedbackService, Verdict
from app.services.keys import KeyService
from tests.support.ingestion import TENANT, FakeModels


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=0, max_size=2)
    yield database
    await database.close()


async def test_a_key_opens_its_tenant_until_it_is_revoked(database: Database) -> None:
    keys = KeyService(database)
    key = await keys.create("acme", "laptop")
    assert await keys.tenant_of(key) == "acme"
    assert await keys.tenant_of(f"{key}x") is None
    async with database.connection() as connection:
        assert key not in str(await connection.fetch("SELECT * FROM api_keys"))
        await connection.execute("UPDATE api_keys SET revoked_at = now()")
    assert await keys.tenant_of(key) is None


async def test_a_verdict_is_stored_and_told(database: Database) -> None:
    told: list[Verdict] = []
    stored = await FeedbackService(database, observe=told.append).record(TENANT, UUID(int=7), "down", "Wrong year.")
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT query_id, verdict, comment FROM feedback WHERE id = $1", stored)
    assert row is not None
    assert tuple(row) == (UUID(int=7), "down", "Wrong year.")
    assert told == ["down"]


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
    await check_answers(database)
    await database.close()
    with pytest.raises(StoreUnavailable):
        await check_answers(database)
