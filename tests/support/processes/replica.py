"""The API and the worker as processes of their own, in front of servers that a test can stop, hang and kill."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.embedded.supervisor.probes import answers, free_port
from app.embedded.supervisor.process import ChildProcess
from tests.support.folders import REPO
from tests.support.waiting import until

_START_SECONDS = 60
SIGNING_KEYS = "k1:a secret that is long enough"


def environment(*, database: str, redis: str, models: str, folder: Path, **more: str) -> dict[str, str]:
    """What a replica reads, and nothing of the machine's own settings."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "HOME": str(folder),
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "OLLAMA_BASE_URL": models,
        # The double of Ollama calls its model by the name of one that is too small to be asked.
        "ANSWER_MODE": "generate",
        "CACHE_SIGNING_KEYS": SIGNING_KEYS,
        "DATA_DIR": str(folder),
        **more,
    }


class Replica:
    """One `localchat serve` on a port of its own."""

    def __init__(self, env: Mapping[str, str], log: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = ChildProcess(
            "API",
            [sys.executable, "-m", "app.cli", "serve", *options],
            cwd=REPO,
            env={**env, "PORT": str(self.port)},
            log=log,
        )

    def start(self) -> None:
        self.process.start()

    def wait_ready(self) -> None:
        self.process.wait_until(lambda: answers("127.0.0.1", self.port, "/health/ready"), _START_SECONDS)

    async def ready(self) -> None:
        """Wait, without stopping the test's own event loop."""

        async def is_ready() -> bool:
            assert self.process.running, self.process.last_words()
            return await asyncio.to_thread(answers, "127.0.0.1", self.port, "/health/ready")

        await until(is_ready, _START_SECONDS)

    def terminate(self) -> None:
        self.process.request_stop()

    async def ended(self, seconds: float) -> None:
        await until(lambda: not self.process.running, seconds)

    def kill(self) -> None:
        self.process.stop(0)


def worker(env: Mapping[str, str], log: Path, *, module: Sequence[str] = ("app.cli", "worker")) -> ChildProcess:
    """One worker, not started yet: `localchat worker`, or another module with its arguments."""
    return ChildProcess("worker", [sys.executable, "-m", *module], cwd=REPO, env=env, log=log)


async def serving(stack: AsyncExitStack, replicas: Iterable[Replica], *others: ChildProcess) -> None:
    """Start processes that end with the stack, and wait until the replicas are ready."""
    replicas = list(replicas)
    for process in (*(replica.process for replica in replicas), *others):
        stack.push_async_callback(asyncio.to_thread, process.stop, 5)
        process.start()
    await asyncio.gather(*(replica.ready() for replica in replicas))


@asynccontextmanager
async def api_and_worker(
    env: Mapping[str, str], folder: Path, **worker_env: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Both as processes, and a client of the API. Their logs are `api.log` and `worker.log` in the folder."""
    api = Replica(env, folder / "api.log", "--drain", "0")
    ingester = worker({**env, **worker_env}, folder / "worker.log")
    try:
        api.start()
        ingester.start()
        await api.ready()
        async with client(api.url) as http:
            yield http
    finally:
        api.terminate()
        await asyncio.to_thread(ingester.stop, 10)
        await asyncio.to_thread(api.process.stop, 10)


async def ingested(http: httpx.AsyncClient, name: str, content: bytes, **headers: str) -> dict[str, Any]:
    """Upload a document and wait until its ingestion has ended, however it did."""
    answer = await http.post("/api/documents", files={"files": (name, content)}, headers=headers)
    assert answer.status_code == 202, answer.text
    (item,) = answer.json()["items"]
    return await settled(http, item["id"])


async def settled(http: httpx.AsyncClient, document_id: str) -> dict[str, Any]:
    document: dict[str, Any] = {}

    async def ended() -> bool:
        document.update((await http.get(f"/api/documents/{document_id}")).json())
        return document["status"] not in {"queued", "processing"}

    await until(ended)
    return document


@contextmanager
def hung(process: ChildProcess) -> Iterator[None]:
    """A server that keeps its connections and accepts new ones, and answers nothing: stopped with its children."""
    assert process.pid is not None
    parent = psutil.Process(process.pid)
    family = [parent, *parent.children(recursive=True)]
    for member in family:
        member.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for member in family:
            if member.is_running():
                member.send_signal(signal.SIGCONT)


def client(url: str, *, timeout: float = 30) -> httpx.AsyncClient:
    # There is no TLS here, and reading the machine's certificates takes longer than most requests.
    return httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False, verify=False)
