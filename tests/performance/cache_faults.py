"""What others feel while Redis is killed, frozen, slow or lying: response times beside those of just before."""

import asyncio
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote

from app.db.migrate import migrate
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from tests.conftest import short_folder
from tests.performance.cache_http import REPLICAS, ingest, known, target_of
from tests.performance.cache_report import Report
from tests.performance.http_load import FAILED, Target, arrive
from tests.support.replica import Replica, environment, hung, serving, worker
from tests.support.scripted_models import ScriptedModels
from tests.support.troubled_redis import Trouble, TroubledRedis

FAULTS = ("killed", "frozen", "slow", "lying")
RATE = 100
TURNS = 3


@dataclass(frozen=True)
class Stack:
    """`near` speaks to Valkey itself, `far` through what can be troubled. Neither has a memory tier."""

    valkey: EmbeddedValkey
    redis: TroubledRedis
    near: Replica
    far: Replica

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        match name:
            case "killed":
                self.valkey.stop(0)
                try:
                    yield
                finally:
                    self.valkey.launch()
                    self.valkey.wait_ready()
            case "frozen":
                with hung(self.valkey.process):
                    yield
            case _:
                self.redis.trouble = Trouble.SLOW if name == "slow" else Trouble.GARBAGE
                try:
                    yield
                finally:
                    self.redis.trouble = Trouble.NONE


async def bench_faults(report: Report, seconds: float) -> None:
    """Every request is known and needs Redis, or what stands in for it."""
    async with _served() as stack:
        for name in FAULTS:
            replica = stack.near if name in {"killed", "frozen"} else stack.far
            await _bench_fault(report, stack, name, target_of(replica.process, replica.port), replica, seconds)


async def _bench_fault(
    report: Report, stack: Stack, name: str, target: Target, replica: Replica, seconds: float
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


@asynccontextmanager
async def _served() -> AsyncIterator[Stack]:
    models = ScriptedModels()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        postgres = EmbeddedPostgres(folder / "postgres", durable=False)
        valkey = EmbeddedValkey(folder / "valkey")
        stack.push_async_callback(asyncio.to_thread, postgres.stop)
        stack.push_async_callback(asyncio.to_thread, valkey.stop)
        await asyncio.to_thread(postgres.start)
        await asyncio.to_thread(valkey.start)
        await migrate(postgres.url())
        redis = TroubledRedis(unquote(valkey.url.removeprefix("unix://")))
        await stack.enter_async_context(redis.running())
        url = await stack.enter_async_context(models.running())
        env = environment(database=postgres.url(), redis=valkey.url, models=url, folder=folder, **REPLICAS["l2"])
        near, far = (
            Replica({**env, "REDIS_URL": address}, folder / f"{name}.log", "--drain", "0", "--grace", "1")
            for name, address in (("near", valkey.url), ("far", redis.url))
        )
        working = worker(env, folder / "worker.log")
        await serving(stack, (near, far), working)
        await ingest(near)
        working.stop(5)
        yield Stack(valkey, redis, near, far)
