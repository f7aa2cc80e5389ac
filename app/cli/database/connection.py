"""The database for commands that need no running service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.cli.failure import CommandFailed
from app.db.database import Database
from app.embedded.services.postgres import EmbeddedPostgres
from app.errors import StoreUnavailable
from app.settings import Settings


@asynccontextmanager
async def own_database(settings: Settings) -> AsyncIterator[Database]:
    """The one of DATABASE_URL, else that of `localchat up`, which has to run.

    Raises:
        CommandFailed: it does not answer.
    """
    url = settings.database_url or EmbeddedPostgres(settings.data_dir / "postgres").url()
    try:
        # None is held ready: the pool would tell of each that it cannot open again, beside what is said below.
        database = await Database.connect(url, min_size=0, max_size=4)
        try:
            yield database
        finally:
            await database.close()
    except StoreUnavailable:
        where = "DATABASE_URL" if settings.database_url else "`localchat up` starts the embedded one"
        raise CommandFailed(f"the database does not answer ({where})") from None
