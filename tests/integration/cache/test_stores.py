"""The cache on real servers: upkeep, leases, versions by notification, and what operators do."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from app.cache.admin import CacheManager, PostgresTier
from app.cache.backend import EntryMetadata, Scope
from app.cache.backends.postgres import PostgresCache
from app.cache.backends.redis import RedisCache
from app.cache.entry import CacheEntry, CacheStatus, Computed
from app.cache.freshness.corpus_versions import NoServer, VersionWatch
from app.cache.freshness.guard import Evidence
from app.cache.freshness.invalidation import Invalidation, InvalidationBus
from app.cache.freshness.postgres_versions import (
    INVALIDATION_CHANNEL,
    VERSION_CHANNEL,
    PostgresVersions,
    VersionFeed,
    invalidation_sender,
)
from app.cache.freshness.validator import Freshness
from app.cache.policy import ChainPolicy
from app.cache.postgres.catalog import PostgresCatalog
from app.cache.postgres.connections import HeldConnections, Pool
from app.cache.postgres.eviction import HitCountBuffer, PostgresEviction
from app.cache.postgres.pins import PostgresPins
from app.cache.postgres.schema import cache_leases_ddl, query_cache_ddl
from app.cache.stampede.lease import ComputeLease, FleetLease, LeaseStore, RedisLeases
from app.cache.stampede.postgres_lease import PostgresLeases
from app.concurrency.circuit_breaker import BreakerState, CircuitBreaker
from app.db.notifications import NotificationListener
from app.embedded.services.valkey import EmbeddedValkey
from app.errors import StoreUnavailable
from tests.support.cache import assemble, key_of, new_codec, open_pool, spec_of
from tests.support.waiting import until

TABLE = "stored_cache"
LEASES = "stored_leases"
ABOUT = EntryMetadata(question="what?")


@dataclass
class Store:
    """L3 and what keeps it, on a database of the test's own."""

    url: str
    pool: Pool
    held: HeldConnections
    cache: PostgresCache
    ledger: HitCountBuffer

    def upkeep(self, **options: Any) -> PostgresEviction:
        return PostgresEviction(self.held, self.ledger, table=TABLE, **options)

    async def keys(self) -> set[str]:
        return {row[0] for row in await self.pool.fetch(f"SELECT query_text FROM {TABLE}")}

    async def put(self, question: str, *, size: int = 100, ttl: float = 60, tenant: str = "acme") -> None:
        about = EntryMetadata(question=question)
        await self.cache.set(key_of(question, tenant=tenant), bytes(size), ttl=ttl, about=about)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_pool(database_url, max_size=6) as pool:
        await pool.execute(query_cache_ddl(TABLE) + cache_leases_ddl(LEASES))
        held = HeldConnections(pool, acquire_timeout=5)
        cache = PostgresCache(held, table=TABLE, timeout=10, retain=100)
        yield Store(database_url, pool, held, cache, HitCountBuffer())
        await cache.close()


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
    store.ledger.note(key_of("used").digest)
    await store.upkeep().flush()
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
    upkeep = store.upkeep(retain=100, on_removed=lambda *removed: told.append(removed))
    assert await upkeep.sweep()
    assert await store.keys() == {"kept"}
    assert upkeep.expired == 1
    assert told == [("answer", "expired", 1)]
    assert await upkeep.clear_expired() == 1
    assert await store.keys() == set()


async def test_the_entries_longest_unused_are_evicted_and_pinned_ones_stay(store: Store) -> None:
    for number in range(6):
        await store.put(str(number))
    await PostgresPins(store.held, new_codec(), table=TABLE).pin("acme", key_of("0").digest, pinned=True)
    store.ledger.note(key_of("1").digest)
    told: list[tuple[str, str, int]] = []
    upkeep = store.upkeep(max_entries=3, on_removed=lambda *removed: told.append(removed))
    await upkeep.flush()
    assert await upkeep.sweep()
    assert await store.keys() == {"0", "1", "5"}
    assert upkeep.evicted == {"answer": 3}
    assert told == [("answer", "capacity", 3)]


