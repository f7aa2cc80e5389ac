"""How late the event loop runs: the price that a blocking call has for everyone else."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

# Nanoseconds on a processor, nanoseconds of waiting for one, and how often: Linux, scheduler/sched-stats.
_SCHEDULED = Path("/proc/thread-self/schedstat")


def busy_seconds() -> float:
    """How long the calling thread has computed, or could have if it had had a processor.

    Where the system does not tell the latter, on a machine that others share, this is too little.
    """
    try:
        computing, waiting, _ = _SCHEDULED.read_text().split()
    except OSError:
        return time.thread_time()
    return (int(computing) + int(waiting)) / 1e9


async def sample_lag(observe: Callable[[float], None], *, interval: float = 0.1) -> None:
    """Sleep `interval` seconds again and again, and report by how many seconds each waking was late."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(interval)
        observe(max(0.0, time.perf_counter() - began - interval))
