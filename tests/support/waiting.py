"""Waiting for what happens by itself."""

import asyncio
import inspect
import time
from collections.abc import Callable


async def idle() -> None:
    """Let each task that waits for no timer and no other process get as far as it can."""
    for _ in range(30):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return once the condition holds, which may be a coroutine function.

    Raises:
        TimeoutError: if it does not hold in time.
    """
    async with asyncio.timeout(seconds):
        while not await _held(condition):
            await asyncio.sleep(0.005)


async def _held(condition: Callable[[], object]) -> bool:
    held = condition()
    return bool(await held if inspect.isawaitable(held) else held)


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return once the condition holds, where there is no event loop.

    Raises:
        TimeoutError: if it does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
