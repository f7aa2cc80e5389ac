"""Connections through a pooler that may give each transaction another server session, as PgBouncer can.

Statements are not prepared under a name, which the session of the next transaction would not know. A statement with
parameters takes several messages, so it gets a transaction of its own, which pins the session. Session settings are
repeated in each transaction. All this costs round trips; a direct connection does without.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    _Base = asyncpg.Connection[asyncpg.Record]
else:
    _Base = asyncpg.Connection

# How `asyncpg.connect` and `create_pool` make such connections.
OPTIONS: dict[str, Any] = {"statement_cache_size": 0}


def _in_transaction(method: Callable[..., Awaitable[Any]]) -> Any:
    async def run(self: "TransactionPooledConnection", query: str, *arguments: Any, **options: Any) -> Any:
        async with self.pinned():
            return await method(self, query, *arguments, **options)

    return run


class UnpreparedStatement:
    """Stands for a prepared statement: it is sent whole each time."""

    def __init__(self, connection: "TransactionPooledConnection", query: str) -> None:
        self._connection = connection
        self._query = query

    async def fetch(self, *arguments: Any) -> Any:
        return await self._connection.fetch(self._query, *arguments)


class TransactionPooledConnection(_Base):
    """An asyncpg connection that sends each statement with parameters, and its settings, in one transaction."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._settings: dict[str, str] = {}

    fetch = _in_transaction(_Base.fetch)
    fetchrow = _in_transaction(_Base.fetchrow)
    fetchval = _in_transaction(_Base.fetchval)
    executemany = _in_transaction(_Base.executemany)

    async def execute(self, query: str, *arguments: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's signature
        if arguments:
            async with self.pinned():
                return await super().execute(query, *arguments, timeout=timeout)
        if not self.is_in_transaction() and query.startswith(("SET ", "RESET ")):
            return self._remember(query)
        # Without parameters it is one message, and may be a statement that no transaction can hold.
        return await super().execute(query, timeout=timeout)

    async def prepare(self, query: str, **_options: Any) -> Any:
        return UnpreparedStatement(self, query)

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[None]:
        """Hold one server session, with our settings, for the block."""
        if self.is_in_transaction():
            yield
            return
        async with self.transaction():
            if self._settings:
                await super().execute("; ".join(self._settings.values()))
            yield

    def _remember(self, query: str) -> str:
        for statement in query.split(";"):
            verb, name, *_ = statement.split()
            if verb == "RESET":
                self._settings.pop(name, None)
            else:
                self._settings[name] = f"SET LOCAL {statement.strip().removeprefix('SET ')}"
        return "SET"
