"""Contenders timed in turns, so that whatever else the machine does touches all of them."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

REPEATS = 5
_APART = 3
Read = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one run. `per_second` is measured without looking at the clock for each read."""

    p50_us: float
    p99_us: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians of all runs, and of the ratios to the floor's run of the same turn: above 1 is slower, and faster."""

    p50_us: float
    p99_us: float
    per_second: float
    time_ratio: float
    rate_ratio: float


async def timed(read: Read, *, readers: int, count: int) -> Timing:
    """`count` reads by concurrent readers in a closed loop, once for the rate and once for the latencies.

    Each reader begins with another number: no two ask for the same at once.
    """
    each = max(1, count // readers)
    latencies: list[int] = []

    async def reader(first: int) -> None:
        for number in range(first, first + each):
            await read(number)

    async def watched(first: int) -> None:
        for number in range(first, first + each):
            started = time.perf_counter_ns()
            await read(number)
            latencies.append(time.perf_counter_ns() - started)

    started = time.perf_counter()
    await asyncio.gather(*(reader(number * _APART) for number in range(readers)))
    elapsed = time.perf_counter() - started
    await asyncio.gather(*(watched(number * _APART) for number in range(readers)))
    p50, p99 = percentiles(latencies)
    return Timing(p50 / 1e3, p99 / 1e3, each * readers / elapsed)


def percentiles(values: list[int] | list[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    ranked = sorted(values)
    return ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.99)]


async def compare(contenders: Mapping[str, Read], *, readers: int, count: int) -> dict[str, Compared]:
    """Each contender beside the first one, the floor."""
    runs: dict[str, list[Timing]] = {name: [] for name in contenders}
    for read in contenders.values():
        await timed(read, readers=readers, count=max(readers, count // 10))
    for _ in range(REPEATS):
        for name, read in contenders.items():
            runs[name].append(await timed(read, readers=readers, count=count))
    return beside_floor(runs)


def beside_floor(runs: Mapping[str, list[Timing]]) -> dict[str, Compared]:
    """Medians of runs that took turns; the first contender is the floor."""
    floor = next(iter(runs.values()))

    def median(field: str, own: list[Timing]) -> float:
        return float(statistics.median(getattr(run, field) for run in own))

    def ratio(field: str, own: list[Timing]) -> float:
        pairs = zip(own, floor, strict=True)
        return float(statistics.median(getattr(a, field) / getattr(b, field) for a, b in pairs))

    return {
        name: Compared(
            p50_us=median("p50_us", own),
            p99_us=median("p99_us", own),
            per_second=median("per_second", own),
            time_ratio=ratio("p50_us", own),
            rate_ratio=ratio("per_second", own),
        )
        for name, own in runs.items()
    }


def several(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count > 1)}"
