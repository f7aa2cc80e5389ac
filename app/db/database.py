"""The connection pool, with the codecs we rely on and driver errors translated at the edge."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import asyncpg
import orjson
from pgvector.asyncpg import register_vector

from app.db.outages import READ_ONLY, sqlstate_of, translated
from app.db.spans import record_statement, session_name
from app.db.transaction_pooling import OPTIONS as TRANSACTION_POOLING
from app.db.transaction_pooling import TransactionPooledConnection
from app.errors import StoreUnavailable
from app.telemetry import correlation, tracing

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

    Connection = asyncpg.Connection[asyncpg.Record]
    PooledConnection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection, PooledConnection, Pool = asyncpg.Connection, asyncpg.pool.PoolConnectionProxy, asyncpg.Pool

# Seconds that a question waits for one read, and that a released connection waits for its last statement to stop.
READING_SECONDS = 10.0
_RELEASE_SECONDS = 2.0

_VECTOR_SCHEMA = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"

_OID = struct.Struct("!I")

# `ef_search` is how many candidates an arm gives; beyond them the graph is read on until enough pass. To remember
# documents costs more than to look the few that an arm finds up again. Set for the session: SET LOCAL would cost a
# search two round trips. Not set as startup parameters: a pooler refuses those.
SEARCH_SETTINGS = {"hnsw.ef_search": "100", "hnsw.iterative_scan": "relaxed_order", "enable_memoize": "off"}
_SET_FOR_SEARCH = "; ".join(f"SET {name} = {value}" for name, value in SEARCH_SETTINGS.items())


async def connect(url: str, *, pooled: bool = False, timeout: float = 5.0) -> Connection:  # noqa: ASYNC109 - asyncpg's
    """Open one connection with the settings of the pool's, for probes.

    `pooled`: `url` leads through a pooler that may be in transaction mode.
    """
    connection: Connection = await asyncpg.connect(url, timeout=timeout, **_options(pooled))
    await connection.execute(_SET_FOR_SEARCH)
    return connection


async def prepare_connection(connection: Connection) -> None:
    """Teach a new connection jsonb as Python values, and pgvector's types as numpy arrays."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_json, decoder=orjson.loads, format="text"
    )
    # asyncpg has no binary form of regconfig, which COPY needs; it is an oid.
    await connection.set_type_codec(
        "regconfig", schema="pg_catalog", encoder=_OID.pack, decoder=_decode_oid, format="binary"
    )
    await connection.set_type_codec("tsquery", schema="pg_catalog", encoder=str, decoder=str, format="text")
    # The driver's own class is a subclass of UUID, which JSON encoders refuse.
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=_encode_uuid, decoder=_decode_uuid, format="binary"
    )
    # Where the extension was made, which a hosted database may have done in a schema of its own.
    schema = await connection.fetchval(_VECTOR_SCHEMA)
    await register_vector(connection, schema=schema or "public")


