"""Who gets the next slot of the embedded model server."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from app.embedded.model_server.runtime.scheduling import FRESH_IN_A_ROW, SlotScheduler
from tests.support.waiting import idle


class Recorder:
    """Jobs that note their name when they begin and end when they are let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._gate = asyncio.Semaphore(0)

    def jobs(self, *names: str) -> list[Callable[[], Awaitable[str]]]:
        return [partial(self._job, name) for name in names]

    async def _job(self, name: str) -> str:
        self.begun.append(name)
        await self._gate.acquire()
        if name.startswith("bad"):
            raise ValueError(name)
        return name

    async def let_go(self, count: int) -> None:
        for _ in range(count):
            self._gate.release()
            await idle()


async def start(scheduler: SlotScheduler, jobs: list[Callable[[], Awaitable[str]]]) -> "asyncio.Task[list[str]]":
    task = asyncio.create_task(scheduler.run_all(jobs))
    await idle()
    return task


async def test_results_keep_the_order_of_the_jobs() -> None:
    recorder = Recorder()
    task = await start(SlotScheduler(2, fair=True), recorder.jobs("a", "b", "c"))
    await recorder.let_go(3)
    assert await task == ["a", "b", "c"]
    assert await SlotScheduler(1, fair=True).run_all([]) == []


async def test_no_more_jobs_run_at_once_than_there_are_slots() -> None:
    recorder = Recorder()
    scheduler = SlotScheduler(2, fair=True)
    task = await start(scheduler, recorder.jobs("a", "b", "c"))
    assert recorder.begun == ["a", "b"]
    assert scheduler.waiting == 1
    await recorder.let_go(3)
    await task


async def test_fair_a_new_request_waits_for_the_jobs_in_progress_only() -> None:
    recorder = Recorder()
    scheduler = SlotScheduler(1, fair=True)
    tasks = [await start(scheduler, recorder.jobs(*(f"{name}{index}" for index in range(64)))) for name in "ab"]
    await recorder.let_go(5)
    tasks.append(await start(scheduler, recorder.jobs("query")))
    await recorder.let_go(1)
    assert recorder.begun[-1] == "query"
    await recorder.let_go(200)
    await asyncio.gather(*tasks)


async def test_fair_requests_under_way_take_turns() -> None:
    recorder = Recorder()
    scheduler = SlotScheduler(1, fair=True)
    tasks = [await start(scheduler, recorder.jobs(*(f"{name}{index}" for index in range(3)))) for name in "ab"]
    await recorder.let_go(6)
    await asyncio.gather(*tasks)
    assert recorder.begun == ["a0", "b0", "a1", "b1", "a2", "b2"]


async def test_fair_a_flood_of_new_requests_does_not_starve_a_batch() -> None:
    recorder = Recorder()
    scheduler = SlotScheduler(1, fair=True)
    batch = await start(scheduler, recorder.jobs(*(f"batch{index}" for index in range(4))))
    flood = [await start(scheduler, recorder.jobs(f"query{index}")) for index in range(40)]
    await recorder.let_go(3 * (FRESH_IN_A_ROW + 1))
    assert sum(name.startswith("batch") for name in recorder.begun) == 4
    await recorder.let_go(50)
    await asyncio.gather(batch, *flood)


async def test_unfair_jobs_run_in_the_order_of_arrival() -> None:
    recorder = Recorder()
    scheduler = SlotScheduler(1, fair=False)
    tasks = [await start(scheduler, recorder.jobs("a0", "a1", "a2")), await start(scheduler, recorder.jobs("b"))]
    await recorder.let_go(4)
    await asyncio.gather(*tasks)
    assert recorder.begun == ["a0", "a1", "a2", "b"]


async def test_a_failing_job_fails_the_request_after_all_have_run() -> None:
    recorder = Recorder()
    task = await start(SlotScheduler(1, fair=True), recorder.jobs("a", "bad1", "b", "bad2"))
    await recorder.let_go(4)
    with pytest.raises(ValueError, match="bad1"):
        await task
    assert recorder.begun == ["a", "bad1", "b", "bad2"]


@pytest.mark.parametrize("fair", [True, False])
async def test_a_cancelled_request_leaves_the_queue_and_its_slot_comes_back(fair: bool) -> None:
    recorder = Recorder()
    scheduler = SlotScheduler(1, fair=fair)
    cancelled = await start(scheduler, recorder.jobs("a0", "a1", "a2"))
    other = await start(scheduler, recorder.jobs("b"))
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert scheduler.waiting == 1
    await recorder.let_go(2)
    assert await other == ["b"]
    assert recorder.begun == ["a0", "b"]
