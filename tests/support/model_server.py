"""The embedded model server as a process, on a port or a socket of its own."""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.embedded.probes import free_port
from app.embedded.process import ChildProcess

REPO = Path(__file__).parents[2]
TOKEN = "a secret of the model server"


@dataclass(frozen=True, slots=True)
class RunningModelServer:
    url: str
    process: ChildProcess


@contextlib.contextmanager
def running_model_server(
    log: Path, *options: str, uds: Path | None = None, token: str = ""
) -> Iterator[RunningModelServer]:
    """Start a server with these options, wait until it answers, and stop it in the end."""
    port = free_port()
    where = ("--uds", str(uds)) if uds else ("--port", str(port))
    url = "http://localhost" if uds else f"http://127.0.0.1:{port}"
    process = ChildProcess(
        "model server",
        [sys.executable, "-m", "app.embedded.model_server", *where, *options],
        cwd=REPO,
        env={**os.environ, "LOCALCHAT_MODEL_SERVER_TOKEN": token},
        log=log,
    )
    transport = httpx.HTTPTransport(uds=str(uds) if uds else None)
    with httpx.Client(transport=transport, base_url=url, timeout=1) as probe:

        def answers() -> bool:
            if uds and not uds.exists():
                return False
            try:
                return probe.get("/").status_code in (200, 403)
            except httpx.TransportError:
                return False

        try:
            process.start()
            process.wait_until(answers, 60)
            yield RunningModelServer(url, process)
        finally:
            process.stop(5)
