"""`localchat up`: runs the servers that no setting names, the migrations, the API and the worker."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Protocol

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.embedded.supervisor.data_dir import (
    API_KEY_PEPPER,
    MODEL_SERVER_URL,
    held_data_dir,
    keep_secret,
    kept_secret,
)
from app.embedded.supervisor.guard import end_with_parent
from app.embedded.supervisor.probes import (
    OLLAMA_PORT,
    answers,
    bracketed,
    free_port,
    ollama_listens,
    reachable_host,
    require_free_port,
)
from app.embedded.supervisor.process import ChildProcess, StartFailed
from app.settings import NO_RERANKER, Settings

_START_SECONDS = 60.0
_STOP_SECONDS = 4.0  # for each of the two rounds of a stop, so that it ends within ten
_TICK_SECONDS = 0.2
_TICKS_BETWEEN_TRIMS = 300
_MAX_DEATHS = 5
_HEALTHY_SECONDS = 60.0
TOKEN_VARIABLE = "LOCALCHAT_MODEL_SERVER_TOKEN"  # noqa: S105 - the name of a variable
_PYTHON = (sys.executable, "-P", "-m")


class Service(Protocol):
    """A supervised server."""

    @property
    def process(self) -> ChildProcess: ...
    def launch(self) -> None: ...
    def wait_ready(self, seconds: float) -> None: ...


@dataclass(slots=True)
class Command:
    """A service that is one of our own commands, ready when `ready()` says so."""

    process: ChildProcess
    ready: Callable[[], bool] = lambda: True

    def launch(self) -> None:
        self.process.start()

    def wait_ready(self, seconds: float) -> None:
        self.process.wait_until(self.ready, seconds)


@dataclass(slots=True)
class Supervised:
    """A service with the history that decides when it is started again."""

    service: Service
    launched: bool = False
    deaths: int = 0
    started_at: float = 0.0
    restart_at: float | None = None

    def launch(self) -> None:
        self.started_at, self.restart_at = time.monotonic(), None
        self.service.launch()
        self.launched = True

    def tend(self, announce: Callable[[str], None]) -> None:
        """Start it again after 1, 2, 4, … s when it has ended.

        Raises:
            StartFailed: it ended `_MAX_DEATHS` times without a healthy minute in between.
        """
        now = time.monotonic()
        process = self.service.process
        if self.restart_at is not None:
            if now >= self.restart_at:
                self.launch()
                self.service.process.release()
        elif not process.running:
            self.deaths = 1 if now - self.started_at > _HEALTHY_SECONDS else self.deaths + 1
            ending = f"the {process.name} ended with code {process.exit_code}{process.last_words()}"
            if self.deaths >= _MAX_DEATHS:
                raise StartFailed(f"{ending}; it keeps failing, so LocalChat stops")
            pause = 2 ** (self.deaths - 1)
            announce(f"{ending}; starting it again in {pause} s")
            self.restart_at = now + pause


class Supervisor:
    """Starts everything, keeps it running, and stops it in order. Call from the main thread."""

    def __init__(self, settings: Settings, *, announce: Callable[[str], None]) -> None:
        self._settings = settings
        self._announce = announce
        self._stores: list[Supervised] = []
        self._apps: list[Supervised] = []
        self._environment = {
            **os.environ,
            "DATA_DIR": str(settings.data_dir),
            "HOST": settings.host,
            "PORT": str(settings.port),
        }

    def run(self, *, stop_with_parent: bool = False) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP.

        Raises:
            StartFailed: something cannot be started or kept running. Everything is stopped by then.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        if stop_with_parent:
            end_with_parent(signal.SIGTERM)
        try:
            with held_data_dir(self._settings.data_dir):
                try:
                    self._start()
                    self._watch()
                finally:
                    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                        signal.signal(number, signal.SIG_IGN)
                    self._stop()
        except KeyboardInterrupt:
            self._announce("Stopped")

    def _start(self) -> None:
        started = time.monotonic()
        settings = self._settings
        require_free_port(settings.host, settings.port)
        self._add_models()
        self._add_valkey()
        self._add_postgres()
        if not settings.api_key_pepper:
            self._environment["API_KEY_PEPPER"] = kept_secret(settings.data_dir, API_KEY_PEPPER)
        if not settings.cache_signing_keys:
            self._environment["CACHE_SIGNING_KEYS"] = f"local:{kept_secret(settings.data_dir, 'cache_signing_key')}"
        host = reachable_host(settings.host)
        grace = f"{_STOP_SECONDS - 1:g}"
        worker = self._worker_metrics(host)
        api = self._command(
            "API",
            "serve",
            "--held",
            "--drain",
            "0",
            "--grace",
            grace,
            held=True,
            ready=lambda: answers(host, settings.port, "/health/ready"),
        )
        # The API loads its code while the stores start; the worker, which nobody waits for, comes last.
        self._apps = [Supervised(api), Supervised(self._command("worker", "worker", env=worker))]
        self._apps[0].launch()
        for store in self._stores:
            store.launch()
        self._migrate()
        for store in self._stores:
            store.service.wait_ready(_START_SECONDS)
        api.process.release()
        api.wait_ready(_START_SECONDS)
        self._apps[1].launch()
        seconds = time.monotonic() - started
        address = f"http://{bracketed(host)}:{settings.port}"
        self._announce(f"LocalChat is ready at {address} after {seconds:.1f} s (Ctrl-C stops it)")

    def _worker_metrics(self, host: str) -> dict[str, str]:
        """Tell the API where the worker's metrics are, and return the worker's own settings."""
        if self._settings.worker_metrics_port is not None:
            port, told = self._settings.worker_metrics_port, {}
        else:
            # Nobody asked for the port, so it is closed to other machines.
            host, port = "127.0.0.1", free_port()
            told = {"HOST": host, "WORKER_METRICS_PORT": str(port)}
        self._environment.setdefault("WORKER_METRICS_URL", f"http://{bracketed(host)}:{port}")
        return told

    def _add_postgres(self) -> None:
        if self._settings.database_url:
            self._environment["DATABASE_URL"] = self._settings.database_url
            return
        folder = self._settings.data_dir / "postgres"
        if not folder.exists():
            self._announce("Making the database")
        server = EmbeddedPostgres(folder, log=self._log("postgres"))
        self._environment["DATABASE_URL"] = server.url()
        self._stores.append(Supervised(server))

    def _add_valkey(self) -> None:
        if self._settings.redis_url:
            self._environment["REDIS_URL"] = self._settings.redis_url
            return
        server = EmbeddedValkey(self._settings.data_dir / "valkey", log=self._log("valkey"))
        self._environment["REDIS_URL"] = server.url
        self._stores.append(Supervised(server))

    def _add_models(self) -> None:
        """Name an Ollama where there is one, and a reranker where one is set; start a server for what is left."""
        models, reranker = ",".join(self._settings.ollama_base_url), self._settings.rerank_base_url
        file = self._settings.chat_model_file
        if models and file:
            raise StartFailed(
                "CHAT_MODEL_FILE needs the embedded model server, in whose place OLLAMA_BASE_URL names one"
            )
        if not models and not file and ollama_listens():
            models = f"http://127.0.0.1:{OLLAMA_PORT}"
            self._announce(f"Using the Ollama that listens on 127.0.0.1:{OLLAMA_PORT}")
        if not models or not (reranker or self._settings.rerank_model == NO_RERANKER):
            url = keep_secret(self._settings.data_dir, MODEL_SERVER_URL, self._add_model_server())
            models, reranker = models or url, reranker or url
        self._environment["OLLAMA_BASE_URL"] = models
        if reranker:
            self._environment["RERANK_BASE_URL"] = reranker

    def _add_model_server(self) -> str:
        port, token = free_port(), secrets.token_urlsafe(32)
        options = ["app.embedded.model_server", "--host", "127.0.0.1", "--port", str(port), "--slots", "parallel"]
        if self._settings.chat_model_file:
            options += ["--chat-model-file", str(self._settings.chat_model_file)]
            options += ["--chat-context", str(self._settings.chat_max_context)]
        process = ChildProcess(
            "model server",
            (*_PYTHON, *options),
            env={**self._environment, TOKEN_VARIABLE: token},
            log=self._log("model-server"),
        )
        ready = partial(answers, "127.0.0.1", port, "/api/version", token=token)
        self._stores.append(Supervised(Command(process, ready)))
        return f"http://localchat:{token}@127.0.0.1:{port}"

    def _migrate(self) -> None:
        """Migrate in a process of its own, which keeps the migration tools out of the memory of this one."""
        process = self._command("migration", "migrate", "--wait", f"{_START_SECONDS:g}").process
        process.start()
        process.wait_ended(_START_SECONDS * 10)

    def _command(
        self,
        name: str,
        *arguments: str,
        held: bool = False,
        ready: Callable[[], bool] = lambda: True,
        env: Mapping[str, str] = MappingProxyType({}),
    ) -> Command:
        argv = (*_PYTHON, "app.cli", *arguments)
        log = self._log(name.lower())
        return Command(ChildProcess(name, argv, env={**self._environment, **env}, log=log, held=held), ready)

    def _log(self, name: str) -> Path:
        return self._settings.data_dir / "logs" / f"{name}.log"

    def _watch(self) -> None:
        for tick in count():
            for supervised in (*self._stores, *self._apps):
                supervised.tend(self._announce)
                if tick % _TICKS_BETWEEN_TRIMS == 0:
                    supervised.service.process.trim_log()
            time.sleep(_TICK_SECONDS)

    def _stop(self) -> None:
        """Stop the API and the worker first, side by side, then the servers that they use."""
        for group in (self._apps, self._stores):
            processes = [item.service.process for item in group if item.launched]
            for process in processes:
                process.request_stop()
            deadline = time.monotonic() + _STOP_SECONDS
            for process in processes:
                process.stop(max(0.0, deadline - time.monotonic()))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
