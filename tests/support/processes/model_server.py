"""The embedded model server as a process, on a port or a socket of its own."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import httpx

from app.embedded.supervisor.probes import free_port
from app.embedded.supervisor.process import ChildProcess
from tests.support.folders import REPO

TOKEN = "a secret of the model server"
AS_SHIPPED = "app.embedded.model_server"
WITH_FAULTS = "tests.support.model_server"


class ModelServer:
    """Started again after it was stopped, it has the same address."""

    def __init__(
        self,
        log: Path,
        *options: str,
        module: str = WITH_FAULTS,
        uds: Path | None = None,
        token: str = "",
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        port = free_port()
        where = ("--uds", str(uds)) if uds else ("--port", str(port))
        self.url = "http://localhost" if uds else f"http://127.0.0.1:{port}"
        self._uds = uds
        self.process = ChildProcess(
            "model server",
            [sys.executable, "-m", module, *where, *options],
            cwd=REPO,
            env={**os.environ, **environment, "LOCALCHAT_MODEL_SERVER_TOKEN": token},
            log=log,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process.start()
        with httpx.Client(base_url=self.url, timeout=1, trust_env=False) as probe:
            self.process.wait_until(lambda: self._answers(probe), 60)

    def stop(self) -> None:
        self.process.stop(5)

    def kill(self) -> None:
        self.process.stop(0)

    def _answers(self, probe: httpx.Client) -> bool:
        if self._uds:
            return accepts(self._uds)
        try:
            return probe.get("/").status_code in (200, 403)
        except httpx.TransportError:
            return False


@contextlib.contextmanager
def running_model_server(
    log: Path,
    *options: str,
    module: str = WITH_FAULTS,
    uds: Path | None = None,
    token: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[ModelServer]:
    """A server with these options, which stops in the end."""
    server = ModelServer(log, *options, module=module, uds=uds, token=token, environment=environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def accepts(path: Path) -> bool:
    """Whether a unix socket takes connections, tried without httpx, which leaks the sockets it cannot connect."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True
