"""Entries that documents may have changed since: what is computed anew decides whether they keep their age."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from app.cache.entry import CacheControl, CacheResult, CacheStatus, Computed
from app.cache.evidence import Evidence
from app.cache.keys import KeySpec, Partition
from app.cache.stampede.broadcast import BroadcastReader
from app.cache.stats import Counted
from app.cache.stream_cache import StreamCache
from app.cache.tiered_cache import ChainPolicy
from app.errors import NotCached
from tests.support.cache.assembly import Assembly, Clock, FakeChanges, FakeVersions, assemble, new_codec
from tests.support.cache.chain import KEY, SPEC, STALE, Tier
from tests.support.waiting import idle

AGE, LIFE = 30.0, 100.0


@dataclass
class Corpus:
    """A chain over a collection whose `text` a result shows, and whose every change may alter every result."""

    made: Assembly
    versions: FakeVersions
    clock: Clock
    text: str = "one"
    runs: int = 0

    def changed(self, text: str | None = None) -> None:
        self.versions.set(1, self.versions.heard[1] + 1)
        self.text = text or self.text

    def computed(self) -> Computed[dict[str, Any]]:
        version = self.versions.heard[1]
        return Computed({"text": self.text, "version": version}, Evidence(version, documents=("d1",)), tokens=10)

    async def find(self, control: CacheControl = CacheControl.USE, **options: Any) -> CacheResult[Any]:
        async def compute() -> Computed[dict[str, Any]]:
            self.runs += 1
            return self.computed()

        def same(old: Any, new: Any) -> bool:
            return bool(old["text"] == new["text"])

        found = await self.made.chain.get_or_compute(SPEC, compute, control, same=same, **options)
        await self.made.tiers.drain()
        return found


def corpus(*shared: Tier, clock: Clock | None = None, versions: FakeVersions | None = None) -> Corpus:
    clock, versions = clock or Clock(), versions or FakeVersions()
    made = assemble(
        shared,
        versions=versions,
        changes=FakeChanges(STALE),
        policy=ChainPolicy(l1_ttl=LIFE, jitter=0, budget=30, eager=1),
        ttl=LIFE,
        codec=new_codec(clock=clock),
        clock=clock,
        wall=clock,
    )
    return Corpus(made, versions, clock)


async def test_a_result_that_stays_the_same_keeps_its_age_and_its_end() -> None:
    clock = Clock()
    stones = corpus(Tier(clock=clock), clock=clock)
    await stones.find()
    stones.clock.now += AGE
    stones.changed()
    again = await stones.find()
    assert (again.status, again.value["version"], stones.runs) == (CacheStatus.MISS, 2, 2)
    for tier in ("l1", "l2"):
        hit = await stones.find()
        assert (hit.tier, hit.age_seconds, hit.expires_in, hit.value["version"]) == (tier, AGE, LIFE - AGE, 2)
        await stones.made.tiers.clear(tier="l1")
    counted = stones.made.stats.of(KEY.namespace)
    assert (counted.carried, counted.misses, stones.runs) == (1, 2, 2)
    assert stones.made.stats.tier("l1", KEY.namespace).invalidations == {}


async def test_a_result_that_changed_has_an_age_of_its_own() -> None:
    stones = corpus()
    await stones.find()
    stones.clock.now += AGE
    stones.changed("other")
    assert (await stones.find()).value["text"] == "other"
    hit = await stones.find()
    assert (hit.value["text"], hit.age_seconds, hit.expires_in) == ("other", 0.0, LIFE)
    assert stones.made.stats.of(KEY.namespace).carried == 0
    assert stones.made.stats.tier("l1", KEY.namespace).invalidations == {"corpus_changed": 1}


async def test_what_cannot_be_compared_counts_as_changed() -> None:
    stones = corpus()
    await stones.find()
    stones.clock.now += AGE
    stones.changed()

    async def compute() -> Computed[dict[str, Any]]:
        return stones.computed()

    await stones.made.chain.get_or_compute(SPEC, compute)
    assert (await stones.find()).age_seconds == 0.0


async def test_an_entry_that_has_expired_besides_is_removed() -> None:
    clock = Clock()
    l2 = Tier(clock=clock, retain=1000)
    stones = corpus(l2, clock=clock)
    await stones.find()
    stones.clock.now += 2 * LIFE
    stones.changed()
    found = await stones.made.chain.lookup(SPEC)
    await stones.made.tiers.drain()
    assert (found.hit, found.fallback, found.outdated) == (None, None, None)
    assert len(l2) == 0
    assert (await stones.find()).value["version"] == 2


async def test_an_outdated_entry_goes_before_the_result_of_another_question() -> None:
    stones = corpus()
    await stones.find()
    stones.changed()

    async def nearby() -> CacheResult[Any] | None:
        raise AssertionError("the question has an entry of its own")

    assert (await stones.find(nearby=nearby)).value["version"] == 2
    stones.changed()
    with pytest.raises(NotCached):
        await stones.find(CacheControl.ONLY_IF_CACHED, nearby=nearby)


async def test_a_faster_tier_is_behind_and_a_slower_one_is_not() -> None:
    versions, clock = FakeVersions(), Clock()
    l2 = Tier(clock=clock)
    here, there = (corpus(l2, clock=clock, versions=versions) for _ in range(2))
    await here.find()
    here.changed()
    await there.find()
    hit = await here.find()
    assert (hit.tier, hit.value["version"], here.runs) == ("l2", 2, 1)


async def test_warming_compares_too() -> None:
    stones = corpus()
    await stones.find()
    stones.clock.now += AGE
    stones.changed()
    await stones.find(CacheControl.WARM)
    assert (await stones.find()).age_seconds == AGE


@pytest.mark.parametrize(("scored", "wanted", "fresh"), [("1", "1", True), ("1", "2", False), (None, "2", True)])
async def test_scores_of_another_snapshot_of_statistics_are_computed_anew(
    scored: str | None, wanted: str, *, fresh: bool
) -> None:
    made = assemble([Tier()])
    partition = Partition("retrieval", "acme", 1)

    async def compute() -> Computed[str]:
        return Computed("found", Evidence(1, parameters={"statistics": scored}))

    await made.chain.get_or_compute(KeySpec(partition, "q"), compute)
    await made.tiers.drain()
    spec = KeySpec(partition, "q", statistics=wanted)
    assert (made.chain.peek(spec) is not None) == fresh
    for _ in ("memory", "l2"):
        found = await made.chain.lookup(spec)
        assert (found.hit is not None, found.outdated is None) == (fresh, fresh)
        made.memory.remove(spec.key.digest)
    assert (await made.chain.lookup(KeySpec(partition, "q"))).hit is not None


class Story:
    """An answer that takes a model, which may write it `again` for the same passages."""

    def __init__(self, corpus: Corpus, *, again: bool = True) -> None:
        self.corpus = corpus
        self.again = again
        self.written = 0
        self.renewed = 0
        self.go = asyncio.Event()
        self.go.set()

    async def produce(self) -> AsyncGenerator[str, None]:
        return self._events()

    async def _events(self) -> AsyncGenerator[str, None]:
        self.written += 1
        yield self.corpus.text

    async def renew(self, stored: Any) -> Computed[Any] | None:
        self.renewed += 1
        await self.go.wait()
        return self.corpus.computed() if self.again and stored["text"] == self.corpus.text else None

    def conclude(self, events: Sequence[str]) -> Computed[Any] | None:
        return self.corpus.computed()

    def promises(self, event: str) -> bool | None:
        return True

    def replay(self, cached: CacheResult[Any]) -> Sequence[str]:
        return [cached.value["text"]]


async def told(streams: StreamCache[str], story: Story, control: CacheControl = CacheControl.USE) -> Any:
    opened = await streams.open(SPEC, story, control)
    if isinstance(opened, CacheResult):
        return opened
    assert isinstance(opened, BroadcastReader)
    async with aclosing(opened) as events:
        return [event async for event in events]


async def test_an_answer_that_can_be_renewed_is_a_hit_and_no_model_is_asked() -> None:
    clock = Clock()
    stones = corpus(Tier(clock=clock), clock=clock)
    streams, story = StreamCache[str](stones.made.chain), Story(stones)
    assert await told(streams, story) == ["one"]
    await stones.made.tiers.drain()
    stones.clock.now += AGE
    stones.changed()
    hit = await told(streams, story)
    assert (hit.status, hit.tier, hit.age_seconds, hit.expires_in) == (CacheStatus.HIT, "l1", AGE, LIFE - AGE)
    assert (hit.value["version"], hit.corpus_version, story.written, story.renewed) == (2, 2, 1, 1)
    counted = stones.made.stats.of(KEY.namespace)
    assert (counted.requests, counted.misses, counted.carried, counted.tokens_saved) == (2, 1, 1, 10)
    assert stones.made.stats.tier("l1", KEY.namespace).hits == 1
    await stones.made.tiers.drain()
    stones.made.memory.remove(KEY.digest)
    again = await told(streams, story)
    assert (again.tier, again.value["version"], again.age_seconds, story.renewed) == ("l2", 2, AGE, 1)


async def test_an_answer_that_cannot_be_renewed_is_written_anew() -> None:
    stones = corpus()
    streams, story = StreamCache[str](stones.made.chain), Story(stones)
    await told(streams, story)
    stones.changed("other")
    assert await told(streams, story) == ["other"]
    assert (story.written, story.renewed) == (2, 1)
    assert stones.made.stats.tier("l1", KEY.namespace).invalidations == {"corpus_changed": 1}
    assert (await told(streams, story)).age_seconds == 0.0


async def test_everyone_who_asks_at_once_shares_a_renewal_and_who_asks_after_a_change_does_not() -> None:
    stones = corpus()
    streams, story = StreamCache[str](stones.made.chain), Story(stones)
    await told(streams, story)
    stones.changed()
    story.go.clear()
    before = [asyncio.create_task(told(streams, story)) for _ in range(3)]
    await idle()
    stones.changed()
    after = asyncio.create_task(told(streams, story))
    await idle()
    assert story.renewed == 2
    story.go.set()
    assert {(await each).value["version"] for each in [*before, after]} == {3}
    assert story.written == 1


async def test_an_answer_that_warming_renews_counts_as_nobodys_use() -> None:
    stones = corpus()
    streams, story = StreamCache[str](stones.made.chain), Story(stones)
    await told(streams, story)
    stones.changed()
    assert (await told(streams, story, CacheControl.WARM)).status is CacheStatus.HIT
    counted = stones.made.stats.of(KEY.namespace)
    assert (counted.requests, counted.carried, story.written) == (1, 0, 1)


async def test_closing_ends_a_renewal() -> None:
    stones = corpus()
    streams, story = StreamCache[str](stones.made.chain), Story(stones)
    await told(streams, story)
    stones.changed()
    story.go.clear()
    asked = asyncio.create_task(told(streams, story))
    await idle()
    await streams.close()
    with pytest.raises(asyncio.CancelledError):
        await asked


async def test_a_renewal_that_nobody_counts_is_looked_up_without_counting() -> None:
    stones = corpus()
    await stones.find()
    stones.changed()
    found = await stones.made.tiers.reader.search(SPEC, counted=Counted.NOTHING)
    assert found.outdated is not None
    assert found.outdated.record.value["version"] == 1


async def test_an_entry_that_is_ahead_of_a_restored_database_is_dropped_from_every_tier() -> None:
    clock = Clock()
    l2 = Tier(clock=clock)
    stones = corpus(l2, clock=clock)
    stones.changed()
    await stones.find()
    stones.versions.set(1, 1)
    found = await stones.made.chain.lookup(SPEC)
    await stones.made.tiers.drain()
    assert (found.hit, found.outdated, len(l2)) == (None, None, 0)
    for tier in ("l1", "l2"):
        assert stones.made.stats.tier(tier, KEY.namespace).invalidations == {"corpus_changed": 1}


async def test_warming_leaves_a_fresh_answer_alone() -> None:
    stones = corpus()
    streams, story = StreamCache[str](stones.made.chain), Story(stones)
    await told(streams, story)
    hit = await told(streams, story, CacheControl.WARM)
    assert (hit.status, story.written, story.renewed) == (CacheStatus.HIT, 1, 0)
