"""The tiers together, on a real Valkey and a real PostgreSQL: what each serves, fills and forgets."""

import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from app.cache.admin import CacheManager, PostgresTier
from app.cache.backend import Scope
from app.cache.backends.postgres import PostgresCache
from app.cache.backends.redis import RedisCache
from app.cache.entry import CacheEntry, CacheStatus, Computed
from app.cache.evidence import Evidence, Freshness
from app.cache.freshness.invalidation import InvalidationBus
from app.cache.postgres.catalog import PostgresCatalog
from app.cache.postgres.pins import PostgresPins
from app.cache.stampede.lease import FleetLease
from app.cache.stampede.lease_stores import RedisLeases
from app.cache.tiered_cache import ChainPolicy
from app.concurrency.circuit_breaker import BreakerState, CircuitBreaker
from app.embedded.services.valkey import EmbeddedValkey
from tests.support.cache.assembly import (
    FakeChanges,
    FakeVersions,
    assemble,
    key_of,
    new_codec,
    open_postgres_cache,
    open_redis_cache,
    spec_of,
)
from tests.support.cache.chain import KEY, SPEC, STALE, Pipeline, run_of
from tests.support.cache.database import TABLE, Store
from tests.support.waiting import until

Shared = tuple[RedisCache, PostgresCache]


@pytest.fixture
async def shared(valkey_url: str, database_url: str) -> AsyncIterator[Shared]:
    """L2 and L3, empty."""
    async with open_redis_cache(valkey_url) as l2, open_postgres_cache(database_url) as l3:
        yield l2, l3


async def test_a_question_is_served_by_the_fastest_tier_that_holds_it(shared: Shared) -> None:
    pipeline = Pipeline()
    made = assemble(shared)
    served = []
    for lost in ((), (), ("l1",), ("l1", "l2"), ("l1", "l2", "l3")):
        for tier in lost:
            await made.tiers.clear(tier=tier)
        result = await made.chain.get_or_compute(SPEC, pipeline)
        await made.tiers.drain()
        served.append((result.status, result.tier, run_of(result)))
    assert served == [
        (CacheStatus.MISS, None, 1),
        (CacheStatus.HIT, "l1", 1),
        (CacheStatus.HIT, "l2", 1),
        (CacheStatus.HIT, "l3", 1),
        (CacheStatus.MISS, None, 2),
    ]


async def test_a_hit_fills_the_faster_tiers_with_what_is_left_of_its_life(
    shared: Shared,
) -> None:
    l2, l3 = shared
    writer, pipeline = assemble(shared, ttl=100), Pipeline()
    await writer.chain.get_or_compute(replace(SPEC, ttl=60), pipeline)
    await writer.tiers.drain()
    await l2.delete(KEY)
    reader = assemble(shared, ttl=100)
    third = await reader.chain.get_or_compute(SPEC, pipeline)
    await reader.tiers.drain()
    assert (third.status, third.tier, run_of(third)) == (CacheStatus.HIT, "l3", 1)
    filled, original = await l2.get(KEY), await l3.get(KEY)
    assert filled is not None
    assert original is not None
    assert filled.deadline == pytest.approx(original.deadline, abs=0.5)
    again = await reader.chain.get_or_compute(SPEC, pipeline)
    assert again.tier == "l1"
    assert again.expires_in <= 60
    fresh = assemble(shared)
    assert (await fresh.chain.get_or_compute(SPEC, pipeline)).tier == "l2"
    assert pipeline.runs == 1


async def test_an_entry_that_a_change_altered_is_not_served_and_gives_way_in_every_tier(
    shared: Shared,
) -> None:
    versions, changes = FakeVersions(), FakeChanges()
    made = assemble(shared, versions=versions, changes=changes)
    pipeline = Pipeline(versions)
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    versions.set(1, 2)
    changes.answer = STALE
    assert (await made.chain.lookup(SPEC)).hit is None
    l2, l3 = shared
    before = (await l2.get(KEY), await l3.get(KEY))
    assert run_of(await made.chain.get_or_compute(SPEC, pipeline)) == 2
    await made.tiers.drain()
    after = (await l2.get(KEY), await l3.get(KEY))
    assert None not in (*before, *after)
    assert all(new != old for new, old in zip(after, before, strict=True))
    found = (await made.chain.lookup(SPEC)).hit
    assert found is not None
    assert run_of(found) == 2
    assert made.stats.tier("l1", "answer").invalidations == {"corpus_changed": 1}


