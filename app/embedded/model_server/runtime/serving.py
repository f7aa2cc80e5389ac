"""The process: a socket that only its owner reaches, and uvicorn on it."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal

import uvicorn
from starlette.applications import Starlette

from app.embedded.model_server.runtime.config import ModelServerConfig

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Ends by returning. uvicorn's own server would raise the signal again, and end before any clean-up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        yield


def serve(
    app: Starlette, config: ModelServerConfig, *, http: type[asyncio.Protocol] | Literal["httptools"]
) -> None:
    """Serve until SIGTERM or SIGINT; requests in progress then get a second to end. `http`: uvicorn's protocol."""
    listener = _unix_socket(config.uds) if config.uds else tcp_socket(config.host, config.port)
    where = str(config.uds) if config.uds else "http://{}:{}".format(*listener.getsockname()[:2])
    server = Server(
        uvicorn.Config(
            app,
            http=http,
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    log.info("listening on %s", where)
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        if config.uds:
            config.uds.unlink(missing_ok=True)


def tcp_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, for asyncio sets TCP_NODELAY on connections of this protocol alone: without it each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _unix_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(previous)
    return listener
