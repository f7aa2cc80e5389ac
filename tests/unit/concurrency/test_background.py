"""Loops that run for as long as a process, and the last counts that are written at its end."""

import asyncio
from contextlib import AsyncExitStack
from typing import NoReturn, cast

import pytest

from app.concurrency.background import run_for_lifetime
from app.db.database import Database
from app.errors import StoreUnavailable
from app.services.operations.cache_rollup import CacheRollup
from tests.support.waiting import idle


async def test_closing_the_stack_waits_until_a_loop_has_cleaned_up() -> None:
    started, cleaned = asyncio.Event(), asyncio.Event()

    async def loop() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await idle()
            cleaned.set()

    async with AsyncExitStack() as stack:
        run_for_lifetime(stack, loop())
        await started.wait()
    assert cleaned.is_set()


async def test_a_loop_that_fails_is_logged_at_once_and_closing_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def loop() -> None:
        raise ValueError("broken")

    async with AsyncExitStack() as stack:
        run_for_lifetime(stack, loop())
        await idle()
        assert "background work failed" in caplog.text


class Away:
    """A database that is gone."""

    def connection(self) -> NoReturn:
        raise StoreUnavailable("gone")


async def test_the_last_counts_of_a_process_do_not_keep_it_from_stopping(caplog: pytest.LogCaptureFixture) -> None:
    rollup = CacheRollup(cast("Database", Away()), lambda: {"answer": {"requests": 1}})
    await rollup.close()
    assert "counters are not written yet" in caplog.text