class Database:
    """A pool of connections. Everything that it raises for a lost database is `StoreUnavailable`."""

    def __init__(
        self, pool: Pool, *, acquire_timeout: float = 5.0, on_acquire: Callable[[float], None] = lambda _: None
    ) -> None:
        self.pool = pool
        self._acquire_timeout = acquire_timeout
        self._on_acquire = on_acquire

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        min_size: int = 2,
        max_size: int = 16,
        acquire_timeout: float = 5.0,
        pooled: bool = False,
        on_acquire: Callable[[float], None] = lambda _: None,
        observe: "Callable[[LoggedQuery], None] | None" = None,
        **options: Any,
    ) -> Self:
        """Open the pool.

        Args:
            url: of the database.
            min_size: connections that are opened now.
            max_size: the most connections.
            acquire_timeout: seconds for getting one.
            pooled: `url` leads through a pooler that may be in transaction mode.
            on_acquire: receives the seconds of waiting for each connection.
            observe: receives each statement that has ended.
            options: of `asyncpg.create_pool`.

        Raises:
            StoreUnavailable: the database does not answer.
        """

        async def prepare(connection: Connection) -> None:
            async with connection.transaction() if pooled else nullcontext():
                await prepare_connection(connection)
            await connection.execute(_SET_FOR_SEARCH)
            connection.add_query_logger(record_statement)
            if observe is not None:
                connection.add_query_logger(observe)

        with translated():
            pool = await asyncpg.create_pool(
                url,
                min_size=min_size,
                max_size=max_size,
                init=prepare,
                # The driver ends an open transaction by itself; nothing else is left on a connection here, and
                # asking the server to reset it would double the time of a short read.
                reset=_unname,
                max_cached_statement_lifetime=0,  # by default each is prepared again every five minutes
                timeout=acquire_timeout,
                command_timeout=60,
                **_options(pooled),
                **options,
            )
        return cls(pool, acquire_timeout=acquire_timeout, on_acquire=on_acquire)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PooledConnection]:
        """A connection in autocommit. Waits at most `acquire_timeout` seconds for one.

        Raises:
            StoreUnavailable: the database cannot serve; `detail` says why.
        """
        with translated():
            began = time.perf_counter()
            connection = await self._acquire()
            self._on_acquire(time.perf_counter() - began)
            try:
                if tracing.recording():
                    await _name(connection, "SET")
                yield connection
            except Exception as error:
                await self._distrust(error)
                raise
            finally:
                # In time or not, the connection is out of use: the pool closes one that it cannot reset.
                with suppress(TimeoutError):
                    await self.pool.release(connection, timeout=_RELEASE_SECONDS)

    async def _acquire(self) -> PooledConnection:
        try:
            return await self.pool.acquire(timeout=self._acquire_timeout)
        except TimeoutError:
            use = self.use()
            if use.busy < use.limit:
                raise
            raise StoreUnavailable(f"All {use.limit} connections to the database are in use.") from None

    async def _distrust(self, error: Exception) -> None:
        """Let the pool replace connections that may lead to a server whose successor has taken its name.

        A demoted server is read-only; a server that vanished does not answer.
        """
        if isinstance(error, TimeoutError) or sqlstate_of(error) == READ_ONLY:
            await self.pool.expire_connections()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[PooledConnection]:
        """A connection for a read that a user waits for: after `READING_SECONDS` the database counts as away."""
        with translated():
            try:
                async with asyncio.timeout(READING_SECONDS), self.connection() as connection:
                    yield connection
            except TimeoutError as error:
                await self._distrust(error)
                raise

    @asynccontextmanager
    async def transaction(self, *, limit: float | None = None) -> AsyncIterator[PooledConnection]:
        """A connection inside one transaction, committed when the block ends without an error.

        `pg_stat_activity` shows its request to anybody who waits for its locks. The server rolls back a transaction
        of more than `limit` seconds, even if its client is frozen.
        """
        async with self.connection() as connection, connection.transaction():
            if not tracing.recording():  # else the session has its name
                await _name(connection, "SET LOCAL")
            if limit is not None:
                await connection.execute(f"SET LOCAL transaction_timeout = {int(limit * 1000)}")
            yield connection

    def use(self) -> "PoolUse":
        idle = self.pool.get_idle_size()
        return PoolUse(self.pool.get_size() - idle, idle, self.pool.get_max_size())

    async def close(self) -> None:
        await self.pool.close()


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Open connections: in use, idle, and the most there can be of both."""

    busy: int
    idle: int
    limit: int


class RowsExist(Exception):
    """Another has stored the same rows meanwhile."""


@contextmanager
def new_rows() -> Iterator[None]:
    """Raise `RowsExist` where a row's key is taken."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise RowsExist from error


async def _name(connection: PooledConnection, how: str) -> None:
    ids = correlation.current()
    if ids is not None:  # an id has no quotes
        await connection.execute(f"{how} application_name TO '{session_name(ids)}'")


async def _unname(connection: Connection) -> None:
    """Reset only the name of a trace; the next user takes the connection as it is."""
    if tracing.recording():
        await connection.execute("RESET application_name")


def _options(pooled: bool) -> dict[str, Any]:
    return {**TRANSACTION_POOLING, "connection_class": TransactionPooledConnection} if pooled else {}


def _decode_oid(data: bytes) -> int:
    oid: int = _OID.unpack(data)[0]
    return oid


def _encode_uuid(value: UUID | str) -> bytes:
    return (value if isinstance(value, UUID) else UUID(value)).bytes


def _decode_uuid(value: bytes) -> UUID:
    return UUID(int=int.from_bytes(value))  # faster than by its bytes, and a search reads hundreds


def _encode_json(value: Any) -> str:
    return orjson.dumps(value).decode()
