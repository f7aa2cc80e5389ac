"""Two API processes over Postgres and a Valkey that can be killed, frozen, slowed or made to lie."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote

from app.db.migrate import migrate
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.embedded.supervisor.process import ChildProcess
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import Replica, environment, hung, serving, worker
from tests.support.processes.troubled_redis import Trouble, TroubledRedis
from tests.support.processes.valkey import REFUSALS, refusing

FAULTS = ("killed", "frozen", "slow", "lying", *REFUSALS)


@dataclass(frozen=True)
class TroubledStack:
    """`near` speaks to Valkey itself, `far` through what can be troubled. Whoever breaks something mends it."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    redis: TroubledRedis
    near: Replica
    far: Replica
    worker: ChildProcess

    @property
    def replicas(self) -> tuple[Replica, Replica]:
        return self.near, self.far

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """One of `FAULTS`: slow and lying reach `far` alone, the others both."""
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
            case "slow" | "lying":
                self.redis.trouble = {"slow": Trouble.SLOW, "lying": Trouble.GARBAGE}[name]
                try:
                    yield
                finally:
                    self.redis.trouble = Trouble.NONE
            case _:
                with refusing(self.valkey.url, name):
                    yield


@asynccontextmanager
async def troubled_stack(models: FakeOllama, **settings: str) -> AsyncIterator[TroubledStack]:
    """Everything runs; the worker is there to put documents in and may be stopped after."""
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
        await stack.enter_async_context(models.running())
        env = environment(database=postgres.url(), redis=valkey.url, models=models.url, folder=folder, **settings)
        near, far = (
            Replica({**env, "REDIS_URL": address}, folder / f"{name}.log", "--drain", "0", "--grace", "1")
            for name, address in (("near", valkey.url), ("far", redis.url))
        )
        working = worker(env, folder / "worker.log")
        await serving(stack, (near, far), working)
        yield TroubledStack(postgres, valkey, redis, near, far, working)
