"""Connections that are kept between reads, because the pool's reset on release doubles the time of one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = PoolConnectionProxy[asyncpg.Record]
else:
    Pool = Connection = Any


class HeldConnections:
    """Takes up to `size` connections from the pool as they are needed and keeps them.

    Getting one from the pool may take `acquire_timeout` seconds, then TimeoutError is raised: a cache never
    queues on the pool. A connection whose user fails or is cancelled is closed at once, without waiting for a
    server that may not answer.
    """

    def __init__(self, pool: Pool, *, size: int = 2, acquire_timeout: float = 0.05) -> None:
        self._pool = pool
        self._acquire_timeout = acquire_timeout
        self._idle: list[Connection] = []
        self._slots = asyncio.Semaphore(size)
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._slots:
            connection = await self._take()
            try:
                yield connection
            except BaseException:
                await self._discard(connection)
                raise
            if self._closed:
                await self._pool.release(connection)
            else:
                self._idle.append(connection)

    async def close(self) -> None:
        """Give the connections back to the pool; what is in use follows when its user is done."""
        self._closed = True
        while self._idle:
            await self._pool.release(self._idle.pop())

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            # The pool takes a connection back by itself once it has closed, and then refuses its use.
            with suppress(asyncpg.InterfaceError):
                if not connection.is_closed():
                    return connection
        return await self._pool.acquire(timeout=self._acquire_timeout)

    async def _discard(self, connection: Connection) -> None:
        with suppress(asyncpg.InterfaceError):
            connection.terminate()
        await asyncio.shield(self._pool.release(connection))
