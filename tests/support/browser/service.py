"""`localchat up` as a browser meets it, with a writer that answers at once, cites, and can be held."""

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
from tests.support.browser.model_server import HELD, HELD_IN, WRITER
from tests.support.folders import REPO, short_folder
from tests.support.processes.model_server import running_model_server

_EVERY_SCOPE = ("--scope", "write", "--scope", "admin", "--scope", "operator")
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

    def bring(self, collection: str, name: str, content: bytes, metadata: str = "{}") -> str:
        """Upload a document and wait until it is ready. Returns its id."""
        with self.client() as client:
            sent = client.post(
                "/api/documents",
                files={"files": (name, content)},
                data={"collection": collection, "metadata": metadata},
            )
            identity: str = sent.raise_for_status().json()["items"][0]["id"]
            client.get(f"/api/documents/{identity}/events").raise_for_status()
        return identity

    def new_key(self, tenant: str = "default") -> str:
        """An API key, made as an operator makes one."""
        made = subprocess.run(
            [sys.executable, "-m", "app.cli", "keys", "create", "browser", "--tenant", tenant, *_EVERY_SCOPE],
            cwd=REPO,
            env={**os.environ, "DATABASE_URL": EmbeddedPostgres(self.folder / "postgres").url()},
            check=True,
            capture_output=True,
            text=True,
        )
        return made.stdout.strip().split()[-1]


@dataclass(frozen=True, slots=True)
class Writer:
    """A model server with a writer that tests can hold."""

    url: str
    folder: Path

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Every answer stops after its first words until the end of this."""
        mark = self.folder / HELD
        mark.touch()
        try:
            yield
        finally:
            mark.unlink()


@contextlib.contextmanager
def running_writer() -> Iterator[Writer]:
    with (
        short_folder() as folder,
        running_model_server(
            folder / "models.log", "--slots", "parallel", module=_MODEL_SERVER, environment={HELD_IN: str(folder)}
        ) as models,
    ):
        yield Writer(models.url, folder)


@contextlib.contextmanager
def running_service(writer: Writer, **settings: str) -> Iterator[Service]:
    """A service of its own with these settings, which is stopped in the end."""
    port = free_port()
    with short_folder() as folder:
        environment = {name: value for name, value in os.environ.items() if name not in _OURS}
        process = ChildProcess(
            "LocalChat",
            [sys.executable, "-m", "app.cli", "up"],
            cwd=REPO,
            env={
                **environment,
                "DATA_DIR": str(folder),
                "PORT": str(port),
                "OLLAMA_BASE_URL": writer.url,
                "CHAT_MODEL": WRITER,
                **settings,
            },
            log=folder / "up.log",
        )
        process.start()
        try:
            process.wait_until(lambda: answers("127.0.0.1", port, "/health/ready"), _START_SECONDS)
            yield Service(f"http://127.0.0.1:{port}/", folder)
        finally:
            process.stop(15)
