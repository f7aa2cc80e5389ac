"""`localchat maintain`."""

import time

from rich.console import Console

from app.cli.failure import CommandFailed
from app.db.database import Database
from app.embedded.postgres import EmbeddedPostgres
from app.errors import StoreUnavailable
from app.services.upkeep import UpkeepService
from app.settings import Settings


async def maintain(settings: Settings) -> None:
    """Do it, and print each deed with the seconds it took.

    Raises:
        CommandFailed: the database does not answer.
    """
    url = settings.database_url or EmbeddedPostgres(settings.data_dir / "postgres").url()
    console = Console()
    try:
        database = await Database.connect(url, min_size=1, max_size=2)
        try:
            began, deeds = time.monotonic(), 0
            async for deed in UpkeepService(database, cache_table=settings.l3_cache_table).run():
                seconds = time.monotonic() - began
                console.print(f"{deed.what:>9}  {deed.detail} ({seconds:.1f} s)", soft_wrap=True, highlight=False)
                began, deeds = time.monotonic(), deeds + 1
        finally:
            await database.close()
    except StoreUnavailable:
        where = "DATABASE_URL" if settings.database_url else "`localchat up` starts the embedded one"
        raise CommandFailed(f"the database does not answer ({where})") from None
    console.print(f"Done: {deeds} things.")
