"""Feeds a `VersionWatch` from Postgres: LISTEN/NOTIFY on a connection of its own, and heartbeats."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg

from app.cache.freshness.corpus_versions import NoServer, VersionWatch
from app.cache.postgres.connections import HeldConnections
from app.concurrency.data_loader import DataLoader
from app.errors import StoreUnavailable

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any

logger = logging.getLogger(__name__)

VERSION_CHANNEL = "corpus_changed"
NOTICE_CHANNEL = "cache_notice"
_ALL = "SELECT id, corpus_version FROM collections WHERE deleted_at IS NULL"
_SOME = "SELECT id, corpus_version FROM collections WHERE id = ANY($1::integer[]) AND deleted_at IS NULL"


class PostgresVersions:
    """Asks for versions, gathering the questions of one tick. A question never joins one already sent."""

    def __init__(self, connections: HeldConnections, *, timeout: float = 0.25) -> None:
        self._connections = connections
        self._gather: DataLoader[int, int] = DataLoader(self._fetch, timeout=timeout)

    async def ask(self, collection: int) -> int | None:
        """Return the version, or None if there is no such collection.

        Raises:
            NoServer: nothing listens at the database's address.
            StoreUnavailable: it does not answer for another reason.
        """
        return await self._gather.get(collection)

    async def close(self) -> None:
        await self._gather.close()

    async def _fetch(self, collections: Sequence[int]) -> Mapping[int, int]:
        try:
            async with self._connections.connection() as connection:
                return {row[0]: row[1] for row in await connection.fetch(_SOME, collections)}
        except StoreUnavailable as error:
            if isinstance(error.__cause__, ConnectionRefusedError | FileNotFoundError):
                raise NoServer from error
            raise


class PostgresVersionFeed:
    """Keeps the watch fed, and reconnects for ever.

    `connect` opens a connection that nobody else uses. `on_notice` gets other replicas' notices, `on_version`
    each collection that changed; `on_return` is called when the channel is back after a loss, since notices may
    have been missed meanwhile.
    """

    def __init__(
        self,
        watch: VersionWatch,
        connect: Callable[[], Awaitable[Connection]],
        *,
        on_notice: Callable[[str], None],
        on_return: Callable[[], None],
        on_version: Callable[[int], None] = lambda _collection: None,
        heartbeat: float = 0.5,
        timeout: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch = watch
        self._connect = connect
        self._on_notice = on_notice
        self._on_return = on_return
        self._on_changed = on_version
        self._heartbeat = heartbeat
        self._timeout = timeout
        self._clock = clock

    async def run(self) -> None:
        """Listen until cancelled."""
        returning = False
        while True:
            try:
                async with asyncio.timeout(self._timeout):
                    connection = await self._connect()
                try:
                    await self._listen(connection, returning=returning)
                finally:
                    self._watch.lost()
                    connection.terminate()
            except Exception as error:  # noqa: BLE001 - whatever broke the channel, it is opened again
                logger.warning("the notification channel is lost: %s", type(error).__name__)
            returning = True
            await asyncio.sleep(self._heartbeat * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    async def _listen(self, connection: Connection, *, returning: bool) -> None:
        async with asyncio.timeout(self._timeout):
            await connection.add_listener(VERSION_CHANNEL, self._on_version)
            await connection.add_listener(NOTICE_CHANNEL, lambda *message: self._on_notice(str(message[3])))
        connection.add_termination_listener(lambda _: self._watch.lost())
        if returning:
            self._on_return()
        while True:
            asked_at = self._clock()
            async with asyncio.timeout(self._timeout):
                versions = {row[0]: row[1] for row in await connection.fetch(_ALL)}
            self._watch.heard(versions, asked_at)
            await asyncio.sleep(self._heartbeat)

    def _on_version(self, *message: Any) -> None:
        collection, _, version = str(message[3]).partition(":")
        self._watch.advance(int(collection), int(version))
        self._on_changed(int(collection))


def notify(connections: HeldConnections) -> Callable[[str], Awaitable[None]]:
    """Return how a `Backplane` sends its notices."""

    async def send(payload: str) -> None:
        async with connections.connection() as connection:
            await connection.execute("SELECT pg_notify($1, $2)", NOTICE_CHANNEL, payload)

    return send
