"""What telling costs: requests per second of a search that memory answers, with each kind of telemetry on and off.

    python -m tests.performance.bench_telemetry [--seconds 3] [--rounds 7]

One API process for each variant, all alive at once and measured in turns by wrk with 16 connections. A collector of
our own takes the spans and throws them away. The table gives medians, and beside the requests per second the time
that one request costs the processor: a process that is always busy serves as many as that allows, and other work on
the machine hardly disturbs it.
"""

import argparse
import asyncio
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.embedded.probes import free_port
from app.embedded.process import ChildProcess
from tests.conftest import short_folder
from tests.performance.bench_database import private_database
from tests.support.replica import REPO, Replica, client, environment, ingested, worker
from tests.support.scripted_models import ScriptedModels

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
        "metrics and logs, as by default": {},
        "with traces, none sampled": {**traced, "OTEL_TRACES_SAMPLER_ARG": "0"},
        "with traces, 5 % sampled": {**traced, "OTEL_TRACES_SAMPLER_ARG": "0.05"},
        "with traces, all sampled": traced,
        "without metrics": {"ENABLE_PERF_METRICS": "false"},
        "without an access log": {"LOG_LEVEL": "WARNING"},
        "without either": {"ENABLE_PERF_METRICS": "false", "LOG_LEVEL": "WARNING"},
    }


@asynccontextmanager
async def replicas(folder: Path) -> AsyncIterator[dict[str, Replica]]:
    models = ScriptedModels()
    async with AsyncExitStack() as stack:
        _, database = await stack.enter_async_context(private_database())
        models_url = await stack.enter_async_context(models.running())
        port = free_port()
        sink = ChildProcess(
            "collector", [sys.executable, "-c", _SINK, str(port)], cwd=REPO, log=folder / "sink.log"
        )
        sink.start()
        stack.callback(sink.stop, 1)
        env = environment(database=database, redis="", models=models_url, folder=folder)
        started = {}
        for number, (name, more) in enumerate(variants(f"http://127.0.0.1:{port}").items()):
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
class Figures:
    per_second: float
    cpu_us: float


async def load(replica: Replica, script: Path, seconds: int) -> Figures:
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
    return Figures(float(found[2]), 1e6 * spent / int(found[1]))


async def main(seconds: int, rounds: int) -> None:
    with short_folder() as folder:
        script = folder / "search.lua"
        script.write_text(_SCRIPT)
        async with replicas(folder) as started:
            measured: dict[str, list[Figures]] = {name: [] for name in started}
            for replica in started.values():
                await load(replica, script, 1)
            turns = list(started.items())
            for number in range(rounds):
                # Each is first in turn: whoever is has the cooler processor.
                for name, replica in turns[number % len(turns) :] + turns[: number % len(turns)]:
                    measured[name].append(await load(replica, script, seconds))
    first = next(iter(measured.values()))
    print(f"{'a search that memory answers':34} requests/s  ratio by round   CPU us each   ratio by round")
    for name, figures in measured.items():
        rates = [figure.per_second / base.per_second for figure, base in zip(figures, first, strict=True)]
        costs = [base.cpu_us / figure.cpu_us for figure, base in zip(figures, first, strict=True)]
        print(
            f"{name:34} {statistics.median(each.per_second for each in figures):10,.0f}  {_spread(rates)}"
            f"  {statistics.median(each.cpu_us for each in figures):10.1f}   {_spread(costs)}"
        )


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.3f} ({min(ratios):.2f}-{max(ratios):.2f})"


if __name__ == "__main__":
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (apt-get install wrk)")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.seconds, arguments.rounds))
