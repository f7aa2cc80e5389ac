"""What telling costs: requests per second of a search that memory answers, with each kind of telemetry on and off.

    python -m tests.performance.telemetry [--seconds 1] [--rounds 28]

One API process for each variant, all alive at once and measured in turns by wrk with 16 connections. A collector of
our own takes the spans and throws them away. Figures are medians, ratios the medians of the ratios within a round.
Beside the requests per second stands the time that one request costs the processor: a process that is always busy
serves as many as that allows, and other work on the machine disturbs it less. A run replaces
docs/benchmarks/telemetry.tsv.
"""

import argparse
import asyncio
import re
import shutil
import socket
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.embedded.supervisor.probes import free_port
from app.embedded.supervisor.process import ChildProcess
from tests.performance.shared.database import private_database
from tests.performance.shared.figures import Figure, keep, show
from tests.performance.telemetry.inside import measure
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import REPO, short_folder
from tests.support.processes.replica import Replica, client, environment, ingested, worker

FIGURES = REPO / "docs" / "benchmarks" / "telemetry.tsv"
RATES = "a search that memory answers, requests/s by wrk with 16 connections"
COSTS = "the same, processor time of one"
BASE, FIVE_PERCENT = "metrics and logs, as by default", "with traces, 5 % sampled"
# Of the requests/s without traces.
AIM = 0.9
QUERY = "Where is the harbour?"
TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide.\n\n" * 20

_SCRIPT = f"""
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{{"query": "{QUERY}"}}'
"""
_SINK = """
import asyncio, sys
async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\\r\\n")[0]))
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()
asyncio.run(main())
"""


def variants(collector: str) -> dict[str, dict[str, str]]:
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector}
    return {
        BASE: {},
        "with traces, none sampled": {**traced, "OTEL_TRACES_SAMPLER_ARG": "0"},
        FIVE_PERCENT: {**traced, "OTEL_TRACES_SAMPLER_ARG": "0.05"},
        "with traces, all sampled": traced,
        "without metrics": {"ENABLE_PERF_METRICS": "false"},
        "without an access log": {"LOG_LEVEL": "WARNING"},
        "without either": {"ENABLE_PERF_METRICS": "false", "LOG_LEVEL": "WARNING"},
    }


@contextmanager
def sink(folder: Path) -> Iterator[str]:
    port = free_port()
    process = ChildProcess("sink", [sys.executable, "-c", _SINK, str(port)], cwd=REPO, log=folder / "sink.log")
    process.start()
    try:
        process.wait_until(lambda: connects(port), 10)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop(1)


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@asynccontextmanager
async def replicas(folder: Path, collector: str) -> AsyncIterator[dict[str, Replica]]:
    models = FakeOllama()
    async with AsyncExitStack() as stack:
        _, database = await stack.enter_async_context(private_database())
        await stack.enter_async_context(models.running())
        env = environment(database=database, redis="", models=models.url, folder=folder)
        started = {}
        for number, (name, more) in enumerate(variants(collector).items()):
            started[name] = Replica({**env, **more}, folder / f"api-{number}.log")
            started[name].start()
            stack.callback(started[name].kill)
        ingester = worker(env, folder / "worker.log")
        ingester.start()
        stack.callback(ingester.stop, 5)
        for replica in started.values():
            await replica.ready()
        async with client(next(iter(started.values())).url) as http:
            assert (await ingested(http, "harbour.txt", TEXT.encode()))["status"] == "ready"
        await asyncio.to_thread(ingester.stop, 10)
        for replica in started.values():
            async with client(replica.url) as http:
                for _ in range(3):
                    await http.post("/api/search", json={"query": QUERY})
                answer = await http.post("/api/search", json={"query": QUERY})
                assert answer.json()["cache"]["tier"] == "l1"
        yield started


@dataclass(frozen=True)
class Load:
    per_second: float
    cpu_us: float


async def load(replica: Replica, script: Path, seconds: int) -> Load:
    process = psutil.Process(replica.process.pid)
    before = sum(process.cpu_times()[:2])
    wrk = await asyncio.create_subprocess_exec(
        "wrk",
        "-t1",
        "-c16",
        f"-d{seconds}s",
        "-s",
        str(script),
        f"{replica.url}/api/search",
        stdout=subprocess.PIPE,
    )
    output = (await wrk.communicate())[0].decode()
    assert "Non-2xx" not in output, output
    found = re.search(r"(\d+) requests in .*Requests/sec:\s+([\d.]+)", output, re.DOTALL)
    assert found, output
    spent = sum(process.cpu_times()[:2]) - before
    return Load(float(found[2]), 1e6 * spent / int(found[1]))


async def main(seconds: int, rounds: int) -> list[Figure]:
    with short_folder() as folder, sink(folder) as collector:
        inside = await measure(collector)
        script = folder / "search.lua"
        script.write_text(_SCRIPT)
        async with replicas(folder, collector) as started:
            measured: dict[str, list[Load]] = {name: [] for name in started}
            for replica in started.values():
                await load(replica, script, 1)
            turns = list(started.items())
            for number in range(rounds):
                # Each is first in turn: whoever is has the cooler processor.
                for name, replica in turns[number % len(turns) :] + turns[: number % len(turns)]:
                    measured[name].append(await load(replica, script, seconds))
    first, *_ = measured.values()
    rates, costs = [], []
    for name, figures in measured.items():
        pairs = list(zip(figures, first, strict=True))
        aim = AIM if name == FIVE_PERCENT else None
        rate = statistics.median(each.per_second for each in figures)
        faster = statistics.median(figure.per_second / base.per_second for figure, base in pairs)
        rates.append(Figure(RATES, name, rate, "requests/s", faster, BASE, aim))
        cost = statistics.median(each.cpu_us for each in figures)
        cheaper = statistics.median(base.cpu_us / figure.cpu_us for figure, base in pairs)
        costs.append(Figure(COSTS, name, cost, "us", cheaper, BASE, aim))
    show(RATES, rates)
    show(COSTS, costs)
    return [*rates, *costs, *inside]


if __name__ == "__main__":
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (apt-get install wrk)")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=28)
    arguments = parser.parse_args()
    keep(asyncio.run(main(arguments.seconds, arguments.rounds)), FIGURES)
