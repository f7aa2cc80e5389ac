"""LISTEN and NOTIFY on a connection of its own, which is opened again whenever it breaks."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

import asyncpg

from app.db.database import Connection
from app.db.outages import cause_of
from app.errors import StoreUnavailable

_log = logging.getLogger(__name__)


def ping(connection: Connection) -> Awaitable[object]:
    return connection.execute("SELECT 1")


def _ignore() -> None:
    pass


class NotificationListener:
    """Receives messages from Postgres. Delivery is at most once: messages sent while disconnected are lost.

    Args:
        url: of the database.
        handlers: a handler for each channel; it gets every message, our own included.
        heartbeat: runs on the connection when it opens and every `interval` seconds, to notice a loss.
        on_return: called when the connection is back after a loss, during which messages may have been missed.
        on_loss: called as soon as the connection is lost.
        timeout: seconds for connecting, and for each statement.
    """

    def __init__(
        self,
        url: str,
        handlers: Mapping[str, Callable[[str], None]],
        *,
        heartbeat: Callable[[Connection], Awaitable[object]] = ping,
        on_return: Callable[[], None] = _ignore,
        on_loss: Callable[[], None] = _ignore,
        interval: float = 5.0,
        timeout: float = 1.0,
    ) -> None:
        self._url = url
        self._handlers = handlers
        self._heartbeat = heartbeat
        self._on_return = on_return
        self._on_loss = on_loss
        self._interval = interval
        self._timeout = timeout
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._lost = False

    async def run(self) -> None:
        """Listen until cancelled, connecting again after each loss. A loss is logged once, not at every attempt."""
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever broke the connection, it is opened again
                if not self._lost:
                    channels = ", ".join(self._handlers)
                    _log.warning("The notification channel (%s) is lost: %r", channels, error.__cause__ or error)
                self._lost = True
            await asyncio.sleep(self._timeout * random.uniform(0.25, 0.75))  # noqa: S311 - jitter

    async def send(self, channel: str, message: str) -> None:
        """
        Raises:
            StoreUnavailable: there is no connection now.
        """
        if self._connection is None:
            raise StoreUnavailable("The database did not answer; try again shortly.")
        await self._use(self._connection, lambda of: of.execute("SELECT pg_notify($1, $2)", channel, message))

    async def _listen(self) -> None:
        async with asyncio.timeout(self._timeout):
            connection = await asyncpg.connect(self._url)
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _: closed.set())
        connection.add_termination_listener(lambda _: self._on_loss())
        try:
            await self._use(connection, self._subscribe)
            self._connection = connection
            if self._lost:
                _log.info("The notification channel (%s) is back", ", ".join(self._handlers))
                self._lost = False
                self._on_return()
            while True:
                await self._use(connection, self._heartbeat)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval):
                        await closed.wait()
        finally:
            self._connection = None
            connection.terminate()
            self._on_loss()

    async def _subscribe(self, connection: Connection) -> None:
        # A message is worth nothing after a crash, and must not wait for a disk.
        await connection.execute("SET synchronous_commit = off")
        for channel, handle in self._handlers.items():
            await connection.add_listener(channel, partial(_deliver, handle))

    async def _use(self, connection: Connection, work: Callable[[Connection], Awaitable[object]]) -> None:
        """Wait for the connection's turn and work on it; a connection that fails is closed."""
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                await work(connection)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self._connection = None
            connection.terminate()
            raise StoreUnavailable(cause_of(error) or "The database did not answer; try again shortly.") from error


def _deliver(handle: Callable[[str], None], *notification: object) -> None:
    """Pass on the payload, the last of asyncpg's arguments: connection, process, channel, payload."""
    handle(str(notification[3]))
