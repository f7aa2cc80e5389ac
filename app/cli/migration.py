"""`localchat migrate`."""

import asyncio
import time

import asyncpg

from app.cli.failure import CommandFailed
from app.db.database import UNAVAILABLE
from app.db.migrate import migrate

_PAUSE_SECONDS = 0.05


async def run_migration(database_url: str, wait_seconds: float) -> None:
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
    await migrate(database_url)


async def _touch(database_url: str) -> None:
    connection = await asyncpg.connect(database_url, timeout=5)
    await connection.close()