async def test_the_bytes_held_are_limited(store: Store) -> None:
    for number in range(5):
        await store.put(str(number), size=1000)
    await store.upkeep(max_bytes=2500).sweep()
    assert await store.keys() == {"3", "4"}


async def test_one_replica_sweeps_at_a_time(store: Store) -> None:
    await store.put("expired", ttl=-500)
    upkeep = store.upkeep()
    async with store.pool.acquire() as other, other.transaction():
        assert await other.fetchval(upkeep._try_lock)
        assert not await upkeep.sweep()
        assert await store.keys() == {"expired"}
    assert await upkeep.sweep()
    assert await store.keys() == set()


async def test_upkeep_runs_by_itself_and_survives_failures(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    await store.put("used")
    await store.put("expired", ttl=-500)
    await store.pool.execute(f"ALTER TABLE {TABLE} RENAME TO away")
    store.ledger.note(key_of("used").digest)
    running = asyncio.create_task(store.upkeep(flush_every=0.01, sweep_every=0.05).run())
    await until(lambda: "cache upkeep failed" in caplog.text)
    await store.pool.execute(f"ALTER TABLE away RENAME TO {TABLE}")
    async with asyncio.timeout(10):
        while await store.keys() != {"used"}:
            await asyncio.sleep(0.02)
    assert await store.pool.fetchval(f"SELECT hit_count FROM {TABLE}") == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_counting_hits_takes_no_statement_when_there_are_none(store: Store) -> None:
    await store.pool.execute(f"DROP TABLE {TABLE}")
    await store.upkeep().flush()
    store.ledger.note("d")
    with pytest.raises(asyncpg.UndefinedTableError):
        await store.upkeep().flush()
    assert store.ledger.take() == {"d": 1}


async def test_held_connections_are_kept_replaced_when_broken_and_given_back(store: Store) -> None:
    held = HeldConnections(store.pool, size=1, acquire_timeout=5)

    async def backend() -> int:
        async with held.connection() as connection:
            return int(await connection.fetchval("SELECT pg_backend_pid()"))

    first = await backend()
    assert await backend() == first
    await store.pool.execute("SELECT pg_terminate_backend($1)", first)
    await asyncio.sleep(0.05)
    second = await backend()
    assert second != first
    with pytest.raises(ValueError, match="broken"):
        async with held.connection():
            raise ValueError("broken")
    assert await backend() != second
    async with held.connection():
        await held.close()
    await held.close()
    assert store.pool.get_idle_size() >= 1


async def test_a_read_that_nobody_waits_for_any_more_gives_its_connection_up(store: Store) -> None:
    held = HeldConnections(store.pool, size=1, acquire_timeout=5)
    (row,) = await held.fetch("SELECT pg_backend_pid()")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await held.fetch("SELECT pg_sleep(60)")
    (other,) = await held.fetch("SELECT pg_backend_pid()")
    assert other != row
    await held.close()


async def test_a_connection_that_cannot_be_prepared_for_its_use_is_not_kept(store: Store) -> None:
    held = HeldConnections(store.pool, size=1, acquire_timeout=5, session="SET no_such_setting = 1")
    for _ in range(8):  # more often than the pool has connections
        with pytest.raises(asyncpg.UndefinedObjectError):
            await held.fetch("SELECT 1")
    await held.close()


async def test_the_cache_does_not_queue_on_a_pool_that_is_used_up(store: Store) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(6):
            await stack.enter_async_context(store.pool.acquire())
        cache = PostgresCache(HeldConnections(store.pool, acquire_timeout=0.02), table=TABLE)
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await cache.get(key_of())
        assert time.monotonic() - started < 1


@pytest.fixture(params=["redis", "postgres"])
async def leases(request: pytest.FixtureRequest, valkey_url: str, store: Store) -> AsyncIterator[LeaseStore]:
    if request.param == "postgres":
        yield PostgresLeases(store.held, table=LEASES, timeout=5)
    else:
        async with Redis.from_url(valkey_url) as client:
            yield RedisLeases(client, timeout=5)


async def test_a_lease_is_held_by_one_token_until_released_or_run_out(leases: LeaseStore) -> None:
    assert await leases.acquire("name", "a", 60)
    assert not await leases.acquire("name", "b", 60)
    assert not await leases.extend("name", "b", 60)
    await leases.release("name", "b")
    assert not await leases.acquire("name", "b", 60)
    assert await leases.extend("name", "a", 0.05)
    await asyncio.sleep(0.1)
    assert await leases.acquire("name", "b", 60)
    await leases.release("name", "b")
    assert await leases.acquire("name", "c", 60)


async def test_only_one_of_many_racing_for_a_lease_gets_it(leases: LeaseStore) -> None:
    won = await asyncio.gather(*(leases.acquire("name", str(number), 60) for number in range(20)))
    assert sum(won) == 1


async def test_the_lease_of_a_dead_holder_is_taken_over(leases: LeaseStore) -> None:
    assert await leases.acquire("name", "a holder that died", 0.1)

    async def probe() -> str | None:
        return None

    fleet = FleetLease([(leases, CircuitBreaker())], wait=10)
    lease = await fleet.claim("name", probe)
    assert isinstance(lease, ComputeLease)
    assert lease.held
    await lease.release()


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


async def new_collection(store: Store) -> int:
    return int(await store.pool.fetchval("INSERT INTO collections (name) VALUES ('c') RETURNING id"))


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
        await asyncio.sleep(0.1)
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
    asker = PostgresVersions(HeldConnections(pool))
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


async def test_operators_see_and_change_entries_of_their_tenant_only(store: Store) -> None:
    codec = new_codec()
    made = assemble([store.cache], codec=codec, ledger=store.ledger)
    pins = PostgresPins(store.held, codec, table=TABLE)
    last = PostgresTier(PostgresCatalog(store.held, table=TABLE), store.upkeep(), pins)
    manager = CacheManager(made.tiers, made.judge, last)

    async def compute() -> Computed[str]:
        return Computed("answer", Evidence(1, chunks=(1, 2)))

    for question, tenant in (("What is a Lease?", "acme"), ("What is a tier?", "acme"), ("secret", "other")):
        await made.chain.get_or_compute(spec_of(question, tenant=tenant), compute)
    await made.chain.get_or_compute(spec_of("What is a tier?"), compute)
    await made.tiers.drain()
    lease, tier = key_of("What is a Lease?").digest, key_of("What is a tier?").digest

    assert [(entry.question, entry.hit_count) for entry in await manager.top("acme")] == [
        ("What is a tier?", 1),
        ("What is a Lease?", 0),
    ]
    assert [entry.question for entry in await manager.catalog.browse("acme", text="lease")] == ["What is a Lease?"]
    newest = (await manager.catalog.browse("acme", namespace="answer", collection=1, limit=1))[0]
    older = await manager.catalog.browse("acme", before=newest.id)
    assert [newest.key.digest, *(entry.key.digest for entry in older)] == [tier, lease]

    details = await manager.details("acme", lease)
    assert details is not None
    assert isinstance(details.record, CacheEntry)
    assert details.record.evidence == Evidence(1, chunks=(1, 2))
    assert [(each.tier, isinstance(each.record, CacheEntry)) for each in details.holdings] == [
        ("l1", True),
        ("l3", True),
    ]
    assert details.standing is Freshness.FRESH
    assert await manager.details("other", lease) is None

    assert await manager.pin("acme", lease)
    assert not await manager.pin("other", lease)
    assert (await manager.catalog.one("acme", lease) or pytest.fail("gone"))[0].pinned

    assert await manager.evict("other", lease) == 0
    assert await manager.evict("acme", lease[:15]) == 1
    assert await manager.details("acme", lease) is None
    assert (await manager.report())["tiers"]["l3"]["namespaces"]["answer"]["entries"] == 2

    assert await manager.clear("acme", tier="l3") == 1
    assert await manager.evict("acme", tier) == 1
    assert await manager.clear("other") == 1
    assert await manager.clear_expired() == 0


async def test_keys_are_named_alike_however_many_scopes_there_are(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cache.backends.redis._MAX_PREFIXES", 1)
    async with Redis.from_url(valkey_url) as client:
        cache = RedisCache(client, timeout=10)
        for tenant in ("acme", "other", "acme", "other"):
            await cache.set(key_of(tenant=tenant), tenant.encode(), ttl=60, about=ABOUT)
        async with Redis.from_url(valkey_url, decode_responses=True) as texts:
            names = {str(name).rpartition(":")[0] for name in await texts.keys("*")}
        assert names == {"localchat:answer:acme:1", "localchat:answer:other:1"}
        assert (await cache.get(key_of(tenant="other")) or pytest.fail("missed")).value == b"other"
        await cache.close()


async def test_clearing_walks_past_the_keys_of_others(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as client:
        await client.mset({f"other:{number}": "x" for number in range(5000)})
        cache = RedisCache(client, timeout=10)
        for number in range(10):
            await cache.set(key_of(str(number)), b"x", ttl=60, about=ABOUT)
        assert await cache.clear(Scope(tenant="acme")) == 10
        assert await client.dbsize() == 5000


@pytest.fixture
def own_valkey(tmp_path: Path) -> Any:
    """A Valkey that a test may stop and kill."""
    server = EmbeddedValkey(Path(os.path.realpath(tmp_path)))
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("trouble", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_frozen_or_killed_valkey_costs_no_error_and_little_time(
    own_valkey: EmbeddedValkey, trouble: signal.Signals
) -> None:
    async with Redis.from_url(own_valkey.url) as client:
        l2 = RedisCache(client, timeout=0.1)
        lease = FleetLease([(RedisLeases(client), CircuitBreaker(cooldown=0.2))])
        made = assemble([l2], soft=0.025, hard=0.1, lease=lease, policy=ChainPolicy(budget=0.06))
        made.shared[0].breaker = CircuitBreaker(cooldown=0.2)

        async def compute() -> Computed[str]:
            return Computed("answer")

        async def ask(number: int) -> float:
            started = time.monotonic()
            result = await made.chain.get_or_compute(spec_of(str(number), collection=None), compute)
            assert result.value == "answer"
            return time.monotonic() - started

        for number in range(20):
            await ask(number)
        await made.tiers.drain()
        made.memory.purge(Scope())
        assert ((await made.chain.lookup(spec_of("0", collection=None))).hit or pytest.fail("missed")).tier == "l2"

        pid = own_valkey.process.pid
        assert pid is not None
        os.kill(pid, trouble)
        try:
            for number in range(100, 160):
                await ask(number)
            assert str(made.shared[0].breaker.state) != BreakerState.CLOSED
            assert made.stats.tier("l2", "answer").skipped > 0
        finally:
            if trouble is signal.SIGSTOP:
                os.kill(pid, signal.SIGCONT)
        if trouble is signal.SIGSTOP:
            deadline = time.monotonic() + 10
            while str(made.shared[0].breaker.state) != BreakerState.CLOSED and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
                await ask(1000 + int(time.monotonic() * 10))
            assert str(made.shared[0].breaker.state) == BreakerState.CLOSED
            made.memory.purge(Scope())
            hit = await made.chain.get_or_compute(spec_of("0", collection=None), compute)
            assert (hit.status, hit.tier) == (CacheStatus.HIT, "l2")
        await made.chain.close()
