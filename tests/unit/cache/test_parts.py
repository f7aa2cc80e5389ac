"""The chain's small parts: statistics, invalidations, hit counts, leases, chaos."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cache.backend import EntryMetadata, Scope
from app.cache.backends.memory import MemoryCache
from app.cache.entry import CacheEntry
from app.cache.freshness.invalidation import Invalidation, InvalidationBus
from app.cache.postgres.eviction import HitCountBuffer
from app.cache.report import report
from app.cache.stampede.lease import ComputeLease, FleetLease
from app.cache.stats import CacheStats, TierLatency
from tests.support.cache.assembly import assemble, key_of
from tests.support.cache.chain import MemoryLeases, fleet
from tests.support.cache.chaos import Chaos, ChaosCache, ChaosError
from tests.support.simulated_time import simulated_time
from tests.support.waiting import idle


@given(st.lists(st.integers(0, 2**36), min_size=1, max_size=200), st.floats(0.01, 1))
def test_percentiles_are_off_by_an_eighth_at_most(latencies: list[int], share: float) -> None:
    histogram = TierLatency()
    for latency in latencies:
        histogram.observe(latency)
    rank = min(len(latencies) - 1, max(0, -int(-share * len(latencies) // 1) - 1))
    exact = sorted(latencies)[rank]
    estimate = histogram.percentile(share)
    assert estimate is not None
    assert exact <= estimate * 1e9 * 1.000001
    assert estimate * 1e9 <= exact * 1.125 + 1.000001


def test_latencies_beyond_the_last_bucket_are_counted_in_it() -> None:
    histogram = TierLatency()
    histogram.observe(2**60)
    assert histogram.total == 1
    assert histogram.percentile(0.5) is not None
    assert TierLatency().percentile(0.5) is None


async def test_a_report_adds_up_what_is_counted() -> None:
    stats = CacheStats()
    stats.hit("l1", "answer", 1000)
    stats.miss("l1", "answer")
    stats.error("l2", "answer")
    stats.invalidated("l1", "answer", "corpus_changed")
    stats.coalesced("answer")
    memory: MemoryCache[bytes] = MemoryCache(weigh=len)
    memory.put(key_of(), b"12345", 60)
    seen = report(stats, {"l1": await memory.stats(), "l2": None})
    l1 = seen["tiers"]["l1"]["namespaces"]["answer"]
    assert (l1["entries"], l1["bytes"], l1["hits"], l1["misses"], l1["hit_rate"]) == (1, 5, 1, 1, 0.5)
    assert l1["latency_ms"]["p50"] == pytest.approx(1e-3, rel=0.13)
    assert (seen["tiers"]["l1"]["entries"], seen["tiers"]["l1"]["hit_rate"]) == (1, 0.5)
    assert seen["tiers"]["l1"]["latency_ms"] == l1["latency_ms"]
    assert (seen["tiers"]["l2"]["available"], seen["tiers"]["l2"]["evictions"]) == (False, None)
    assert seen["tiers"]["l2"]["namespaces"]["answer"]["errors"] == 1
    assert seen["namespaces"]["answer"]["coalesced"] == 1
    assert (seen["coalesced"], seen["invalidations"]) == (1, 1)
    assert (seen["tiers"]["l2"]["hit_rate"], seen["namespaces"]["answer"]["hit_rate"]) == (None, None)


async def test_a_bus_ignores_its_own_echo() -> None:
    sent: list[str] = []

    async def send(payload: str) -> None:
        sent.append(payload)

    here, there = InvalidationBus(send), InvalidationBus(send)
    invalidations = [Invalidation(digest="d"), Invalidation(scope=Scope("answer", "acme", 1))]
    for invalidation in invalidations:
        await here.publish(invalidation)
    assert [here.read(payload) for payload in sent] == [None, None]
    assert [there.read(payload) for payload in sent] == invalidations


@pytest.mark.parametrize("payload", ["", "{}", "[]", '{"sender": "x", "digest": null, "scope": {"bad": 1}}'])
def test_an_invalidation_that_cannot_be_read_drops_everything(payload: str) -> None:
    async def send(payload: str) -> None:
        raise AssertionError(payload)

    assert InvalidationBus(send).read(payload) == Invalidation(scope=Scope())


def test_the_buffer_counts_hits_within_its_bound() -> None:
    hit_counts = HitCountBuffer(max_keys=2)
    for digest in "aabc":
        hit_counts.note(digest)
    taken = hit_counts.take()
    assert taken == {"a": 2, "b": 1}
    hit_counts.note("c")
    hit_counts.note("a")
    hit_counts.put_back(taken)
    assert hit_counts.take() == {"a": 3, "c": 1}


async def nothing() -> str | None:
    return None


async def claim_lease(lease: FleetLease) -> ComputeLease:
    claimed = await lease.claim("name", nothing)
    assert isinstance(claimed, ComputeLease)
    return claimed


async def test_one_of_many_gets_the_lease_and_the_others_its_result() -> None:
    store = MemoryLeases()
    results: list[str] = []
    computed = 0

    async def probe() -> str | None:
        return results[0] if results else None

    async def replica() -> str:
        nonlocal computed
        claimed = await fleet(store).claim("name", probe)
        if isinstance(claimed, str):
            return claimed
        computed += 1
        await idle()
        results.append("result")
        await claimed.release()
        return "result"

    assert await asyncio.gather(*(replica() for _ in range(10))) == ["result"] * 10
    assert computed == 1
    assert store.holders == {}


async def test_a_waiter_takes_over_when_the_holder_is_gone() -> None:
    store = MemoryLeases()
    store.holders["name"] = "a holder that died"
    waiter = asyncio.create_task(claim_lease(fleet(store)))
    await idle()
    del store.holders["name"]
    lease = await waiter
    assert lease.held
    await lease.release()


@simulated_time
async def test_a_waiter_goes_ahead_after_its_time() -> None:
    store = MemoryLeases()
    store.holders["name"] = "a holder that hangs"
    lease = await claim_lease(fleet(store, wait=0.01))
    assert not lease.held
    await lease.release()
    assert store.holders == {"name": "a holder that hangs"}


async def test_the_next_store_decides_when_the_first_is_away() -> None:
    first, second = MemoryLeases(broken=True), MemoryLeases()
    leases = fleet(first, second)
    lease = await claim_lease(leases)
    assert (lease.held, list(second.holders)) == (True, ["name"])
    await lease.release()
    first.broken = False
    again = await claim_lease(leases)
    assert first.holders == {}
    await again.release()


async def test_no_store_means_no_lease_and_no_waiting() -> None:
    lease = await claim_lease(fleet(MemoryLeases(broken=True)))
    assert not lease.held


async def test_a_holder_who_is_cancelled_while_letting_go_lets_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryLeases()
    lease = await claim_lease(fleet(store, ttl=1000))
    go = asyncio.Event()
    release = store.release

    async def slowly(name: str, token: str) -> None:
        await go.wait()
        await release(name, token)

    monkeypatch.setattr(store, "release", slowly)
    holder = asyncio.create_task(lease.release())
    await idle()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    go.set()
    await idle()
    assert store.holders == {}


@simulated_time
async def test_a_lease_is_renewed_until_it_is_released() -> None:
    store = MemoryLeases()
    lease = await claim_lease(fleet(store, ttl=15))
    await asyncio.sleep(51)
    await lease.release()
    await asyncio.sleep(60)
    assert store.extended == 10


@simulated_time
async def test_renewal_survives_errors_and_ends_when_the_lease_is_lost() -> None:
    store = MemoryLeases()
    lease = await claim_lease(fleet(store, ttl=6))
    store.broken = True
    await asyncio.sleep(5)
    store.broken, store.lost = False, True
    await asyncio.sleep(20)
    assert store.extended == 1
    store.broken = True
    await lease.release()
    assert list(store.holders) == ["name"]


@pytest.mark.parametrize("found", [True, False])
async def test_a_lease_is_not_left_behind_by_the_look_before_computing(found: bool) -> None:
    store = MemoryLeases()

    async def probe() -> str | None:
        if found:
            return "found"
        raise ValueError("broken")

    if found:
        assert await fleet(store).claim("name", probe) == "found"
    else:
        with pytest.raises(ValueError, match="broken"):
            await fleet(store).claim("name", probe)
        store.holders["name"] = "another"
        with pytest.raises(ValueError, match="broken"):
            await fleet(store).claim("name", probe)
        del store.holders["name"]
    assert store.holders == {}


async def test_chaos_does_what_it_is_told() -> None:
    memory: MemoryCache[bytes] = MemoryCache(weigh=len)
    tier = ChaosCache(memory, Chaos())
    await tier.set(key_of(), b"a value to garble", ttl=60, about=EntryMetadata())
    tier.chaos.garbage = 1
    entry = await tier.get(key_of())
    assert entry is not None
    assert entry.value != b"a value to garble"
    tier.chaos = Chaos(errors=1)
    with pytest.raises(ChaosError):
        await tier.delete(key_of())
    tier.chaos = Chaos(latency=0.03)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await tier.stats()
    tier.chaos = Chaos(hang=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await tier.clear(Scope())
    await tier.close()


def test_totals_tell_of_the_namespaces_that_were_asked_for() -> None:
    stats = CacheStats()
    stats.of("answer").requests += 2
    stats.hit("l1", "answer", 400)
    stats.hit("l2", "answer", 4000)
    stats.tier("l2", "answer").stale += 1
    stats.miss("l1", "never asked for")
    totals = stats.totals()
    assert set(totals) == {"answer"}
    found = {name: totals["answer"][name] for name in ("requests", "l1_hits", "l2_hits", "stale")}
    assert found == {"requests": 2, "l1_hits": 1, "l2_hits": 1, "stale": 1}


async def test_an_invalidation_drops_its_entry_or_its_scope_from_memory() -> None:
    made = assemble()
    for digest in ("d1", "d2"):
        made.memory.put(replace(key_of(), digest=digest), CacheEntry("value", None, 0, 1), 60)
    made.tiers.drop(Invalidation(digest="d1"))
    assert [made.tiers.key_in_memory(digest) is None for digest in ("d1", "d2")] == [True, False]
    made.tiers.drop(Invalidation(scope=Scope()))
    assert made.tiers.key_in_memory("d2") is None
