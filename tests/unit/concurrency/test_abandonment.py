"""Work ends with the interest in it, and cleans up before anybody goes on."""

import asyncio

import pytest

from app.concurrency.abandonment import Abandoned, run_unless
from tests.support.waiting import idle


class Work:
    """Ends when `go` is set, and tells whether it has cleaned up."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.cleaned_up = False

    async def __call__(self) -> int:
        try:
            await self.go.wait()
        finally:
            await asyncio.sleep(0)
            self.cleaned_up = True
        return 7


async def test_work_that_is_wanted_to_its_end_gives_its_result() -> None:
    work, left = Work(), asyncio.Event()
    work.go.set()
    assert await run_unless(left.wait(), work()) == 7


async def test_its_failure_is_raised_as_it_is() -> None:
    async def failing() -> None:
        raise LookupError("nothing")

    with pytest.raises(LookupError, match="nothing"):
        await run_unless(asyncio.Event().wait(), failing())


async def test_work_that_nobody_wants_any_more_has_cleaned_up_when_it_is_told() -> None:
    work, left = Work(), asyncio.Event()
    running = asyncio.create_task(run_unless(left.wait(), work()))
    await idle()
    assert not running.done()
    left.set()
    with pytest.raises(Abandoned):
        await running
    assert work.cleaned_up


async def test_work_whose_caller_is_cancelled_has_cleaned_up_too() -> None:
    work = Work()
    running = asyncio.create_task(run_unless(asyncio.Event().wait(), work()))
    await idle()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.cleaned_up
