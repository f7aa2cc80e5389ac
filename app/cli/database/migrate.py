"""`localchat migrate`."""

import asyncio
import time

import asyncpg

from app.cache.postgres.schema import query_cache_ddl, query_vectors_ddl
from app.cli.shared import CommandFailed
from app.db.database import UNAVAILABLE
from app.db.migrate import UnknownRevision, migrate

_PAUSE_SECONDS = 0.05
_OTHER_RELEASE = (
    "run the release that made it, or begin anew with an empty database "
    "(`localchat up`: `mv DATA_DIR/postgres DATA_DIR/postgres.old`) and ingest again"
)


async def run_migration(database_url: str, wait_seconds: float, *, cache_table: str) -> None:
    """Migrate, waiting up to `wait_seconds` for a database that is still starting.

    Raises:
        CommandFailed: it does not answer, or refuses.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            await _touch(database_url)
            break
        except UNAVAILABLE as error:
            if time.monotonic() > deadline:
                raise CommandFailed(f"DATABASE_URL: the database does not answer ({error})") from None
            await asyncio.sleep(_PAUSE_SECONDS)
        except (asyncpg.PostgresError, ValueError) as error:
            raise CommandFailed(f"DATABASE_URL: the database refuses ({error})") from None
    try:
        await migrate(database_url)
    except UnknownRevision as error:
        raise CommandFailed(f"{error}; {_OTHER_RELEASE}") from None
    await _make_cache_table(database_url, cache_table)


async def _make_cache_table(database_url: str, table: str) -> None:
    """L3_CACHE_TABLE can name another table than the one that the migrations make; its vectors go with it."""
    connection = await asyncpg.connect(database_url, timeout=5)
    try:
        for name, ddl in ((table, query_cache_ddl), (f"{table}_vectors", query_vectors_ddl)):
            if await connection.fetchval("SELECT to_regclass($1)", name) is None:
                await connection.execute(ddl(table))
    finally:
        await connection.close()


async def _touch(database_url: str) -> None:
    connection = await asyncpg.connect(database_url, timeout=5)
    await connection.close()
