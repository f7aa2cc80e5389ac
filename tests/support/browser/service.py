"""`localchat up` as a browser meets it, with a writer that answers at once and cites."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.supervisor.probes import answers, free_port
from app.embedded.supervisor.process import ChildProcess
from tests.support.browser.model_server import WRITER
from tests.support.folders import REPO, short_folder
from tests.support.processes.model_server import running_model_server

_START_SECONDS = 150.0
_MODEL_SERVER = "tests.support.browser.model_server"
_OURS = ("DATABASE_URL", "REDIS_URL", "OLLAMA_BASE_URL", "CACHE_SIGNING_KEYS", "DATA_DIR", "HOST", "PORT")


@dataclass(frozen=True, slots=True)
class Service:
    """`url` is where its page is, with a slash at the end."""

    url: str
    folder: Path

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 80

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def new_key(self) -> str:
        """An API key, made as an operator makes one."""
        with _database_of(self.folder) as url:
            command = [sys.executable, "-m", "app.cli", "keys", "create", "browser"]
            made = subprocess.run(
                command,
                cwd=REPO,
                env={**os.environ, "DATABASE_URL": url},
                check=True,
                capture_output=True,
                text=True,
            )
        return made.stdout.strip().split()[-1]


@contextlib.contextmanager
def running_service(**settings: str) -> Iterator[Service]:
    """A service of its own with these settings, which is stopped in the end."""
    port = free_port()
    with short_folder() as folder:
        logs = folder / "log"
        logs.mkdir()
        with running_model_server(logs / "models.log", module=_MODEL_SERVER) as models:
            environment = {name: value for name, value in os.environ.items() if name not in _OURS}
            process = ChildProcess(
                "LocalChat",
                [sys.executable, "-m", "app.cli", "up"],
                cwd=REPO,
                env={
                    **environment,
                    "DATA_DIR": str(folder),
                    "PORT": str(port),
                    "OLLAMA_BASE_URL": models.url,
                    "CHAT_MODEL": WRITER,
                    **settings,
                },
                log=logs / "up.log",
            )
            process.start()
            try:
                process.wait_until(lambda: answers("127.0.0.1", port, "/health/ready"), _START_SECONDS)
                yield Service(f"http://127.0.0.1:{port}/", folder)
            finally:
                process.stop(15)


@contextlib.contextmanager
def _database_of(folder: Path) -> Iterator[str]:
    """The address of the database that a service keeps in a folder, and which runs."""
    yield EmbeddedPostgres(folder / "postgres").url()
