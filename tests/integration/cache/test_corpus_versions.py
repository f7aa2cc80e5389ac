"""Versions of collections and notices of other replicas, by Postgres's notifications."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.cache.freshness.corpus_versions import NoServer, VersionWatch
from app.cache.freshness.invalidation import Invalidation, InvalidationBus
from app.cache.freshness.postgres_versions import (
    INVALIDATION_CHANNEL,
    VERSION_CHANNEL,
    PostgresVersions,
    VersionFeed,
    invalidation_sender,
)
from app.cache.postgres.connections import HeldConnections
from app.db.notifications import NotificationListener
from app.db.outages import translated
from app.errors import StoreUnavailable
from tests.support.cache.database import Store
from tests.support.waiting import until


@contextlib.asynccontextmanager
async def watching(store: Store, **options: Any) -> AsyncIterator[tuple[VersionWatch, list[str], list[int]]]:
    notices: list[str] = []
    returns: list[int] = []
    asker = PostgresVersions(store.held, timeout=5)
    watch = VersionWatch(asker.ask, **options)
    feed = VersionFeed(watch, on_change=lambda: None)
    listener = NotificationListener(
        store.url,
        {VERSION_CHANNEL: feed.hear, INVALIDATION_CHANNEL: notices.append},
        heartbeat=feed.refresh,
        on_return=lambda: returns.append(1),
        on_loss=watch.lost,
        interval=0.05,
    )
    running = asyncio.create_task(listener.run())
    await until(lambda: watch.live)
    yield watch, notices, returns
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asker.close()


async def new_collection(store: Store, name: str = "c") -> int:
    return int(await store.pool.fetchval("INSERT INTO collections (name) VALUES ($1) RETURNING id", name))


async def bump(store: Store, collection: int) -> int:
    return int(await store.pool.fetchval("SELECT bump_corpus($1, NULL, NULL, 'added')", collection))


async def test_a_change_is_heard_of_and_a_rolled_back_one_is_not(store: Store) -> None:
    collection = await new_collection(store)
    async with watching(store, max_silence=5) as (watch, _, _):
        await until(lambda: watch.known(collection) == 0)
        version = await bump(store, collection)
        await until(lambda: watch.known(collection) == version)
        with contextlib.suppress(ValueError):
            async with store.pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT bump_corpus($1, NULL, NULL, 'added')", collection)
                raise ValueError
        other = await new_collection(store, "another")
        changed = await bump(store, other)
        await until(lambda: watch.known(other) == changed)  # notifications come in the order of commits
        assert watch.known(collection) == version


async def test_a_lost_channel_is_noticed_at_once_and_comes_back(store: Store) -> None:
    collection = await new_collection(store)
    async with watching(store, max_silence=1000) as (watch, _, returns):
        await store.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%corpus_version%' "
            "AND pid <> pg_backend_pid() AND datname = current_database()"
        )
        await until(lambda: not watch.live)
        version = await bump(store, collection)
        assert await watch.current(collection) == version
        await until(lambda: watch.live)
        await until(lambda: returns == [1])
        assert watch.known(collection) == version


async def test_a_collection_that_does_not_exist_has_no_version(store: Store) -> None:
    async with watching(store, max_silence=5) as (watch, _, _):
        assert await watch.current(12345) is None


async def test_nothing_listening_is_told_apart_from_other_failures(tmp_path: Path) -> None:
    pool = asyncpg.create_pool(host=str(tmp_path), user="u", database="d", min_size=0)
    await pool
    asker = PostgresVersions(HeldConnections(pool, translated=translated))
    with pytest.raises(NoServer):
        await asker.ask(1)
    await pool.close()
    with pytest.raises(StoreUnavailable):
        await asker.ask(1)


async def test_notices_reach_other_replicas_and_not_their_sender(store: Store) -> None:
    here, there = InvalidationBus(invalidation_sender(store.held)), InvalidationBus(invalidation_sender(store.held))
    async with watching(store, max_silence=5) as (_, notices, _):
        await here.publish(Invalidation(digest="d"))
        await until(lambda: notices != [])
        assert here.read(notices[0]) is None
        assert there.read(notices[0]) == Invalidation(digest="d")
