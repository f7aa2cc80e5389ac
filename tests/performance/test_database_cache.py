"""The database cache (L3) on a real PostgreSQL: its table, its eviction and its connections."""

import asyncio
import contextlib
import time
from pathlib import Path

import asyncpg
import pytest

from app.cache.backend import EntryMetadata
from app.cache.backends.postgres import PostgresCache
from app.cache.postgres.connections import HeldConnections
from app.cache.postgres.pins import PostgresPins
from app.db.outages import translated
from app.errors import StoreUnavailable
from tests.support.cache.assembly import key_of, new_codec
from tests.support.cache.database import TABLE, Store
from tests.support.waiting import until


async def test_the_table_has_the_columns_and_indexes_that_were_promised(store: Store) -> None:
    columns = {
        row["column_name"]: (row["data_type"], row["is_nullable"] == "NO", row["character_maximum_length"])
        for row in await store.pool.fetch("SELECT * FROM information_schema.columns WHERE table_name = $1", TABLE)
    }
    promised = {
        "id": ("integer", True, None),
        "cache_key": ("character varying", True, 64),
        "query_text": ("text", True, None),
        "query_params": ("jsonb", False, None),
        "result_data": ("bytea", True, None),
        "metadata": ("jsonb", False, None),
        "hit_count": ("integer", False, None),
        "created_at": ("timestamp with time zone", True, None),
        "expires_at": ("timestamp with time zone", True, None),
        "last_accessed_at": ("timestamp with time zone", True, None),
    }
    assert {name: columns[name] for name in promised} == promised
    indexes = " ".join(
        row[0] for row in await store.pool.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = $1", TABLE)
    )
    for part in ("UNIQUE INDEX stored_cache_cache_key_key", "(expires_at)", "(hit_count DESC)"):
        assert part in indexes


async def test_the_analytics_statements_work_as_they_stand(store: Store) -> None:
    await store.put("used", size=1000)
    await store.put("expired", ttl=-1)
    store.hit_counts.note(key_of("used").digest)
    await store.eviction().flush()
    top = await store.pool.fetch(
        f"SELECT query_text, hit_count FROM {TABLE} WHERE expires_at > NOW() ORDER BY hit_count DESC LIMIT 10;"
    )
    assert [tuple(row) for row in top] == [("used", 1)]
    sums = await store.pool.fetchrow(
        "SELECT COUNT(*), SUM(hit_count), AVG(hit_count), pg_size_pretty(pg_total_relation_size('"
        f"{TABLE}')) FROM {TABLE};"
    )
    assert sums is not None
    count, total, average, size = sums
    assert (count, total, float(average)) == (2, 1, 0.5)
    assert size.endswith("kB")
    assert await store.pool.fetchval(f"SELECT COUNT(*) FROM {TABLE} WHERE expires_at < NOW();") == 1


async def test_what_postgres_cannot_hold_is_replaced_in_the_question_only(store: Store) -> None:
    about = EntryMetadata(question="a\0b\ud800", parameters={"x": "\0"}, metadata={"when": Path("p")})
    await store.cache.set(key_of(), b"value", ttl=60, about=about)
    assert await store.keys() == {"a\ufffdb?"}
    entry = await store.cache.get(key_of())
    assert entry is not None
    assert entry.value == b"value"


async def test_an_older_result_never_replaces_a_newer_one(store: Store) -> None:
    for value, version in ((b"new", 5), (b"old", 4)):
        await store.cache.set(key_of(), value, ttl=60, about=EntryMetadata(corpus_version=version))
    entry = await store.cache.get(key_of())
    assert entry is not None
    assert entry.value == b"new"


async def test_an_expired_entry_is_kept_for_a_while_and_then_swept(store: Store) -> None:
    await store.put("kept", ttl=-50)
    await store.put("gone", ttl=-150)
    kept = await store.cache.get(key_of("kept"))
    assert kept is not None
    assert kept.deadline < time.monotonic() - 40
    assert await store.cache.get(key_of("gone")) is None
    told: list[tuple[str, str, int]] = []
    eviction = store.eviction(retain=100, on_removed=lambda *removed: told.append(removed))
    assert await eviction.sweep()
    assert await store.keys() == {"kept"}
    assert eviction.expired == 1
    assert told == [("answer", "expired", 1)]
    assert await eviction.clear_expired() == 1
    assert await store.keys() == set()


