"""The embedded model server as a process, on a port or a socket of its own, with faults and a fake model."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.embedded.supervisor.probes import free_port
from app.embedded.supervisor.process import ChildProcess
from tests.support.folders import REPO

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
        [sys.executable, "-m", "tests.support.model_server", *where, *options],
        cwd=REPO,
        env={**os.environ, "LOCALCHAT_MODEL_SERVER_TOKEN": token},
        log=log,
    )
    with httpx.Client(base_url=url, timeout=1, trust_env=False) as probe:

        def answers() -> bool:
            if uds:
                return accepts(uds)
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


def accepts(path: Path) -> bool:
    """Whether a unix socket takes connections, tried without httpx, which leaks the sockets it cannot connect."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True
