"""What a hit costs over HTTP: throughput beside a bare route, and response times by tier under load."""

import asyncio
import json
import statistics
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil

from app.db.database import Database
from app.db.migrate import migrate
from app.domain.access.caller import AccessScope
from app.domain.access.keys import KeyGrant
from app.embedded.supervisor.probes import free_port
from app.embedded.supervisor.process import ChildProcess
from app.services.access.keys import KeyService
from tests.performance.shared.http_load import Target, arrive, saturate
from tests.performance.shared.report import Report
from tests.performance.shared.timing import REPEATS, Timing, beside_floor, several
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import REPO
from tests.support.processes.replica import Replica, client, environment, serving, worker
from tests.support.raw_http import post

CONNECTIONS = (1, 16, 64)
# Requests a second in all; a closed loop shows what is left above them.
RATES = (100, 500)
FLOOR = "bare Starlette route"
_PATH = "/api/search"
_QUESTIONS = 100
# Memory again, of a replica that asks for an API key.
KEYED = "l1 with a key"
# The tier that answers a replica with these settings, once everything was asked before.
REPLICAS: Mapping[str, Mapping[str, str]] = {
    "l1": {},
    KEYED: {"AUTH_MODE": "api_key"},
    "l2": {"L1_CACHE_ENABLED": "false"},
    "l3": {"L1_CACHE_ENABLED": "false", "L2_CACHE_ENABLED": "false"},
}
BODIES = [json.dumps({"query": f"Where is setting {number} explained?"}).encode() for number in range(_QUESTIONS)]


async def bench_http(report: Report, database: str, redis: str, folder: Path, seconds: float) -> None:
    async with _served(database, redis, folder) as targets:
        for connections in CONNECTIONS:
            await _bench_throughput(report, targets, connections, seconds)
        for rate in RATES:
            for tier in REPLICAS.keys() - {KEYED}:
                await _bench_response(report, tier, targets[tier], rate, seconds)


async def _bench_throughput(
    report: Report, targets: Mapping[str, Target], connections: int, seconds: float
) -> None:
    case = f"HTTP, {several(connections, 'connection')}"
    runs: dict[str, list[Timing]] = {name: [] for name in targets}
    spent: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(REPEATS):
        for name, target in targets.items():
            before = _processor_seconds(target.pid)
            timing = await saturate(target, connections=connections, seconds=seconds)
            runs[name].append(timing)
            answered = max(1.0, timing.per_second * seconds)
            spent[name].append((_processor_seconds(target.pid) - before) / answered)
    report.compared("http", case, beside_floor(runs))
    floor = statistics.median(spent[FLOOR])
    print("  processor time of a request:", end="")
    for name, each in spent.items():
        own = statistics.median(each)
        report.add("http", case, name, "processor_us", own * 1e6)
        report.add("http", case, name, "processor_ratio", own / floor)
        print(f"  {name} {own * 1e6:.0f} us (x{own / floor:.2f})", end="")
    key_ratio = statistics.median(a / b for a, b in zip(spent[KEYED], spent["l1"], strict=True))
    report.add("http", case, KEYED, "key_ratio", key_ratio)
    print(f"  with a key x{key_ratio:.2f} of without", flush=True)


async def _bench_response(report: Report, tier: str, target: Target, rate: int, seconds: float) -> None:
    case = f"arrivals, {rate}/s"
    runs: list[Timing] = []
    tiers: Counter[str] = Counter()
    for _ in range(REPEATS):
        timing, answered = await arrive(target, rate=rate, seconds=seconds)
        runs.append(timing)
        tiers += answered
    report.compared("http", case, beside_floor({tier: runs}), ratios=False)
    report.add("http", case, tier, "answered_by_tier", tiers[tier] / tiers.total())


def _processor_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@asynccontextmanager
async def _served(database: str, redis: str, folder: Path) -> AsyncIterator[dict[str, Target]]:
    """The floors and a replica for each tier, in processes of their own; every question was asked before."""
    await migrate(database)
    models = FakeOllama()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(models.running())
        env = environment(database=database, redis=redis, models=models.url, folder=folder)
        replicas = {
            tier: Replica({**env, **settings}, folder / f"{tier}.log", "--drain", "0", "--grace", "1")
            for tier, settings in REPLICAS.items()
        }
        working = worker(env, folder / "worker.log")
        await serving(stack, replicas.values(), working)
        await ingest(replicas["l1"])
        working.stop(5)
        key = await _made_key(database)
        for tier, replica in replicas.items():
            await known(replica, "l1" if tier == KEYED else tier, key)
        prepared = (await post(replicas["l1"].port, _PATH, json.loads(BODIES[0]))).body
        targets = {}
        for name, kind in ((FLOOR, "starlette"), ("FastAPI endpoint that does nothing", "fastapi")):
            targets[name] = await _floor(kind, prepared, folder, stack)
        for tier, replica in replicas.items():
            targets[tier] = target_of(replica.process, replica.port, key if tier == KEYED else "")
        yield targets


async def _made_key(url: str) -> str:
    database = await Database.connect(url, min_size=0, max_size=1)
    made = await KeyService(database).create("default", KeyGrant("bench", frozenset({AccessScope.READ})))
    await database.close()
    return made.secret


async def ingest(replica: Replica) -> None:
    async with client(replica.url) as http:
        files = [("files", (path.name, path.read_bytes())) for path in sorted((REPO / "docs").glob("*.md"))]
        uploaded = await http.post("/api/documents", files=files)
        uploaded.raise_for_status()
        for item in uploaded.json()["items"]:
            async with asyncio.timeout(60):
                while (await http.get(f"/api/documents/{item['id']}")).json()["status"] != "ready":
                    await asyncio.sleep(0.05)


async def known(replica: Replica, tier: str, key: str = "") -> None:
    """Wait until the replica answers every question from its tier."""
    async with asyncio.timeout(30):
        for body in BODIES:
            while (await post(replica.port, _PATH, json.loads(body), key)).json["cache"]["tier"] != tier:
                await asyncio.sleep(0.05)


async def _floor(kind: str, prepared: bytes, folder: Path, stack: AsyncExitStack) -> Target:
    file, port = folder / "prepared.json", free_port()
    file.write_bytes(prepared)
    command = [sys.executable, "-m", "tests.performance.cache.floors", kind, str(port), str(file)]
    process = ChildProcess(kind, command, cwd=REPO, log=folder / f"{kind}.log")
    stack.push_async_callback(asyncio.to_thread, process.stop, 5)
    process.start()
    async with asyncio.timeout(30):
        while True:
            try:
                await post(port, _PATH, {"query": "x"})
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return target_of(process, port)


def target_of(process: ChildProcess, port: int, key: str = "") -> Target:
    assert process.pid is not None
    return Target(process.pid, port, _PATH, BODIES, key)
