"""How warming keeps out of the way, and when it begins after a start."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

import pytest

from app.cache.warming import LoadGate, Pacer
from app.domain.warming import Warmed, WarmQuestion
from app.errors import StoreUnavailable, TierOff
from app.services.cache_ops import warming
from app.services.cache_ops.warming import WarmingService
from tests.support.answering import generated_by
from tests.support.cache.assembly import Clock
from tests.support.cache.chain import MemoryLeases, fleet
from tests.support.waiting import idle


class Load:
    """How busy the thread is in each window of a second, as shares; then idle."""

    def __init__(self, clock: Clock, *shares: float) -> None:
        self.clock = clock
        self.shares = list(shares)
        self.busy = 0.0
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        if self.looks % 2 == 0:
            self.clock.now += 1
            self.busy += self.shares.pop(0) if self.shares else 0.0
        return self.busy


async def test_the_gate_opens_in_the_first_window_that_is_quiet_enough() -> None:
    clock = Clock()
    load = Load(clock, 0.9, 0.6, 0.4, 0.9)
    await LoadGate(0.5, window=0, clock=clock, busy=load).wait()
    assert load.looks == 6


async def test_the_gate_sees_the_work_of_this_thread() -> None:
    gate = LoadGate(0.5, window=0.02)

    async def work() -> None:
        while True:
            sum(range(10_000))
            await idle()

    busy = asyncio.create_task(work())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(gate.wait(), 0.3)
    busy.cancel()
    async with asyncio.timeout(60):
        await gate.wait()


async def test_a_list_is_given_item_by_item_and_the_turn_is_let_go_of() -> None:
    leases = MemoryLeases()
    pacer = Pacer(fleet(leases), LoadGate(1, window=0))
    items = pacer.each(["a", "b"])
    assert await anext(items) == "a"
    assert len(leases.holders) == 1
    await items.aclose()
    assert leases.holders == {}
    assert [item async for item in pacer.each(["a", "b"])] == ["a", "b"]
    assert leases.holders == {}


class Questions:
    """Cannot be told at first, for these reasons."""

    def __init__(self, *reasons: Exception) -> None:
        self.reasons = list(reasons)
        self.told = 0

    async def everybodys(self) -> list[WarmQuestion]:
        if self.reasons:
            raise self.reasons.pop(0)
        self.told += 1
        return []


class Unpaced:
    async def each(self, items: Sequence[Any]) -> AsyncGenerator[Any, None]:
        for item in items:
            yield item


def service(questions: Questions) -> WarmingService:
    return WarmingService(
        cast("Any", questions),
        cast("Any", Unpaced()),
        search=cast("Any", None),
        answers=cast("Any", None),
        complete=generated_by("m"),
    )


async def test_after_a_start_warming_waits_for_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "_PAUSE", 0.001)
    questions = Questions(StoreUnavailable("not yet"), StoreUnavailable("not yet"))
    await service(questions).after_start()
    assert questions.told == 1


async def test_after_a_start_without_l3_there_is_nothing_to_wait_for() -> None:
    questions = Questions(TierOff("l3 is not in use."))
    await service(questions).after_start()
    assert questions.told == 0


async def test_nothing_to_warm_is_done_at_once() -> None:
    done = await service(Questions()).collect([])
    assert done == Warmed(0, 0, 0, (), done.seconds)
