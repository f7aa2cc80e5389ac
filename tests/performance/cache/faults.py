"""What others feel while Redis is killed, frozen, slow or lying: response times beside those of just before."""

import asyncio
import statistics
from collections import Counter
from collections.abc import Mapping

from tests.performance.cache.replicas import REPLICAS, ingest, known, target_of
from tests.performance.shared.http_load import FAILED, Target, arrive
from tests.performance.shared.report import Report
from tests.support.fake_ollama import FakeOllama
from tests.support.processes.replica import Replica
from tests.support.processes.troubled_stack import FAULTS, TroubledStack, troubled_stack

RATE = 100
TURNS = 3


async def bench_faults(report: Report, seconds: float) -> None:
    """Every request is known and needs Redis, or what stands in for it."""
    async with troubled_stack(FakeOllama(), **REPLICAS["l2"]) as stack:
        await ingest(stack.near)
        await asyncio.to_thread(stack.worker.stop, 5)
        for name in FAULTS:
            replica = stack.near if name in {"killed", "frozen"} else stack.far
            await _bench_fault(report, stack, name, target_of(replica.process, replica.port), replica, seconds)


async def _bench_fault(
    report: Report, stack: TroubledStack, name: str, target: Target, replica: Replica, seconds: float
) -> None:
    before, during, later = [], [], []
    tiers: Counter[str] = Counter()
    for _ in range(TURNS):
        await known(replica, "l2")
        usual, _ = await arrive(target, rate=RATE, seconds=seconds)
        with stack.fault(name):
            troubled, answered = await arrive(target, rate=RATE, seconds=seconds)
        before.append(usual.p99_us)
        during.append(troubled.p99_us)
        later.append(troubled.p99_us - usual.p99_us)
        tiers += answered
    figures: Mapping[str, float] = {
        "p99_before_us": statistics.median(before),
        "p99_us": statistics.median(during),
        "later_us": statistics.median(later),
        "failed": tiers[FAILED],
        "hit_rate": 1 - (tiers[""] + tiers[FAILED]) / tiers.total(),
    }
    print(f"faults: Redis {name}:", "  ".join(f"{measure} {value:.4g}" for measure, value in figures.items()))
    for measure, value in figures.items():
        report.add("faults", f"Redis {name}, {RATE}/s", "l2", measure, value)
