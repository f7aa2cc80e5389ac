"""Work that is stopped when nobody wants its result any more."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Abandoned(Exception):
    """The work was stopped before its end."""


async def run_unless(left: Awaitable[object], work: Awaitable[T]) -> T:
    """Return the result of `work`. It is cancelled once `left` has ended, or the caller is cancelled.

    Raises:
        Abandoned: `left` ended first; the work has cleaned up.
        Exception: whatever `work` raises.
    """
    task, leaving = asyncio.ensure_future(work), asyncio.ensure_future(left)
    try:
        await asyncio.wait((task, leaving), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Abandoned
    finally:
        task.cancel()
        leaving.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)
