"""What the probes of a real process say while real servers hang, die and come back."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.db.migrate import migrate
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.embedded.supervisor.process import ChildProcess
from tests.support.folders import short_folder
from tests.support.processes.model_server import running_model_server
from tests.support.processes.replica import Replica, client, environment, hung
from tests.support.processes.valkey import refusing
from tests.support.waiting import until


@dataclass(frozen=True)
class Stack:
    """A replica with servers of its own, which tests may disturb as long as they mend them."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    models: ChildProcess
    replica: Replica
    log: Path


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with short_folder() as folder:
        postgres = EmbeddedPostgres(folder / "postgres", durable=False)
        valkey = EmbeddedValkey(folder / "valkey")
        replica = None
        with running_model_server(folder / "models.log") as models:
            try:
                postgres.launch()
                valkey.launch()
                postgres.wait_ready()
                valkey.wait_ready()
                asyncio.run(migrate(postgres.url()))
                env = environment(database=postgres.url(), redis=valkey.url, models=models.url, folder=folder)
                replica = Replica(env, folder / "api.log", "--drain", "2", "--grace", "2")
                replica.start()
                replica.wait_ready()
                yield Stack(postgres, valkey, models.process, replica, folder / "api.log")
            finally:
                if replica is not None:
                    replica.kill()
                valkey.stop()
                postgres.stop()


@pytest.fixture
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with client(stack.replica.url, timeout=5) as http:
        yield http


def statuses(report: httpx.Response) -> dict[str, str]:
    checks: dict[str, list[dict[str, Any]]] = report.json()["checks"]
    return {name: check["status"] for name, items in checks.items() for check in items}


async def answered(
    http: httpx.AsyncClient, path: str, expected: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """Ask until the response is as expected: an outcome is remembered for a moment."""
    given: list[httpx.Response] = []

    async def as_expected() -> bool:
        given.append(await http.get(path))
        return expected(given[-1])

    await until(as_expected)
    return given[-1]


def says(status: str) -> Callable[[httpx.Response], bool]:
    return lambda response: response.json()["status"] == status


def not_ready(response: httpx.Response) -> bool:
    return response.status_code == 503


async def recovered(http: httpx.AsyncClient) -> None:
    await answered(http, "/health/deep", says("pass"))
    await answered(http, "/health/ready", says("pass"))


async def test_all_is_well_with_a_reading_of_everything(http: httpx.AsyncClient, stack: Stack) -> None:
    report = await http.get("/health/deep")
    assert report.status_code == 200
    assert report.headers["content-type"] == "application/health+json"
    body = report.json()
    assert set(statuses(report)) == {
        "postgres", "migrations", "pgvector", "pool", "queue", "clock", "redis", "models", "disk", "event_loop",
    }  # fmt: skip
    assert body["status"] == "pass", body
    assert "pgvector 0.8" in body["checks"]["pgvector"][0]["detail"]
    assert abs(body["checks"]["clock"][0]["observedValue"]) < 0.5
    assert body["checks"]["models"][0]["detail"] == "Has all-minilm."
    assert (await http.get("/health/startup")).json()["status"] == "pass"


async def test_a_hung_postgres_fails_readiness_and_never_liveness(http: httpx.AsyncClient, stack: Stack) -> None:
    """That an answer comes while the server hangs shows that no probe waits for it."""
    with hung(stack.postgres.process):
        await answered(http, "/health/ready", not_ready)
        for _ in range(3):
            live, ready, deep = [await http.get(f"/health/{path}") for path in ("live", "ready", "deep")]
            assert live.status_code == 200
            assert ready.status_code == 503
            assert (deep.status_code, deep.json()["status"]) == (503, "fail")
            found = statuses(deep)
            assert (found["postgres"], found["redis"], found["models"]) == ("fail", "pass", "pass")
    await recovered(http)
    assert (await http.get("/health/ready")).status_code == 200


async def test_a_table_that_cannot_be_read_is_named_alone(http: httpx.AsyncClient, stack: Stack) -> None:
    connection = await asyncpg.connect(stack.postgres.url())
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE pgqueuer IN ACCESS EXCLUSIVE MODE")
            deep = await answered(http, "/health/deep", says("warn"))
            ready = await http.get("/health/ready")
    finally:
        await connection.close()
    assert (ready.status_code, ready.json()["status"]) == (200, "pass")
    assert deep.status_code == 200
    assert [name for name, status in statuses(deep).items() if status != "pass"] == ["queue"]
    await recovered(http)


@pytest.mark.parametrize("server", ["redis", "models"])
async def test_what_hangs_but_is_not_needed_warns(http: httpx.AsyncClient, stack: Stack, server: str) -> None:
    with hung({"redis": stack.valkey.process, "models": stack.models}[server]):
        report = await answered(http, "/health/deep", says("warn"))
        ready = await answered(http, "/health/ready", says("warn"))
    assert report.status_code == 200
    assert statuses(report)[server] == "warn"
    assert statuses(report)["postgres"] == "pass"
    assert ready.status_code == 200
    await recovered(http)


async def test_a_dead_redis_never_fails_readiness(http: httpx.AsyncClient, stack: Stack) -> None:
    stack.valkey.stop(0)
    try:
        await answered(http, "/health/ready", says("warn"))
        for _ in range(3):
            ready = await http.get("/health/ready")
            assert (ready.status_code, ready.json()["checks"]["redis"]["status"]) == (200, "warn")
    finally:
        stack.valkey.launch()
        stack.valkey.wait_ready()
    await recovered(http)


@pytest.mark.parametrize(
    ("how", "reason"),
    [("full", "full and evicts nothing"), ("read-only", "read-only replica"), ("password", "user or password")],
)
async def test_a_redis_that_refuses_is_told_by_health_and_by_one_line_until_it_takes_writes_again(
    http: httpx.AsyncClient, stack: Stack, how: str, reason: str
) -> None:
    with refusing(stack.valkey.url, how):
        for path in ("/health/deep", "/health/ready"):
            told = await answered(http, path, lambda response: reason in response.text)
            assert (told.status_code, told.json()["status"]) == (200, "warn")
        await asyncio.sleep(1.6)  # readiness is asked anew after 1.5 seconds
        assert reason in (await http.get("/health/ready")).text
    await recovered(http)
    lines = [json.loads(line)["message"] for line in stack.log.read_text().splitlines()]
    about = [number for number, line in enumerate(lines) if reason in line and line.startswith("redis: ")]
    assert len(about) == 1
    assert "redis is well again" in lines[about[0] :]


async def test_a_replica_told_to_stop_is_not_ready_at_once_and_answers_meanwhile(
    http: httpx.AsyncClient, stack: Stack
) -> None:
    """The last of these tests: it ends the replica."""
    assert (await http.get("/health/ready")).status_code == 200
    stack.replica.terminate()
    await answered(http, "/health/ready", not_ready)
    ready = await http.get("/health/ready")
    assert (ready.status_code, list(ready.json()["checks"])) == (503, ["draining"])
    assert ready.headers["connection"] == "close"
    assert (await http.get("/health/live")).status_code == 200
    assert (await http.get("/api/documents")).status_code == 200
    await stack.replica.ended(5)
    with pytest.raises(httpx.ConnectError):
        await http.get("/health/live")
