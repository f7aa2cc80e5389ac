"""What processes tell each other in passing: LISTEN and NOTIFY, on a connection that does nothing else."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress

import asyncpg

from app.db.database import UNAVAILABLE, Connection
from app.errors import StoreUnavailable

_log = logging.getLogger(__name__)


class NotificationChannel:
    """One channel. Whoever is not connected at the moment misses what is said, and is told nothing later.

    `hear` gets every message, our own included. `heartbeat` and `timeout` are seconds.
    """

    def __init__(
        self, url: str, channel: str, hear: Callable[[str], None], *, heartbeat: float = 5.0, timeout: float = 1.0
    ) -> None:
        self._url = url
        self._channel = channel
        self._hear = hear
        self._heartbeat = heartbeat
        self._timeout = timeout
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._lost = False

    async def run(self) -> None:
        """Listen until cancelled, connecting again whenever the connection breaks. Each loss is told once."""
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever broke the channel, it is opened again
                if not self._lost:
                    _log.warning("The channel %s is lost: %s", self._channel, type(error).__name__)
                self._lost = True
            await asyncio.sleep(self._timeout * random.uniform(0.25, 0.75))  # noqa: S311 - jitter

    async def send(self, message: str) -> None:
        """
        Raises:
            StoreUnavailable: there is no connection now.
        """
        connection = self._connection
        if connection is None:
            raise StoreUnavailable("The database did not answer; try again shortly.")
        await self._execute(connection, "SELECT pg_notify($1, $2)", self._channel, message)

    async def _listen(self) -> None:
        async with asyncio.timeout(self._timeout):
            connection = await asyncpg.connect(self._url)
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _: closed.set())
        try:
            # A message is worth nothing after a crash, and must not wait for a disk.
            await self._execute(connection, "SET synchronous_commit = off")
            async with asyncio.timeout(self._timeout):
                await connection.add_listener(self._channel, lambda *message: self._hear(str(message[3])))
            self._connection = connection
            self._lost = False
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._heartbeat):
                        await closed.wait()
                await self._execute(connection, "SELECT 1")
        finally:
            self._connection = None
            connection.terminate()

    async def _execute(self, connection: Connection, statement: str, *arguments: str) -> None:
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                await connection.execute(statement, *arguments)
        except (*UNAVAILABLE, asyncpg.PostgresError) as error:
            self._connection = None
            connection.terminate()
            raise StoreUnavailable("The database did not answer; try again shortly.") from error
