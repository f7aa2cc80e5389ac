"""Statements that took long, logged and kept with their plan and the shape of their parameters, without values."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from app.db.database import Database, PooledConnection
from app.errors import StoreUnavailable
from app.telemetry import correlation
from app.telemetry.correlation import Correlation

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

# Statements that wait to be explained, and rows that the table keeps.
_WAITING = 50
KEPT = 1000

_LONGEST_STATEMENT = 8000
_PLANNED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "VALUES")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlowStatement:
    """`parameters` tell the type of each, with the length of those that have one."""

    at: datetime
    seconds: float
    statement: str
    parameters: tuple[str, ...]
    ids: Correlation | None


class SlowStatements:
    """Notes statements slower than `threshold` seconds; `run` explains, logs and keeps them behind the requests.

    When many are slow at once, the newest ones are kept.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._waiting: deque[SlowStatement] = deque(maxlen=_WAITING)
        self._noted = asyncio.Event()

    def note(self, query: "LoggedQuery") -> None:
        """Take in a statement that has ended. The driver calls this in the context of its sender."""
        if query.elapsed < self._threshold:
            return
        statement = " ".join(query.query.split())[:_LONGEST_STATEMENT]
        # Maintenance statements have no plan and may take long; recording our own INSERT would never end.
        if statement.startswith(_PLANNED) and "slow_statements" not in statement:
            shapes = tuple(shape(argument) for argument in query.args or ())
            self._waiting.append(
                SlowStatement(datetime.now(UTC), query.elapsed, statement, shapes, correlation.current())
            )
            self._noted.set()

    async def run(self, database: Database) -> None:
        """Work until cancelled."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            while self._waiting:
                slow = self._waiting.popleft()
                try:
                    await self._keep(database, slow)
                except StoreUnavailable:
                    _report(slow, None)
                except Exception:  # noqa: BLE001 - whatever it is, the next one may be kept
                    _log.exception("A slow statement could not be kept")

    async def _keep(self, database: Database, slow: SlowStatement) -> None:
        async with database.connection() as connection:
            plan = await generic_plan(connection, slow.statement, len(slow.parameters))
            _report(slow, plan)
            await connection.execute(
                "INSERT INTO slow_statements (at, seconds, statement, parameters, plan, request_id) "
                "VALUES ($1, $2, $3, $4, $5, $6)",
                slow.at,
                slow.seconds,
                slow.statement,
                list(slow.parameters),
                plan,
                slow.ids.request_id if slow.ids else None,
            )
            await connection.execute(
                f"DELETE FROM slow_statements WHERE id <= (SELECT max(id) FROM slow_statements) - {KEPT}"
            )


def shape(argument: Any) -> str:
    """The type of a parameter, and its length if it has one: `str(42)`."""
    name = type(argument).__name__
    if isinstance(argument, Sized):
        try:
            return f"{name}({len(argument)})"
        except TypeError:  # a numpy scalar in an array's clothes
            return name
    return name


async def generic_plan(connection: PooledConnection, statement: str, parameters: int) -> str | None:
    """The plan that Postgres makes without knowing the parameters, which it therefore does not show."""
    name = f"slow_{time.monotonic_ns()}"
    try:
        async with connection.transaction(readonly=True):
            await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            await connection.execute(f"PREPARE {name} AS {statement}")
            values = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
            rows = await connection.fetch(f"EXPLAIN EXECUTE {name}{values}")
            await connection.execute(f"DEALLOCATE {name}")
    except asyncpg.PostgresError:
        return None  # a table that is gone meanwhile, or a statement cut off for its length
    return "\n".join(row[0] for row in rows)


def _report(slow: SlowStatement, plan: str | None) -> None:
    token = correlation.bind(slow.ids)
    try:
        _log.warning(
            "A statement took %.3f s",
            slow.seconds,
            extra={"statement": slow.statement, "parameters": slow.parameters, "plan": plan},
        )
    finally:
        correlation.unbind(token)