async def test_the_entries_longest_unused_are_evicted_and_pinned_ones_stay(store: Store) -> None:
    for number in range(6):
        await store.put(str(number))
    await PostgresPins(store.held, new_codec(), table=TABLE).pin("acme", key_of("0").digest, pinned=True)
    store.hit_counts.note(key_of("1").digest)
    told: list[tuple[str, str, int]] = []
    eviction = store.eviction(max_entries=3, on_removed=lambda *removed: told.append(removed))
    await eviction.flush()
    assert await eviction.sweep()
    assert await store.keys() == {"0", "1", "5"}
    assert eviction.evicted == {"answer": 3}
    assert told == [("answer", "capacity", 3)]


async def test_the_bytes_held_are_limited(store: Store) -> None:
    for number in range(5):
        await store.put(str(number), size=1000)
    await store.eviction(max_bytes=2500).sweep()
    assert await store.keys() == {"3", "4"}


async def test_one_replica_sweeps_at_a_time(store: Store) -> None:
    await store.put("expired", ttl=-500)
    eviction = store.eviction()
    async with store.pool.acquire() as other, other.transaction():
        assert await other.fetchval(eviction._try_lock)
        assert not await eviction.sweep()
        assert await store.keys() == {"expired"}
    assert await eviction.sweep()
    assert await store.keys() == set()


async def test_eviction_runs_and_survives_failures(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    await store.put("used")
    await store.put("expired", ttl=-500)
    await store.pool.execute(f"ALTER TABLE {TABLE} RENAME TO away")
    store.hit_counts.note(key_of("used").digest)
    running = asyncio.create_task(store.eviction(flush_every=0.01, sweep_every=0.2).run())
    await until(lambda: "cache eviction failed" in caplog.text)
    await store.pool.execute(f"ALTER TABLE away RENAME TO {TABLE}")

    async def mended() -> bool:
        return await store.keys() == {"used"}

    await until(mended)
    assert await store.pool.fetchval(f"SELECT hit_count FROM {TABLE}") == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_counting_hits_takes_no_statement_when_there_are_none(store: Store) -> None:
    await store.pool.execute(f"DROP TABLE {TABLE}")
    await store.eviction().flush()
    store.hit_counts.note("d")
    with pytest.raises(asyncpg.UndefinedTableError):
        await store.eviction().flush()
    assert store.hit_counts.take() == {"d": 1}


async def test_held_connections_are_kept_replaced_when_broken_and_given_back(store: Store) -> None:
    held = HeldConnections(store.pool, translated=translated, size=1, acquire_timeout=5)

    async def backend() -> int:
        async with held.connection() as connection:
            return int(await connection.fetchval("SELECT pg_backend_pid()"))

    first = await backend()
    assert await backend() == first
    await store.pool.execute("SELECT pg_terminate_backend($1)", first)

    async def replaced() -> bool:
        with contextlib.suppress(StoreUnavailable):
            return await backend() != first
        return False

    await until(replaced)
    second = await backend()
    with pytest.raises(ValueError, match="broken"):
        async with held.connection():
            raise ValueError("broken")
    assert await backend() != second
    async with held.connection():
        await held.close()
    await held.close()
    assert store.pool.get_idle_size() >= 1


async def test_a_connection_that_is_used_as_it_dies_says_that_the_database_is_away(store: Store) -> None:
    held = HeldConnections(store.pool, translated=translated, size=1, acquire_timeout=5)
    with pytest.raises(StoreUnavailable):
        async with held.connection():
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")
    await held.close()


async def test_a_read_that_nobody_waits_for_any_more_gives_its_connection_up(store: Store) -> None:
    held = HeldConnections(store.pool, translated=translated, size=1, acquire_timeout=5)
    (row,) = await held.fetch("SELECT pg_backend_pid()")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await held.fetch("SELECT pg_sleep(60)")
    (other,) = await held.fetch("SELECT pg_backend_pid()")
    assert other != row
    await held.close()


async def test_a_connection_that_cannot_be_prepared_for_its_use_is_not_kept(store: Store) -> None:
    held = HeldConnections(
        store.pool, translated=translated, size=1, acquire_timeout=5, session="SET no_such_setting = 1"
    )
    for _ in range(8):  # more often than the pool has connections
        with pytest.raises(asyncpg.UndefinedObjectError):
            await held.fetch("SELECT 1")
    await held.close()


async def test_the_cache_does_not_queue_on_a_pool_that_is_used_up(store: Store) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(6):
            await stack.enter_async_context(store.pool.acquire())
        cache = PostgresCache(HeldConnections(store.pool, translated=translated, acquire_timeout=0.02), table=TABLE)
        with pytest.raises(StoreUnavailable):
            await cache.get(key_of())
