"""The chain: where a result comes from, what is never served, and what a failing tier may cost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from app.cache.backend import CacheKey, EntryMetadata, Scope, StoredPayload
from app.cache.codec.restricted_pickle import NotPlain
from app.cache.entry import CacheControl, CacheStatus, Computed
from app.cache.freshness.invalidation import Invalidation, InvalidationBus
from app.cache.postgres.eviction import HitCountBuffer
from app.cache.report import report
from app.cache.stampede.lease import FleetLease
from app.cache.tiered_cache import ChainPolicy
from app.concurrency.background import Background
from app.concurrency.circuit_breaker import BreakerState, CircuitBreaker
from app.errors import NotCached, StoreUnavailable
from tests.support.cache.assembly import Assembly, Clock, FakeChanges, FakeVersions, assemble, new_codec, spec_of
from tests.support.cache.chain import KEY, SPEC, STALE, MemoryLeases, Pipeline, Tier, fleet, run_of
from tests.support.cache.chaos import Chaos, ChaosCache
from tests.support.simulated_time import clock, simulated_time
from tests.support.waiting import idle


async def test_a_question_is_computed_once_and_then_comes_from_memory() -> None:
    made, pipeline = assemble(), Pipeline()
    first = await made.chain.get_or_compute(SPEC, pipeline)
    second = await made.chain.get_or_compute(SPEC, pipeline)
    assert (first.status, first.tier, run_of(first)) == (CacheStatus.MISS, None, 1)
    assert (second.status, second.tier, run_of(second)) == (CacheStatus.HIT, "l1", 1)
    assert (second.key, second.corpus_version) == (KEY.digest, 1)
    assert 0 <= second.age_seconds < 5
    seen = report(made.stats, await made.tiers.usage())["namespaces"]["answer"]
    assert (seen["requests"], seen["hits"], seen["hit_rate"], seen["tokens_saved"]) == (2, 1, 0.5, 10)


async def test_a_cached_none_differs_from_nothing_cached() -> None:
    made = assemble()
    runs = 0

    async def compute() -> Computed[None]:
        nonlocal runs
        runs += 1
        return Computed(None)

    assert (await made.chain.get_or_compute(SPEC, compute)).status is CacheStatus.MISS
    hit = await made.chain.get_or_compute(SPEC, compute)
    assert (hit.value, hit.status, runs) == (None, CacheStatus.HIT, 1)


async def test_a_result_that_may_not_be_kept_is_given_to_those_who_wait_and_computed_again() -> None:
    leases = MemoryLeases()
    made = assemble([Tier()], lease=fleet(leases))
    runs = 0

    async def compute() -> Computed[int]:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        return Computed(runs, kept=False)

    first = await asyncio.gather(*[made.chain.get_or_compute(SPEC, compute) for _ in range(3)])
    assert {(result.value, result.status) for result in first} == {(1, CacheStatus.MISS)}
    assert (await made.chain.get_or_compute(SPEC, compute)).value == 2
    assert leases.holders == {}
    assert made.stats.of(KEY.namespace).misses == 2


async def test_writes_go_to_the_slowest_tier_first() -> None:
    order: list[str] = []

    class Noting(Tier):
        async def set(self, key: CacheKey, value: bytes, *, ttl: float, about: EntryMetadata) -> bool:
            order.append(self.name)
            return await super().set(key, value, ttl=ttl, about=about)

    made = assemble([Noting("l2"), Noting("l3")])
    await made.chain.get_or_compute(SPEC, Pipeline())
    await made.tiers.drain()
    assert order == ["l3", "l2"]


async def test_lifetimes_are_cut_at_random_so_that_entries_do_not_expire_together() -> None:
    made = assemble(policy=ChainPolicy(l1_ttl=1000, jitter=0.2))
    for number in range(50):
        await made.chain.get_or_compute(spec_of(str(number)), Pipeline())
    left = {round(run.expires_in) for number in range(50) if (run := made.chain.peek(spec_of(str(number))))}
    assert len(left) > 10
    assert min(left) >= 799


# Control


async def test_bypass_neither_reads_nor_writes() -> None:
    made, pipeline = assemble(), Pipeline()
    await made.chain.get_or_compute(SPEC, pipeline)
    bypassed = await made.chain.get_or_compute(SPEC, pipeline, CacheControl.BYPASS)
    assert (bypassed.status, bypassed.corpus_version, run_of(bypassed)) == (CacheStatus.BYPASS, 1, 2)
    unbound = await made.chain.get_or_compute(SPEC, Pipeline(evidence=False), CacheControl.BYPASS)
    assert unbound.corpus_version is None
    assert run_of(await made.chain.get_or_compute(SPEC, pipeline)) == 1


async def test_refresh_computes_anew_and_tells_the_other_replicas() -> None:
    sent: list[str] = []

    async def send(payload: str) -> None:
        sent.append(payload)

    made, pipeline = assemble([Tier()], bus=InvalidationBus(send)), Pipeline()
    await made.chain.get_or_compute(SPEC, pipeline)
    refreshed = await made.chain.get_or_compute(SPEC, pipeline, CacheControl.REFRESH)
    await made.tiers.drain()
    assert (refreshed.status, run_of(refreshed)) == (CacheStatus.MISS, 2)
    assert run_of(await made.chain.get_or_compute(SPEC, pipeline)) == 2
    assert [InvalidationBus(send).read(payload) for payload in sent] == [Invalidation(digest=KEY.digest)]


async def test_only_if_cached_never_computes() -> None:
    made, pipeline = assemble(), Pipeline()
    with pytest.raises(NotCached):
        await made.chain.get_or_compute(SPEC, pipeline, CacheControl.ONLY_IF_CACHED)
    await made.chain.get_or_compute(SPEC, pipeline)
    hit = await made.chain.get_or_compute(SPEC, pipeline, CacheControl.ONLY_IF_CACHED)
    assert (hit.status, pipeline.runs) == (CacheStatus.HIT, 1)


async def test_a_value_that_cannot_be_cached_is_an_error_and_leaves_no_lease() -> None:
    leases = MemoryLeases()
    made = assemble([Tier()], lease=FleetLease([(leases, CircuitBreaker())]))

    async def compute() -> Computed[object]:
        return Computed(object())

    with pytest.raises(NotPlain):
        await made.chain.get_or_compute(SPEC, compute)
    assert leases.holders == {}


# Freshness


async def test_an_entry_of_a_shared_tier_is_carried_forward_too() -> None:
    l2 = Tier()
    versions = FakeVersions()
    made = assemble([l2], versions=versions)
    await made.chain.get_or_compute(SPEC, Pipeline(versions))
    await made.tiers.drain()
    versions.set(1, 2)
    hit = (await assemble([l2], versions=versions).chain.lookup(SPEC)).hit
    assert hit is not None
    assert (hit.tier, hit.corpus_version) == ("l2", 2)


async def test_carrying_forward_gives_up_rewriting_when_too_much_is_under_way() -> None:
    versions, l2 = FakeVersions(), Tier()
    await assemble([l2], versions=versions).chain.get_or_compute(SPEC, Pipeline(versions))
    made = assemble([l2], versions=versions, background=Background(limit=0))
    await made.chain.get_or_compute(spec_of("other"), Pipeline(versions))
    versions.set(1, 2)
    assert (await made.chain.lookup(spec_of("other"))).hit is not None
    assert made.stats.of("answer").dropped == 2


async def test_a_version_that_cannot_be_proven_serves_nothing_and_removes_nothing() -> None:
    l2, versions = Tier(), FakeVersions()
    made = assemble([l2], versions=versions)
    pipeline = Pipeline(versions)
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    versions.heard.clear()
    versions.stored.clear()
    pipeline.error = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    assert len(l2) == 1
    versions.set(1, 1)
    pipeline.error = None
    assert (await made.chain.get_or_compute(SPEC, pipeline)).status is CacheStatus.HIT


async def test_a_replica_that_lost_its_channel_asks_and_still_serves_from_memory() -> None:
    made, pipeline = assemble(), Pipeline()
    await made.chain.get_or_compute(SPEC, pipeline)
    made.versions.heard.clear()
    hit = await made.chain.get_or_compute(SPEC, pipeline)
    assert (hit.status, hit.tier, made.versions.asked) == (CacheStatus.HIT, "l1", 1)


async def test_a_request_after_a_change_does_not_join_a_computation_from_before_it() -> None:
    versions = FakeVersions()
    made = assemble(versions=versions, changes=FakeChanges(STALE))
    pipeline = Pipeline(versions)
    pipeline.go.clear()
    before = asyncio.create_task(made.chain.get_or_compute(SPEC, pipeline))
    await idle()
    versions.set(1, 2)
    after = asyncio.create_task(made.chain.get_or_compute(SPEC, pipeline))
    await idle()
    pipeline.go.set()
    assert [run_of(await before), run_of(await after)] == [1, 2]


async def test_while_the_version_is_unproven_no_request_joins_another() -> None:
    versions = FakeVersions()
    versions.heard.clear()
    versions.stored.clear()
    made, pipeline = assemble(versions=versions), Pipeline(versions)
    results = await asyncio.gather(*(made.chain.get_or_compute(SPEC, pipeline) for _ in range(3)))
    assert sorted(map(run_of, results)) == [1, 2, 3]


# Stampede


async def test_identical_requests_share_one_computation() -> None:
    made, pipeline = assemble(), Pipeline()
    results = await asyncio.gather(*(made.chain.get_or_compute(SPEC, pipeline) for _ in range(500)))
    assert {run_of(result) for result in results} == {1}
    assert made.stats.of("answer").coalesced == 499


async def test_a_computation_outlives_the_request_that_began_it() -> None:
    made, pipeline = assemble(), Pipeline()
    pipeline.go.clear()
    request = asyncio.create_task(made.chain.get_or_compute(SPEC, pipeline))
    await idle()
    request.cancel()
    pipeline.go.set()
    await idle()
    hit = await made.chain.get_or_compute(SPEC, pipeline)
    assert (hit.status, pipeline.runs) == (CacheStatus.HIT, 1)


async def test_replicas_share_one_computation() -> None:
    l2, leases = Tier(), MemoryLeases()
    pipeline = Pipeline()
    lease = FleetLease([(leases, CircuitBreaker())], poll=(0.001, 0.005))
    replicas = [assemble([l2], lease=lease) for _ in range(4)]
    pipeline.go.clear()
    requests = [
        asyncio.create_task(replicas[number % 4].chain.get_or_compute(SPEC, pipeline)) for number in range(100)
    ]
    await idle()
    pipeline.go.set()
    results = await asyncio.gather(*requests)
    assert {run_of(result) for result in results} == {1}
    assert {result.status for result in results} == {CacheStatus.MISS, CacheStatus.HIT}
    for replica in replicas:
        await replica.chain.close()
    assert leases.holders == {}


async def test_a_failed_computation_gives_its_lease_back() -> None:
    leases, pipeline = MemoryLeases(), Pipeline()
    made = assemble([Tier()], lease=FleetLease([(leases, CircuitBreaker())]))
    pipeline.error = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        await made.chain.get_or_compute(SPEC, pipeline)
    assert leases.holders == {}


async def test_writes_that_are_dropped_give_their_lease_back() -> None:
    leases = MemoryLeases()
    made = assemble([Tier()], lease=FleetLease([(leases, CircuitBreaker())]), background=Background(limit=0))
    assert run_of(await made.chain.get_or_compute(SPEC, Pipeline())) == 1
    assert leases.holders == {}


# Trouble


def expiring(**options: Any) -> tuple[Assembly, Clock]:
    """A chain whose entries expire after 10 seconds and are kept for 100 more."""
    clock = Clock()
    policy = ChainPolicy(l1_ttl=10, jitter=0, **options)
    return assemble(policy=policy, clock=clock, wall=clock, retain=100), clock


async def test_an_expired_entry_is_served_when_the_pipeline_fails() -> None:
    made, clock = expiring()
    pipeline = Pipeline(made.versions)
    await made.chain.get_or_compute(SPEC, pipeline)
    clock.now += 20
    pipeline.error = StoreUnavailable("gone")
    stale = await made.chain.get_or_compute(SPEC, pipeline)
    assert (stale.status, stale.tier, run_of(stale)) == (CacheStatus.STALE, "l1", 1)
    assert made.stats.of("answer").served_stale == 1
    pipeline.error = None
    assert run_of(await made.chain.get_or_compute(SPEC, pipeline)) == 3


async def test_an_expired_entry_of_a_shared_tier_is_served_too() -> None:
    clock = Clock()
    l2 = Tier(retain=100, clock=clock)
    made = assemble([l2], policy=ChainPolicy(l1_ttl=10, jitter=0), ttl=10, clock=clock)
    pipeline = Pipeline(made.versions)
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    clock.now += 20
    pipeline.error = StoreUnavailable("gone")
    stale = await made.chain.get_or_compute(SPEC, pipeline)
    assert (stale.status, stale.tier, run_of(stale)) == (CacheStatus.STALE, "l2", 1)


async def test_an_expired_entry_is_not_served_once_documents_have_changed() -> None:
    made, clock = expiring()
    pipeline = Pipeline(made.versions)
    await made.chain.get_or_compute(SPEC, pipeline)
    clock.now += 20
    pipeline.go.clear()
    pipeline.error = StoreUnavailable("gone")
    request = asyncio.create_task(made.chain.get_or_compute(SPEC, pipeline))
    await idle()
    made.versions.set(1, 2)
    pipeline.go.set()
    with pytest.raises(StoreUnavailable):
        await request


async def test_a_slow_pipeline_is_not_waited_for_when_an_expired_entry_can_be_served() -> None:
    made, clock = expiring(patience=0.01)
    pipeline = Pipeline(made.versions)
    await made.chain.get_or_compute(SPEC, pipeline)
    clock.now += 20
    pipeline.go.clear()
    stale = await made.chain.get_or_compute(SPEC, pipeline)
    assert (stale.status, run_of(stale)) == (CacheStatus.STALE, 1)
    pipeline.go.set()
    await idle()
    fresh = await made.chain.get_or_compute(SPEC, pipeline)
    assert (fresh.status, run_of(fresh)) == (CacheStatus.HIT, 2)


@pytest.mark.parametrize("ttl", [None, 10.0])
async def test_an_entry_near_its_end_is_computed_anew_while_it_is_served(ttl: float | None) -> None:
    made, clock = expiring(eager=0.8)
    pipeline, spec = Pipeline(made.versions), replace(SPEC, ttl=ttl)
    await made.chain.get_or_compute(spec, pipeline)
    clock.now += 7.9
    assert run_of(await made.chain.get_or_compute(spec, pipeline)) == 1
    await idle()
    assert pipeline.runs == 1
    clock.now += 0.2
    served = await asyncio.gather(*(made.chain.get_or_compute(spec, pipeline) for _ in range(5)))
    assert {run_of(each) for each in served} == {1}
    await idle()
    assert run_of(await made.chain.get_or_compute(spec, pipeline)) == 2
    assert (pipeline.runs, made.stats.of("answer").refreshed) == (2, 1)


async def test_a_shorter_life_counts_for_what_is_stored_already() -> None:
    clock = Clock()
    l2 = Tier(clock=clock)
    codec = new_codec(clock=clock)
    made = assemble([l2], policy=ChainPolicy(jitter=0, eager=1), codec=codec, clock=clock, wall=clock)
    pipeline = Pipeline(made.versions)
    short, shorter = replace(SPEC, ttl=30), replace(SPEC, ttl=20)
    assert short.key == SPEC.key
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    clock.now += 25
    assert (await made.chain.get_or_compute(short, pipeline)).expires_in == 5
    assert made.chain.peek(shorter) is None
    assert await made.chain.search(shorter) is None
    await made.tiers.clear(tier="l1")
    assert await made.chain.search(shorter) is None
    assert (await made.chain.get_or_compute(short, pipeline)).expires_in == 5
    clock.now += 6
    assert run_of(await made.chain.get_or_compute(short, pipeline)) == 2
    assert (await made.chain.get_or_compute(short, pipeline)).expires_in == 30
    clock.now += 31
    assert run_of(await made.chain.get_or_compute(short, pipeline)) == 3


async def test_warming_fills_the_faster_tiers_and_counts_as_nobodys_use() -> None:
    l2, pipeline, hit_counts = Tier(), Pipeline(), HitCountBuffer()
    writer = assemble([l2])
    await writer.chain.get_or_compute(SPEC, pipeline)
    await writer.tiers.drain()
    made = assemble([l2], hit_counts=hit_counts)
    for tier in ("l2", "l1"):
        warmed = await made.chain.get_or_compute(SPEC, pipeline, CacheControl.WARM)
        assert (warmed.status, warmed.tier) == (CacheStatus.HIT, tier)
    assert (made.stats.of("answer").requests, made.stats.of("answer").seconds_saved) == (0, 0)
    assert made.stats.tier("l1", "answer").misses == 0
    assert not hit_counts.take()
    assert (await made.chain.get_or_compute(spec_of("other?"), pipeline, CacheControl.WARM)).status == "miss"
    assert made.stats.of("answer").misses == 1


async def test_warming_computes_no_entry_early_and_takes_none_that_has_expired() -> None:
    made, clock = expiring(eager=0.5)
    pipeline = Pipeline(made.versions)
    await made.chain.get_or_compute(SPEC, pipeline)
    clock.now += 9
    await made.chain.get_or_compute(SPEC, pipeline, CacheControl.WARM)
    assert made.stats.of("answer").refreshed == 0
    clock.now += 9
    pipeline.error = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        await made.chain.get_or_compute(SPEC, pipeline, CacheControl.WARM)


def chaotic(chaos: Chaos, **options: Any) -> tuple[Assembly, Tier]:
    tier = Tier()
    return assemble([ChaosCache(tier, chaos)], **options), tier


async def test_a_failing_tier_costs_its_speed_only_and_is_left_alone_after_a_while() -> None:
    made, _ = chaotic(Chaos(errors=1))
    pipeline = Pipeline()
    for number in range(10):
        result = await made.chain.get_or_compute(spec_of(str(number)), pipeline)
        assert result.status is CacheStatus.MISS
    await made.tiers.drain()
    counters = made.stats.tier("l2", "answer")
    assert made.shared[0].breaker.state is BreakerState.OPEN
    assert counters.errors >= 5
    assert counters.errors + counters.skipped == 20


@simulated_time
async def test_a_hanging_tier_is_waited_for_no_longer_than_the_soft_timeout() -> None:
    made, _ = chaotic(Chaos(hang=True), soft=0.02, hard=0.05)
    for number in range(20):
        started = clock().time()
        await made.chain.get_or_compute(spec_of(str(number)), Pipeline())
        assert clock().time() - started <= 0.0201
    await made.chain.close()


async def test_lookups_that_wait_for_the_same_share_the_next_one() -> None:
    l2 = Tier()
    writer = assemble([l2])
    await writer.chain.get_or_compute(SPEC, Pipeline())
    await writer.tiers.drain()
    reader = assemble([l2])
    found = await asyncio.gather(*(reader.chain.lookup(SPEC) for _ in range(4)))
    assert [each.hit.tier for each in found if each.hit] == ["l2", "l1", "l1", "l1"]
    # The first led, the second led the next round, and two shared that.
    assert reader.stats.of("answer").coalesced == 2


async def test_a_request_without_time_for_the_shared_tiers_does_not_ask_them() -> None:
    l2 = Tier()
    made, pipeline = assemble([l2], policy=ChainPolicy(budget=0)), Pipeline()
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    made.memory.purge(Scope())
    assert run_of(await made.chain.get_or_compute(SPEC, pipeline)) == 2
    assert (len(l2), ("l2", "answer") in made.stats.tiers) == (1, False)


async def test_a_tier_that_is_closed_while_it_is_read_is_a_miss() -> None:
    hanging = ChaosCache(Tier(), Chaos(hang=True))
    made = assemble([hanging])
    reading = asyncio.create_task(made.shared[0].read(KEY, 10))
    await idle()
    await made.shared[0].close()
    assert await reading is None
    assert made.stats.tier("l2", "answer").errors == 1


@simulated_time
async def test_a_tier_that_goes_away_under_many_is_logged_once_a_minute_and_counted_for_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = assemble([ChaosCache(Tier(), Chaos(errors=1))], clock=clock().time)
    made.shared[0].breaker = CircuitBreaker(threshold=1000)

    async def logged() -> list[str]:
        caplog.clear()
        await asyncio.gather(*(made.chain.lookup(spec_of(str(number))) for number in range(50)))
        return [record.message for record in caplog.records if record.name == "app.cache.backends.guarded"]

    with caplog.at_level("INFO", logger="app.cache.backends.guarded"):
        assert await logged() == ["l2 get failed: ChaosError: the tier was told to fail"]
        assert await logged() == []
        await asyncio.sleep(61)
        assert len(await logged()) == 1
    assert made.stats.tier("l2", "answer").errors == 150


@simulated_time
async def test_all_tiers_together_keep_within_the_budget_of_a_request() -> None:
    hanging = [ChaosCache(Tier(f"l{number}"), Chaos(hang=True)) for number in range(2, 12)]
    made = assemble(hanging, soft=0.05, hard=0.1, policy=ChainPolicy(budget=0.12), clock=clock().time)
    started = clock().time()
    assert (await made.chain.lookup(SPEC)).hit is None
    assert clock().time() - started <= 0.1201
    assert sum(made.stats.tier(tier.name, "answer").errors for tier in made.shared) <= 3
    await made.chain.close()


async def test_garbage_from_a_tier_is_a_miss_and_is_removed() -> None:
    chaos = Chaos()
    made, tier = chaotic(chaos)
    pipeline = Pipeline()
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    made.memory.purge(Scope())
    chaos.garbage = 1
    assert (await made.chain.lookup(SPEC)).hit is None
    await idle()
    assert len(tier) == 0
    assert made.stats.tier("l2", "answer").refused == 1


async def test_a_tier_that_recovers_is_used_again() -> None:
    chaos = Chaos(errors=1)
    made, tier = chaotic(chaos)
    now = Clock()
    made.shared[0].breaker = CircuitBreaker(threshold=1, cooldown=10, clock=now)
    await made.chain.get_or_compute(SPEC, Pipeline())
    await made.tiers.drain()
    chaos.errors = 0
    now.now += 10
    await made.chain.get_or_compute(spec_of("other"), Pipeline())
    await made.tiers.drain()
    assert len(tier) == 1


async def test_statistics_are_given_without_a_tier_that_does_not_answer() -> None:
    made, _ = chaotic(Chaos(errors=1))
    assert (await made.tiers.usage())["l2"] is None


# Removal


async def test_clearing_a_scope_tells_other_replicas_and_one_tier_can_be_cleared_alone() -> None:
    tier = Tier()
    made = assemble([tier])
    await made.chain.get_or_compute(SPEC, Pipeline())
    await made.tiers.drain()
    assert await made.tiers.clear(Scope(tenant="acme"), tier="l1") == 1
    assert (len(made.memory), len(tier)) == (0, 1)
    assert await made.tiers.clear(tier="l2") == 1
    await made.chain.get_or_compute(SPEC, Pipeline())
    made.tiers.drop(Invalidation(scope=Scope(tenant="other")))
    assert len(made.memory) == 1
    made.tiers.drop(Invalidation(scope=Scope(tenant="acme")))
    assert len(made.memory) == 0


async def test_a_bus_that_fails_does_not_fail_the_removal(caplog: pytest.LogCaptureFixture) -> None:
    async def send(payload: str) -> None:
        raise ConnectionError("gone")

    made = assemble(bus=InvalidationBus(send))
    await made.chain.get_or_compute(SPEC, Pipeline())
    assert await made.tiers.clear() == 1
    assert "other replicas were not notified" in caplog.text


async def test_hits_of_every_tier_are_counted_for_the_last_one() -> None:
    hit_counts = HitCountBuffer()
    made = assemble(hit_counts=hit_counts)
    for _ in range(3):
        await made.chain.get_or_compute(SPEC, Pipeline())
    assert hit_counts.take() == {KEY.digest: 2}


async def test_closing_stops_computations_and_finishes_writes() -> None:
    tier, pipeline = Tier(), Pipeline()
    made = assemble([tier])
    await made.chain.get_or_compute(SPEC, pipeline)
    pipeline.go.clear()
    stuck = asyncio.create_task(made.chain.get_or_compute(spec_of("other"), pipeline))
    while pipeline.runs < 2:
        await idle()

    entries: list[StoredPayload[bytes] | None] = []
    original: Callable[[], Awaitable[None]] = tier.close

    async def close() -> None:
        entries.append(tier.lookup(KEY.digest))
        await original()

    tier.close = close  # type: ignore[method-assign] # to see what it held at that moment
    await made.chain.close()
    assert entries[0] is not None
    with contextlib.suppress(asyncio.CancelledError):
        await stuck
    assert stuck.cancelled()
