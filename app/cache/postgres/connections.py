"""Connections that are kept between reads, since to acquire one from the pool costs more than half of a read.

A read of 2 KB took 39 µs this way, and 61 µs through a pool of its own with a reset that sends nothing (20 KB: 53
and 81 µs; medians, one reader): the pool makes a proxy and a task for each use, and looks the statement up.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncpg

from app.concurrency.timeouts import lag_tolerant_timeout

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy
    from asyncpg.prepared_stmt import PreparedStatement

    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = PoolConnectionProxy[asyncpg.Record]
    Statement = PreparedStatement[asyncpg.Record]
else:
    Pool = Connection = Statement = Any


@dataclass(slots=True)
class _Held:
    connection: Connection
    prepared: dict[str, Statement] = field(default_factory=dict)


class HeldConnections:
    """Takes up to `size` connections from the pool as they are needed and keeps them.

    Getting one from the pool may take `acquire_timeout` seconds: a cache never queues on the pool. `session` is run
    on each first. A connection whose user fails or is cancelled is closed at once, without waiting for a server
    that may not answer.

    `translated` turns the driver's errors that say that Postgres cannot serve into `StoreUnavailable`.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        translated: Callable[[], AbstractContextManager[None]],
        size: int = 2,
        acquire_timeout: float = 0.1,
        session: str = "",
    ) -> None:
        self._pool = pool
        self._translated = translated
        self._session = session
        self._acquire_timeout = acquire_timeout
        self._idle: list[_Held] = []
        self._slots = asyncio.Semaphore(size)
        self._closed = False

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:  # noqa: ASYNC109 - of the caller's work
        """Lend a connection; waiting for it and using it take `timeout` seconds at most."""
        with self._translated():
            async with asyncio.timeout(timeout), self._slots:
                held = await self._take()
                try:
                    yield held.connection
                except BaseException:
                    await self._discard(held)
                    raise
                await self._give_back(held)

    async def fetch(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        """Run a read that is prepared once per connection: the hot path, with nothing on top."""
        with self._translated():
            async with self._slots:
                held = await self._take()
                try:
                    prepared = held.prepared.get(statement)
                    if prepared is None:
                        prepared = held.prepared[statement] = await held.connection.prepare(statement)
                    rows = await prepared.fetch(*arguments)
                except BaseException:
                    await self._discard(held)
                    raise
                await self._give_back(held)
                return rows

    async def close(self) -> None:
        """Give the idle connections back to the pool. Those in use follow when their users are done."""
        self._closed = True
        while self._idle:
            await self._pool.release(self._idle.pop().connection)

    async def _take(self) -> _Held:
        while self._idle:
            held = self._idle.pop()
            # The pool takes a closed connection back by itself and then refuses its use.
            with suppress(asyncpg.InterfaceError):
                if not held.connection.is_closed():
                    return held
        async with lag_tolerant_timeout(self._acquire_timeout):
            connection = await self._pool.acquire()
        held = _Held(connection)
        if self._session:
            try:
                await connection.execute(self._session)
            except BaseException:
                await self._discard(held)
                raise
        return held

    async def _give_back(self, held: _Held) -> None:
        if self._closed:
            await self._pool.release(held.connection)
        else:
            self._idle.append(held)

    async def _discard(self, held: _Held) -> None:
        with suppress(asyncpg.InterfaceError):
            held.connection.terminate()
        await asyncio.shield(self._pool.release(held.connection))
