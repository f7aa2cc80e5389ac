"""Versions of collections from Postgres: asked for one by one, and heard on its notification channel."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.cache.freshness.corpus_versions import NoServer, VersionWatch
from app.cache.postgres.connections import HeldConnections
from app.concurrency.data_loader import DataLoader
from app.errors import StoreUnavailable

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any

VERSION_CHANNEL = "corpus_changed"
INVALIDATION_CHANNEL = "cache_invalidation"
_ALL = "SELECT id, corpus_version FROM collections WHERE deleted_at IS NULL"
_SOME = "SELECT id, corpus_version FROM collections WHERE id = ANY($1::integer[]) AND deleted_at IS NULL"


class PostgresVersions:
    """Asks for versions, gathering the questions of one tick. A question never joins one already sent."""

    def __init__(self, connections: HeldConnections, *, timeout: float = 0.25) -> None:
        self._connections = connections
        self._loader: DataLoader[int, int] = DataLoader(self._fetch, timeout=timeout)

    async def ask(self, collection: int) -> int | None:
        """Return the version, or None if there is no such collection.

        Raises:
            NoServer: nothing listens at the database's address.
            StoreUnavailable: it does not answer for another reason.
        """
        return await self._loader.get(collection)

    async def close(self) -> None:
        await self._loader.close()

    async def _fetch(self, collections: Sequence[int]) -> Mapping[int, int]:
        try:
            async with self._connections.connection() as connection:
                return {row[0]: row[1] for row in await connection.fetch(_SOME, collections)}
        except StoreUnavailable as error:
            if error.nothing_listens:
                raise NoServer from error
            raise


class VersionFeed:
    """Keeps a watch fed by a listener on `VERSION_CHANNEL`, whose heartbeat is `refresh`.

    `on_change` is called for each notification of a change.
    """

    def __init__(self, watch: VersionWatch, on_change: Callable[[], None]) -> None:
        self._watch = watch
        self._on_change = on_change

    def hear(self, message: str) -> None:
        """Take in a notification, `collection:version`."""
        collection, _, version = message.partition(":")
        self._watch.advance(int(collection), int(version))
        self._on_change()

    async def refresh(self, connection: Connection) -> None:
        """Read all versions, which proves that the connection is alive."""
        asked_at = self._watch.now()
        self._watch.heard({row[0]: row[1] for row in await connection.fetch(_ALL)}, asked_at)


def invalidation_sender(connections: HeldConnections) -> Callable[[str], Awaitable[None]]:
    """Return how an `InvalidationBus` sends: by a connection that works even while the listener's is broken."""

    async def send(payload: str) -> None:
        async with connections.connection() as connection:
            await connection.execute("SELECT pg_notify($1, $2)", INVALIDATION_CHANNEL, payload)

    return send
