"""Valkey as it is run elsewhere: on TCP, with settings of its own, as a cluster, and watched by Sentinel."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import redis

from app.embedded.services.valkey import server_binary
from app.embedded.supervisor.probes import free_port
from app.embedded.supervisor.process import ChildProcess

_SLOTS = 16_384
_PASSWORD = "secret"
_START_SECONDS = 60


@dataclass(frozen=True)
class ValkeyServer:
    """A server on a port of loopback."""

    port: int
    process: ChildProcess

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def ask(self, *command: str | int) -> Any:
        with contextlib.closing(redis.Redis(port=self.port, decode_responses=True)) as client:
            return client.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py leaves it untyped

    def asked(self, *command: str | int) -> Any:
        """What it answers; None while it does not."""
        with contextlib.suppress(redis.RedisError, OSError):
            return self.ask(*command)
        return None

    def configure(self, **settings: str | int) -> None:
        for name, value in settings.items():
            self.ask("CONFIG", "SET", name.replace("_", "-"), value)


# How a Redis that answers can refuse what the cache writes, or everything: what makes it so, and what ends it.
_REFUSALS: dict[str, tuple[str, str]] = {
    "full": ("CONFIG SET maxmemory-policy noeviction maxmemory 1", "CONFIG SET maxmemory 0"),
    "read-only": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "lonely": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    "password": (f"CONFIG SET requirepass {_PASSWORD}", "CONFIG SET requirepass nopass"),
}
REFUSALS = tuple(_REFUSALS)


@contextlib.contextmanager
def refusing(url: str, how: str) -> Iterator[None]:
    """One of `REFUSALS`, of the server at an address. Clients that are there already meet it too."""

    def ask(command: str, password: str | None = None) -> None:
        with contextlib.closing(redis.Redis.from_url(url, password=password)) as client:
            words = ["" if word == "nopass" else word for word in command.split()]
            client.execute_command(*words)  # type: ignore[no-untyped-call] # redis-py leaves it untyped

    begin, end = _REFUSALS[how]
    password = _PASSWORD if how == "password" else None
    ask(begin)
    try:
        ask("CLIENT KILL TYPE normal", password)
        yield
    finally:
        ask(end, password)


@contextlib.contextmanager
def running_valkey(folder: Path, *options: str, config: str = "") -> Iterator[ValkeyServer]:
    """A server that keeps nothing, with `options`, or with a `config` file that it may rewrite."""
    port = free_port()
    folder.mkdir(parents=True)
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *options]
    if config:
        (folder / "server.conf").write_text(config)
        arguments = [str(folder / "server.conf"), *arguments]
    process = ChildProcess("Valkey", [server_binary(), *arguments], log=folder / "server.log")
    server = ValkeyServer(port, process)
    try:
        process.start()
        process.wait_until(lambda: bool(server.asked("PING")), _START_SECONDS)
        yield server
    finally:
        process.stop(3)


@contextlib.contextmanager
def running_cluster(folder: Path, size: int = 3) -> Iterator[list[ValkeyServer]]:
    """A cluster of primaries, each with its share of the slots, which all know one another."""
    with contextlib.ExitStack() as stack:
        servers: list[ValkeyServer] = []
        for number in range(size):
            bus = ("--cluster-port", str(free_port()))
            # Long, since none of them dies and a busy machine must not look like it.
            patience = ("--cluster-node-timeout", "60000")
            server = stack.enter_context(
                running_valkey(folder / str(number), "--cluster-enabled", "yes", *bus, *patience)
            )
            first, last = number * _SLOTS // size, (number + 1) * _SLOTS // size - 1
            server.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
            server.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if servers:
                server.ask(
                    "CLUSTER",
                    "MEET",
                    "127.0.0.1",
                    servers[0].port,
                    servers[0].ask("CONFIG", "GET", "cluster-port")["cluster-port"],
                )
            servers.append(server)
        for server in servers:
            server.process.wait_until(partial(_complete, server, size), _START_SECONDS)
        yield servers


def cluster_address(servers: Sequence[ValkeyServer]) -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in servers)


def _complete(server: ValkeyServer, size: int) -> bool:
    told = server.ask("CLUSTER", "INFO")
    state = told if isinstance(told, dict) else dict(line.split(":") for line in told.split())
    return state["cluster_state"] == "ok" and int(state["cluster_size"]) == size
