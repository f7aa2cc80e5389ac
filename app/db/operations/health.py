"""The statements of health probes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import asyncpg

from app.db.database import Connection, PooledConnection, connect
from app.db.outages import translated
from app.errors import StoreUnavailable

_MIGRATIONS = Path(__file__).parents[3] / "alembic" / "versions"

_MISMATCHED = """
SELECT s.id FROM embedding_spaces s JOIN collections c ON c.space_id = s.id AND c.deleted_at IS NULL
LEFT JOIN pg_attribute a ON a.attrelid = to_regclass('vectors_' || s.id) AND a.attname = 'embedding'
WHERE a.atttypmod IS DISTINCT FROM s.dimension ORDER BY s.id LIMIT 1
"""

_SERVER = """
SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby,
    (SELECT count(*) FROM pg_stat_activity) AS connections,
    current_setting('max_connections')::int AS max_connections
"""

# A job that waits for its next attempt is not late.
_QUEUE = """
SELECT count(*) FILTER (WHERE status = 'queued') AS queued, count(*) FILTER (WHERE status = 'picked') AS picked,
    count(*) FILTER (WHERE status = 'failed') AS held,
    coalesce(extract(epoch FROM now() - min(greatest(created, execute_after))
        FILTER (WHERE status = 'queued' AND execute_after <= now())), 0)::float8 AS oldest,
    coalesce(extract(epoch FROM now() - min(updated) FILTER (WHERE status = 'picked')), 0)::float8 AS oldest_picked,
    coalesce(extract(epoch FROM now() - min(updated) FILTER (WHERE status = 'failed')), 0)::float8 AS oldest_held,
    coalesce(max(attempts) FILTER (WHERE status IN ('queued', 'picked')), 0) AS attempts
FROM pgqueuer
"""


class Connections(Protocol):
    """The pool, or the connection that probes have for themselves."""

    def connection(self) -> AbstractAsyncContextManager[PooledConnection | Connection]: ...


class ProbeConnection:
    """One connection apart from the pool, which is made when it is needed and kept.

    A full pool says nothing about the database, and a probe that hangs must not take a connection from it. A probe
    that fails or is cancelled closes the connection at once, without waiting for the server.
    """

    def __init__(self, url: str, *, pooled: bool = False) -> None:
        self._url = url
        self._pooled = pooled
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """
        Raises:
            StoreUnavailable: the database is away.
        """
        async with self._lock:
            with translated():
                if self._connection is None or self._connection.is_closed():
                    self._connection = await connect(self._url, pooled=self._pooled)
                try:
                    yield self._connection
                except BaseException:
                    self.close()
                    raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@dataclass(frozen=True, slots=True)
class ServerState:
    """`standby`: it replays another's log and takes no writes."""

    version: str
    standby: bool
    connections: int
    max_connections: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs by state, and the most attempts that an unfinished job has had.

    The ages are in seconds: `oldest` of the oldest job that could run, `oldest_picked` of the oldest one in work,
    `oldest_held` of the oldest one that failed for good.
    """

    queued: int
    picked: int
    held: int
    oldest: float
    oldest_picked: float
    oldest_held: float
    attempts: int


async def check_writable(database: Connections) -> None:
    """
    Raises:
        StoreUnavailable: the database is away or takes no writes.
    """
    async with database.connection() as connection:
        if await connection.fetchval("SELECT current_setting('transaction_read_only')::boolean"):
            raise StoreUnavailable("The database is read-only now, as a standby is: it takes no writes.")


async def check_migrated(database: Connections) -> None:
    """
    Raises:
        StoreUnavailable: the schema is not the one that this release needs.
    """
    await revision_of(database)


@cache
def newest_revision() -> str:
    """The schema that this release needs, read from file names: to import Alembic is a quarter of a start."""
    return max(path.name for path in _MIGRATIONS.glob("*.py")).partition("_")[0]


async def revision_of(database: Connections) -> str:
    """The schema's revision, which is the newest.

    Raises:
        StoreUnavailable: it is another.
    """
    try:
        async with database.connection() as connection:
            revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        raise StoreUnavailable("The database has no schema yet; run `localchat migrate`.") from None
    if revision != await asyncio.to_thread(newest_revision):
        raise StoreUnavailable(f"The schema is at revision {revision}; run `localchat migrate`.")
    return str(revision)


async def check_dimensions(database: Connections) -> None:
    """
    Raises:
        StoreUnavailable: a collection's index does not have the dimension of its model.
    """
    async with database.connection() as connection:
        mismatched = await connection.fetchval(_MISMATCHED)
    if mismatched is not None:
        raise StoreUnavailable(f"The index of embedding space {mismatched} does not fit its model's dimension.")


async def server_of(database: Connections) -> ServerState:
    async with database.connection() as connection:
        row = await connection.fetchrow(_SERVER)
    assert row is not None
    return ServerState(**dict(row))


async def pgvector_version(database: Connections) -> str:
    """
    Raises:
        StoreUnavailable: the extension is not installed in this database.
    """
    async with database.connection() as connection:
        found = await connection.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    if found is None:
        raise StoreUnavailable("The pgvector extension is not installed; run `localchat migrate`.")
    return str(found)


async def queue_of(database: Connections) -> Queue:
    async with database.connection() as connection:
        row = await connection.fetchrow(_QUEUE)
    assert row is not None
    return Queue(**dict(row))


async def clock_offset(database: Connections) -> float:
    """By how many seconds the database's clock is ahead of ours, give or take half a round trip."""
    async with database.connection() as connection:
        sent = time.time()
        theirs = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        received = time.time()
    return float(theirs - (sent + received) / 2)
