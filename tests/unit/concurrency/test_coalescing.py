"""Identical questions are asked in rounds, and limits on others do not run while the loop is busy."""

import asyncio

import pytest

from app.concurrency.coalescing import TrailingCoalescer
from app.concurrency.timeouts import LagTolerantTimer, lag_tolerant_timeout
from tests.support.simulated_time import clock, simulated_time
from tests.support.waiting import idle


class Call:
    """Counts its runs, and gives the number of the run once `go` is set."""

    def __init__(self) -> None:
        self.runs = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.runs += 1
        run = self.runs
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return run


async def begun(rounds: TrailingCoalescer[int], call: Call, count: int) -> list[asyncio.Task[tuple[int, bool]]]:
    tasks = [asyncio.create_task(rounds.run("key", call)) for _ in range(count)]
    await idle()
    return tasks


async def test_those_who_come_while_a_call_runs_share_the_next_one() -> None:
    rounds, call = TrailingCoalescer[int](), Call()
    tasks = await begun(rounds, call, 5)
    call.go.set()
    assert await asyncio.gather(*tasks) == [(1, False), (2, False), (2, True), (2, True), (2, True)]
    assert await rounds.run("key", call) == (3, False)


async def test_different_calls_do_not_wait_for_each_other() -> None:
    rounds, slow, quick = TrailingCoalescer[int](), Call(), Call()
    quick.go.set()
    waiting = asyncio.create_task(rounds.run("slow", slow))
    await idle()
    assert await rounds.run("quick", quick) == (1, False)
    slow.go.set()
    assert await waiting == (1, False)


async def test_a_failure_reaches_everyone_who_waits_and_nobody_later() -> None:
    rounds, call = TrailingCoalescer[int](), Call()
    call.error = ValueError("away")
    tasks = await begun(rounds, call, 3)
    call.go.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["away"] * 3
    assert call.runs == 1
    call.error = None
    assert await rounds.run("key", call) == (2, False)


async def test_the_others_are_served_when_the_one_who_asks_is_cancelled() -> None:
    rounds, call = TrailingCoalescer[int](), Call()
    tasks = await begun(rounds, call, 4)
    tasks[0].cancel()
    tasks[2].cancel()
    await idle()
    call.go.set()
    assert await tasks[1] == (2, False)
    assert await tasks[3] == (2, True)


async def test_the_turn_passes_on_when_the_one_whose_turn_it_is_leaves() -> None:
    rounds, call = TrailingCoalescer[int](), Call()

    async def end_as_the_second_leaves() -> int:
        await call.go.wait()
        asyncio.get_running_loop().call_soon(second.cancel)
        return 0

    first = asyncio.create_task(rounds.run("key", end_as_the_second_leaves))
    await idle()
    second, third = await begun(rounds, call, 2)
    call.go.set()
    assert await first == (0, False)
    assert await third == (1, False)
    assert second.cancelled()
    assert await rounds.run("key", call) == (2, False)


@simulated_time
async def test_a_limit_is_kept_while_the_loop_is_awake() -> None:
    began = clock().time()
    with pytest.raises(TimeoutError):
        async with lag_tolerant_timeout(0.03):
            await asyncio.sleep(10)
    assert clock().time() - began == pytest.approx(0.03)


@simulated_time
async def test_what_ends_in_time_is_not_disturbed() -> None:
    async with lag_tolerant_timeout(0.01):
        pass
    await asyncio.sleep(1)


@simulated_time
async def test_an_answer_that_came_while_the_loop_was_busy_is_taken() -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def several_turns_later() -> None:
        clock().spend(0.1)
        await idle()
        answer.set_result("here")

    task = asyncio.create_task(several_turns_later())
    async with lag_tolerant_timeout(0.02):
        assert await answer == "here"
    await task


@simulated_time
async def test_a_loop_that_is_always_late_does_not_wait_for_ever() -> None:
    expired = asyncio.Event()
    fired = 0

    def busy() -> None:
        nonlocal fired
        fired += 1
        clock().spend(0.02)
        if not expired.is_set():
            asyncio.get_running_loop().call_soon(busy)

    busy()
    LagTolerantTimer(0.001, expired.set)
    await expired.wait()
    assert 2 <= fired <= 200


@simulated_time
async def test_a_cancelled_timer_never_fires() -> None:
    fired: list[None] = []
    timer = LagTolerantTimer(0.001, lambda: fired.append(None))
    clock().spend(0.02)  # it is due, and late
    timer.cancel()
    await idle()
    assert fired == []