async def test_an_entry_that_no_change_could_alter_is_carried_forward_everywhere(
    shared: Shared,
) -> None:
    versions, changes = FakeVersions(), FakeChanges()
    made = assemble(shared, versions=versions, changes=changes)
    await made.chain.get_or_compute(SPEC, Pipeline(versions))
    await made.tiers.drain()
    versions.set(1, 9)
    carried = await made.chain.get_or_compute(SPEC, Pipeline(versions))
    assert (carried.status, carried.tier, carried.corpus_version) == (CacheStatus.HIT, "l1", 9)
    await made.tiers.drain()
    changes.error = AssertionError("carried forward once, it need not be checked again")
    assert made.chain.peek(SPEC) is not None
    elsewhere = assemble(shared, versions=versions, changes=changes)
    assert (await elsewhere.chain.get_or_compute(SPEC, Pipeline())).tier == "l2"
    assert made.stats.of("answer").carried == 1


async def test_a_deleted_entry_is_gone_from_every_tier_and_other_replicas_are_told(
    shared: Shared,
) -> None:
    sent: list[str] = []

    async def send(payload: str) -> None:
        sent.append(payload)

    made = assemble(shared, bus=InvalidationBus(send))
    other = assemble(shared)
    pipeline = Pipeline()
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    await other.chain.get_or_compute(SPEC, pipeline)
    assert await made.tiers.clear(Scope(digest=KEY.digest)) == 1
    for payload in sent:
        notice = InvalidationBus(send).read(payload)
        assert notice is not None
        other.tiers.drop(notice)
    assert (await made.chain.lookup(SPEC)).hit is None
    assert (await other.chain.lookup(SPEC)).hit is None
    assert await made.tiers.clear(Scope(digest=KEY.digest)) == 0


async def test_operators_see_and_change_entries_of_their_tenant_only(store: Store) -> None:
    codec = new_codec()
    made = assemble([store.cache], codec=codec, hit_counts=store.hit_counts)
    pins = PostgresPins(store.held, codec, table=TABLE)
    last = PostgresTier(PostgresCatalog(store.held, table=TABLE), store.eviction(), pins)
    manager = CacheManager(made.tiers, made.validator, last)

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
    assert [(each.tier, isinstance(each.record, CacheEntry)) for each in details.copies] == [
        ("l1", True),
        ("l3", True),
    ]
    assert details.freshness is Freshness.FRESH
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


@pytest.fixture
def own_valkey(tmp_path: Path) -> Any:
    """A Valkey that a test may stop and kill."""
    server = EmbeddedValkey(Path(os.path.realpath(tmp_path)))
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("trouble", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_frozen_or_killed_valkey_costs_no_error_and_is_used_again(
    own_valkey: EmbeddedValkey, trouble: signal.Signals
) -> None:
    async with Redis.from_url(own_valkey.url) as client:
        l2 = RedisCache(client, timeout=0.1)
        lease = FleetLease([(RedisLeases(client), CircuitBreaker(cooldown=0.2))])
        made = assemble([l2], soft=0.025, hard=0.1, lease=lease, policy=ChainPolicy(budget=0.06))
        made.shared[0].breaker = CircuitBreaker(cooldown=0.2)

        async def compute() -> Computed[str]:
            return Computed("answer")

        async def ask(number: int) -> None:
            result = await made.chain.get_or_compute(spec_of(str(number), collection=None), compute)
            assert result.value == "answer"

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
            unasked = count(1000)

            async def used_again() -> bool:
                await ask(next(unasked))
                return made.shared[0].breaker.state is BreakerState.CLOSED

            await until(used_again)
            made.memory.purge(Scope())
            hit = await made.chain.get_or_compute(spec_of("0", collection=None), compute)
            assert (hit.status, hit.tier) == (CacheStatus.HIT, "l2")
        await made.chain.close()
