"""SIGTERM under load: answers finish or say why not, jobs are handed back, a rolling restart loses nothing."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.proxy import Proxy
from tests.support.processes.replica import Replica, client, environment, ingested, settled, worker
from tests.support.waiting import until

ASKED_ON_ONE_CONNECTION = 3
TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide."


@dataclass
class Stage:
    """Servers for replicas to stand on, and a document that every question finds."""

    env: dict[str, str]
    folder: Path
    database_url: str
    models: FakeOllama
    _names: "itertools.count[int]" = field(default_factory=itertools.count)

    def replica(self, *options: str) -> Replica:
        return Replica(self.env, self.folder / f"api-{next(self._names)}.log", *options)


@pytest.fixture
async def stage(database_url: str, valkey_url: str) -> AsyncIterator[Stage]:
    models = FakeOllama()
    with short_folder() as folder:
        async with models.running():
            env = environment(
                database=database_url, redis=valkey_url, models=models.url, folder=folder, BATCH_MAX_WORKERS="32"
            )
            yield Stage(env, folder, database_url, models)


async def begin(stage: Stage, *replicas: Replica) -> None:
    """Start replicas and a worker, which ends once there is something to find."""
    worked = worker(stage.env, stage.folder / "worker.log")
    try:
        for process in (worked, *(replica.process for replica in replicas)):
            process.start()
        for replica in replicas:
            await replica.ready()
        async with client(replicas[0].url) as http:
            assert (await ingested(http, "harbour.txt", TEXT.encode()))["status"] == "ready"
    finally:
        worked.stop(0)


async def stream(http: httpx.AsyncClient, question: str) -> list[tuple[str, Any]]:
    """The events of one answer."""
    events: list[tuple[str, Any]] = []
    name = ""
    async with http.stream("POST", "/api/chat", json={"question": question, "cache": "bypass"}) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    return events


async def test_at_the_deadline_streams_have_finished_or_end_with_a_shutdown_error(stage: Stage) -> None:
    replica = stage.replica("--drain", "0", "--grace", "2")
    try:
        await begin(stage, replica)
        async with client(replica.url) as http:
            short = [asyncio.create_task(stream(http, f"Where is harbour {n}? word:40")) for n in range(10)]
            endless = [asyncio.create_task(stream(http, f"Where is granite {n}? word:9999")) for n in range(10)]
            await until(lambda: stage.models.chats == 20)
            whole = asyncio.create_task(
                http.post("/api/chat", json={"question": "Where is it? word:9999", "stream": False})
            )
            await until(lambda: stage.models.chats == 21)
            replica.terminate()
            for task in short:
                events = await task
                assert events[-1][0] == "done"
                assert sum(name == "delta" for name, _ in events) >= 1
                assert sum(name in {"done", "error"} for name, _ in events) == 1
            for task in endless:
                events = await task
                last, data = events[-1]
                assert (last, data["problem"]["code"], data["retryable"]) == ("error", "shutdown", True)
                assert any(name == "delta" for name, _ in events)
                assert sum(name in {"done", "error"} for name, _ in events) == 1
            answer = await whole
            assert (answer.status_code, answer.json()["code"]) == (503, "shutdown")
            assert answer.headers["retry-after"]
        await replica.ended(5)
    finally:
        replica.kill()


async def test_a_worker_that_is_stopped_hands_its_job_back_and_another_finishes_it_at_once(stage: Stage) -> None:
    replica = stage.replica()
    stage.models.request_seconds = 0.3
    first, second = (worker(stage.env, stage.folder / f"worker-{n}.log") for n in range(2))
    try:
        first.start()
        replica.start()
        await replica.ready()
        async with client(replica.url) as http:
            text = "\n\n".join(f"# Part {n}\n\n{TEXT} {n}" for n in range(300))
            answer = await http.post("/api/documents", files={"files": ("long.md", text.encode())})
            (item,) = answer.json()["items"]
            await until(lambda: stage.models.batches)
            first.request_stop()
            await until(lambda: not first.running)
            connection = await asyncpg.connect(stage.database_url)
            try:
                # Not "picked", which another worker would take over only after ten seconds.
                assert [tuple(row) for row in await connection.fetch("SELECT status FROM pgqueuer")] == [
                    ("queued",)
                ]
            finally:
                await connection.close()
            stage.models.request_seconds = 0.0
            second.start()
            found = await settled(http, item["id"])
            assert found["status"] == "ready"
            assert found["embedded_count"] + found["reused_count"] == found["chunk_count"]
    finally:
        for process in (first, second):
            process.stop(0)
        replica.kill()


@dataclass
class Visitors:
    """Clients that ask until they are told to stop, each the next thing as soon as the last is answered."""

    url: str
    served: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def question(self, http: httpx.AsyncClient) -> None:
        events = await stream(http, f"Where is harbour {next(self._numbers)}? word:30")
        assert events[-1][0] == "done", events[-1]

    async def whole_answer(self, http: httpx.AsyncClient) -> None:
        body = {"question": f"Where is granite {next(self._numbers)}? word:10", "stream": False}
        answer = await http.post("/api/chat", json=body)
        assert answer.status_code == 200, answer.text

    async def search(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/api/search", json={"query": f"tide {next(self._numbers) % 50}"})
        assert answer.status_code == 200, answer.text

    async def upload(self, http: httpx.AsyncClient) -> None:
        files = {"files": ("new.txt", f"{TEXT} {next(self._numbers)}".encode())}
        answer = await http.post("/api/documents", files=files)
        assert answer.status_code == 202, answer.text

    async def keep_asking(self, ask: Callable[[httpx.AsyncClient], Awaitable[None]], name: str) -> None:
        while not self.over.is_set():
            async with client(self.url) as http:
                for _ in range(ASKED_ON_ONE_CONNECTION):
                    if self.over.is_set():
                        return
                    try:
                        await ask(http)
                    except (httpx.HTTPError, AssertionError) as error:
                        self.failed.append(f"{name}: {type(error).__name__} {error}")
                    self.served[name] += 1
                    await asyncio.sleep(0.1)

    def begin(self) -> "list[asyncio.Task[None]]":
        kinds = [(self.question, 8), (self.whole_answer, 2), (self.search, 3), (self.upload, 1)]
        return [
            asyncio.create_task(self.keep_asking(ask, ask.__name__)) for ask, count in kinds for _ in range(count)
        ]


async def test_a_rolling_restart_of_two_replicas_under_load_fails_no_request(stage: Stage) -> None:
    replicas = [stage.replica("--drain", "3", "--grace", "20") for _ in range(4)]
    old, new = replicas[:2], replicas[2:]
    ready = {replica.port for replica in old}
    try:
        await begin(stage, *old)
        async with Proxy([replica.port for replica in replicas]).running() as proxy:
            await proxy.settled(ready)
            visitors = Visitors(proxy.url)
            load = visitors.begin()
            await until(lambda: set(proxy.passed) == ready)
            for leaving, coming in zip(old, new, strict=True):
                leaving.terminate()
                coming.start()
                await leaving.ended(25)
                ready = ready - {leaving.port} | {coming.port}
                await proxy.settled(ready)
                await until(partial(proxy.passed.get, coming.port))
            visitors.over.set()
            await asyncio.gather(*load)
        assert visitors.failed == []
        assert min(visitors.served.values()) >= 10, visitors.served
    finally:
        for replica in replicas:
            replica.kill()
