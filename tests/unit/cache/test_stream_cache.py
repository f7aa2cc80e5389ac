"""Streamed answers: one generation for all, every client sees all of it, and a hit replays it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from app.cache.entry import CacheControl, CacheResult, CacheStatus, Computed
from app.cache.evidence import Evidence
from app.cache.stampede.broadcast import BroadcastReader
from app.cache.stampede.lease import FleetLease
from app.cache.stream_cache import StreamCache
from app.cache.tiered_cache import ChainPolicy
from app.concurrency.circuit_breaker import CircuitBreaker
from app.errors import NotCached, StoreUnavailable
from tests.support.cache.assembly import Assembly, Clock, FakeVersions, assemble, spec_of
from tests.support.cache.chain import MemoryLeases, Tier
from tests.support.waiting import idle

SPEC = spec_of("stream?")


class Generation:
    """Yields numbered words, each when it is let go; counts how often it was begun and closed."""

    def __init__(self) -> None:
        self.begun = 0
        self.closed = 0
        self.error: Exception | None = None
        self.worth_caching = True
        self.farewell = 0.0
        self.end = "end"
        self.go = asyncio.Event()
        self.go.set()

    async def produce(self) -> AsyncGenerator[str, None]:
        return self._events()

    async def _events(self) -> AsyncGenerator[str, None]:
        self.begun += 1
        run = self.begun
        try:
            yield f"run {run}"
            await self.go.wait()
            if self.error is not None:
                raise self.error
            yield self.end
        finally:
            self.closed += 1
            await asyncio.sleep(self.farewell)

    async def renew(self, stored: Any) -> Computed[Any] | None:
        return None

    def conclude(self, events: Sequence[str]) -> Computed[Any] | None:
        return Computed(list(events), Evidence(1)) if self.worth_caching else None

    def promises(self, event: str) -> bool | None:
        return {"end": True, "failed": False}.get(event)

    def replay(self, cached: CacheResult[Any]) -> Sequence[str]:
        events: Sequence[str] = cached.value
        return events


def streams_of(made: Assembly) -> StreamCache[str]:
    return StreamCache(made.chain)


async def collect(opened: CacheResult[Any] | BroadcastReader[str]) -> list[str]:
    assert isinstance(opened, BroadcastReader)
    async with aclosing(opened) as events:
        return [event async for event in events]


async def test_a_stream_is_live_first_and_a_hit_afterwards() -> None:
    streams, generation = streams_of(assemble()), Generation()
    assert await collect(await streams.open(SPEC, generation)) == ["run 1", "end"]
    hit = await streams.open(SPEC, generation)
    assert isinstance(hit, CacheResult)
    assert (hit.value, hit.status, hit.tier) == (("run 1", "end"), CacheStatus.HIT, "l1")


async def test_identical_questions_share_one_generation_also_when_the_first_client_leaves() -> None:
    made, generation = assemble(), Generation()
    streams = streams_of(made)
    generation.go.clear()
    first = await streams.open(SPEC, generation)
    assert isinstance(first, BroadcastReader)
    assert await anext(first) == "run 1"
    others = [asyncio.create_task(collect(await streams.open(SPEC, generation))) for _ in range(5)]
    await first.aclose()
    generation.go.set()
    assert await asyncio.gather(*others) == [["run 1", "end"]] * 5
    assert generation.begun == 1
    assert made.stats.of("answer").coalesced == 5


async def test_the_generation_stops_when_every_client_has_left_and_is_begun_anew() -> None:
    streams, generation = streams_of(assemble()), Generation()
    generation.go.clear()
    reader = await streams.open(SPEC, generation)
    assert isinstance(reader, BroadcastReader)
    async with aclosing(reader) as events:
        assert await anext(events) == "run 1"
    await idle()
    assert generation.closed == 1
    generation.go.set()
    assert await collect(await streams.open(SPEC, generation)) == ["run 2", "end"]


async def test_a_generation_that_is_slow_to_stop_does_not_disturb_its_successor() -> None:
    streams, generation = streams_of(assemble()), Generation()
    generation.go.clear()
    generation.farewell = 0.05
    leaving = await streams.open(SPEC, generation)
    assert isinstance(leaving, BroadcastReader)
    assert await anext(leaving) == "run 1"
    await leaving.aclose()
    await idle()
    successor = asyncio.create_task(collect(await streams.open(SPEC, generation)))
    await asyncio.sleep(0.1)
    joined = asyncio.create_task(collect(await streams.open(SPEC, generation)))
    generation.go.set()
    assert list(await asyncio.gather(successor, joined)) == [["run 2", "end"]] * 2


async def test_an_error_reaches_the_clients_and_is_not_cached() -> None:
    leases = MemoryLeases()
    streams = streams_of(assemble([Tier()], lease=FleetLease([(leases, CircuitBreaker())])))
    generation = Generation()
    generation.error = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        await collect(await streams.open(SPEC, generation))
    generation.error = None
    assert await collect(await streams.open(SPEC, generation)) == ["run 2", "end"]
    await idle()
    assert leases.holders == {}


async def test_what_is_not_worth_caching_is_streamed_and_forgotten() -> None:
    streams, generation = streams_of(assemble()), Generation()
    generation.worth_caching = False
    for run in (1, 2):
        assert await collect(await streams.open(SPEC, generation)) == [f"run {run}", "end"]


async def test_bypass_and_refresh_and_only_if_cached() -> None:
    streams, generation = streams_of(assemble()), Generation()
    with pytest.raises(NotCached):
        await streams.open(SPEC, generation, CacheControl.ONLY_IF_CACHED)
    bypassed = await streams.open(SPEC, generation, CacheControl.BYPASS)
    assert await collect(bypassed) == ["run 1", "end"]
    assert await collect(await streams.open(SPEC, generation)) == ["run 2", "end"]
    refreshed = await streams.open(SPEC, generation, CacheControl.REFRESH)
    assert await collect(refreshed) == ["run 3", "end"]
    hit = await streams.open(SPEC, generation, CacheControl.ONLY_IF_CACHED)
    assert isinstance(hit, CacheResult)
    assert hit.value == ("run 3", "end")


async def test_another_replica_replays_the_stream_it_waited_for() -> None:
    tier, leases, generation = Tier(), MemoryLeases(), Generation()
    lease = FleetLease([(leases, CircuitBreaker())], poll=(0.001, 0.005))
    replicas = [streams_of(assemble([tier], lease=lease)) for _ in range(2)]
    generation.go.clear()
    clients = [asyncio.create_task(collect(await streams.open(SPEC, generation))) for streams in replicas]
    await idle()
    generation.go.set()
    assert await asyncio.gather(*clients) == [["run 1", "end"]] * 2
    assert generation.begun == 1


async def test_a_question_after_a_change_does_not_join_a_stream_from_before_it() -> None:
    versions, generation = FakeVersions(), Generation()
    streams = streams_of(assemble(versions=versions))
    generation.go.clear()
    before = asyncio.create_task(collect(await streams.open(SPEC, generation)))
    await idle()
    versions.set(1, 2)
    after = asyncio.create_task(collect(await streams.open(SPEC, generation)))
    await idle()
    generation.go.set()
    assert [(await before)[0], (await after)[0]] == ["run 1", "run 2"]


async def test_closing_stops_every_generation() -> None:
    streams, generation = streams_of(assemble()), Generation()
    generation.go.clear()
    reader = await streams.open(SPEC, generation)
    assert isinstance(reader, BroadcastReader)
    assert await anext(reader) == "run 1"
    await streams.close()
    assert generation.closed == 1


def expiring(**options: Any) -> tuple[Assembly, Clock]:
    """A chain whose entries expire after 10 seconds and are kept for 100 more."""
    clock = Clock()
    policy = ChainPolicy(l1_ttl=10, jitter=0, **options)
    return assemble(policy=policy, clock=clock, wall=clock, retain=100), clock


@pytest.fixture(params=[60.0])
async def expired(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Assembly, StreamCache[str], Generation]]:
    """A stream that was cached and has expired since. The chain has patience for as many seconds as are given."""
    made, clock = expiring(patience=request.param)
    streams, generation = streams_of(made), Generation()
    await collect(await streams.open(SPEC, generation))
    clock.now += 20
    yield made, streams, generation
    await streams.close()


Expired = tuple[Assembly, StreamCache[str], Generation]


async def test_an_expired_answer_is_served_when_the_new_one_fails(expired: Expired) -> None:
    made, streams, generation = expired
    generation.error = StoreUnavailable("gone")
    stale = await streams.open(SPEC, generation)
    assert isinstance(stale, CacheResult)
    assert (stale.value, stale.status, stale.tier) == (("run 1", "end"), CacheStatus.STALE, "l1")
    assert made.stats.of("answer").served_stale == 1
    generation.error = None
    assert await collect(await streams.open(SPEC, generation)) == ["run 3", "end"]


async def test_an_expired_answer_stands_in_for_one_that_ends_in_an_error_event(expired: Expired) -> None:
    _, streams, generation = expired
    generation.end = "failed"
    generation.worth_caching = False
    stale = await streams.open(SPEC, generation)
    assert isinstance(stale, CacheResult)
    assert stale.status is CacheStatus.STALE


async def test_a_new_answer_is_streamed_from_its_first_event_once_it_is_sure_to_come(expired: Expired) -> None:
    _, streams, generation = expired
    assert await collect(await streams.open(SPEC, generation)) == ["run 2", "end"]


async def test_an_expired_answer_is_not_served_once_its_documents_have_changed(expired: Expired) -> None:
    made, streams, generation = expired
    generation.error = StoreUnavailable("gone")
    generation.go.clear()
    opening = asyncio.create_task(streams.open(SPEC, generation))
    await idle()
    made.versions.set(1, 2)
    generation.go.set()
    with pytest.raises(StoreUnavailable):
        await collect(await opening)


@pytest.mark.parametrize("expired", [0.05], indirect=True)
async def test_an_answer_that_is_long_in_coming_is_finished_behind_the_expired_one(expired: Expired) -> None:
    _, streams, generation = expired
    generation.go.clear()
    stale = await streams.open(SPEC, generation)
    assert isinstance(stale, CacheResult)
    assert stale.status is CacheStatus.STALE
    generation.go.set()
    await idle()
    fresh = await streams.open(SPEC, generation)
    assert isinstance(fresh, CacheResult)
    assert (fresh.status, fresh.value) == (CacheStatus.HIT, ("run 2", "end"))


async def test_a_client_that_leaves_while_it_waits_for_a_sure_answer_stops_the_generation(expired: Expired) -> None:
    _, streams, generation = expired
    generation.go.clear()
    opening = asyncio.create_task(streams.open(SPEC, generation))
    await idle()
    opening.cancel()
    await idle()
    assert generation.closed == 2


async def test_an_answer_near_its_end_is_made_anew_while_it_is_served() -> None:
    made, clock = expiring(eager=0.8)
    streams, generation = streams_of(made), Generation()
    await collect(await streams.open(SPEC, generation))
    clock.now += 7.9
    await streams.open(SPEC, generation)
    await idle()
    assert generation.begun == 1
    clock.now += 0.2
    served = [await streams.open(SPEC, generation) for _ in range(3)]
    assert [each.value for each in served if isinstance(each, CacheResult)] == [("run 1", "end")] * 3
    await idle()
    fresh = await streams.open(SPEC, generation)
    assert isinstance(fresh, CacheResult)
    assert fresh.value == ("run 2", "end")
    assert (generation.begun, made.stats.of("answer").refreshed) == (2, 1)
    await streams.close()
