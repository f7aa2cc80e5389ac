"""Serves the API with graceful draining: readiness fails first, the listener closes `drain` seconds later."""

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from threading import Event
from types import FrameType

import uvicorn

from app.cli.http_protocol import HttpProtocol
from app.lifespan import api_lifespan
from app.main import create_app
from app.settings import Settings
from app.telemetry.logging import configure_logging
from app.telemetry.tracing import Tracing

_CLOSE = (b"connection", b"close")


def serve(settings: Settings, *, drain: float, grace: int) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: with the addresses of every server.
        drain: seconds between SIGTERM and the closing of the listener; not ready, but answering.
        grace: seconds that open requests have from then on.
    """
    configure_logging(settings.log_level, settings.log_format, service="api")
    draining = Event()
    tracing = Tracing.to(settings.otel_exporter_otlp_endpoint, service="api", version=version("localchat"))
    app = create_app(settings, lifespan=partial(api_lifespan, draining=draining.is_set), tracing=tracing)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        ws="none",
        http=HttpProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=grace,
    )
    try:
        DrainingServer(config, drain=drain, on_stop=draining.set).run()
    finally:
        tracing.close()


class DrainingServer(uvicorn.Server):
    """Accepts requests for `drain` seconds after SIGTERM, because load balancers learn of a stop too late.

    From the signal on every response ends its connection, so that clients open their next one elsewhere. A second
    signal, and SIGINT, end the wait.
    """

    def __init__(self, config: uvicorn.Config, *, drain: float, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain = drain
        self._on_stop = on_stop
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        first, self._stopping = not self._stopping, True
        self._on_stop()
        if self._loop is None or not self.started or not first or sig != signal.SIGTERM or not self._drain:
            super().handle_exit(sig, frame)
            return
        # A signal may come between any two instructions, so the handler only schedules the drain.
        self._loop.call_soon_threadsafe(self._begin_drain, sig)

    def _begin_drain(self, sig: int) -> None:
        assert self._loop is not None
        # The server makes its default headers from these once a second.
        self.config.encoded_headers.append(_CLOSE)
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        self._loop.call_later(self._drain, super().handle_exit, sig, None)
