"""`localchat migrate`."""

import asyncio
import time

import asyncpg

from app.cache.postgres.schema import query_cache_ddl, query_vectors_ddl
from app.cli.shared import CommandFailed
from app.db.migrate import MigrationRefused, check_server, migrate
from app.db.outages import cause_of, sqlstate_of

_PAUSE_SECONDS = 0.05
# Classes of SQLSTATE: the server refuses until somebody changes a password, a database or a right.
_FINAL = ("28", "3D", "42")


async def run_migration(database_url: str, wait_seconds: float, *, cache_table: str) -> None:
    """Migrate, waiting up to `wait_seconds` for a database that is still starting.

    Raises:
        CommandFailed: the database does not answer, or cannot be migrated. Its one line says what to do.
    """
    try:
        connection = await _connect(database_url, time.monotonic() + wait_seconds)
        try:
            await check_server(connection)
            await migrate(database_url)
            await _make_cache_table(connection, cache_table)
        finally:
            await connection.close()
    except MigrationRefused as refused:
        raise CommandFailed(f"DATABASE_URL: {refused}") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = cause_of(error) or f"the migration failed: {str(error).splitlines()[0]}"
        raise CommandFailed(f"DATABASE_URL: {reason}") from None


async def _connect(database_url: str, deadline: float) -> "asyncpg.Connection[asyncpg.Record]":
    while True:
        try:
            return await asyncpg.connect(database_url, timeout=5)
        except (OSError, asyncpg.PostgresError) as error:
            if sqlstate_of(error).startswith(_FINAL) or time.monotonic() > deadline:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)


async def _make_cache_table(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> None:
    """L3_CACHE_TABLE can name another table than the one that the migrations make; its vectors go with it."""
    for name, ddl in ((table, query_cache_ddl), (f"{table}_vectors", query_vectors_ddl)):
        if await connection.fetchval("SELECT to_regclass($1)", name) is None:
            await connection.execute(ddl(table))
