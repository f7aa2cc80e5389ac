"""How late the event loop runs: the price that a blocking call has for everyone else."""

import asyncio
import time
from collections.abc import Callable


async def sample_lag(observe: Callable[[float], None], *, interval: float = 0.1) -> None:
    """Sleep `interval` seconds again and again, and report by how many seconds each waking was late."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(interval)
        observe(max(0.0, time.perf_counter() - began - interval))
