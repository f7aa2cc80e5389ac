"""`localchat maintain`."""

import time

from rich.console import Console

from app.cli.database.connection import own_database
from app.services.operations.maintain import MaintenanceCommand
from app.settings import Settings


async def maintain(settings: Settings) -> None:
    """Do it, and print each deed with the seconds it took.

    Raises:
        CommandFailed: the database does not answer.
    """
    console = Console()
    async with own_database(settings) as database:
        began, deeds = time.monotonic(), 0
        async for deed in MaintenanceCommand(database, cache_table=settings.l3_cache_table).run():
            seconds = time.monotonic() - began
            console.print(f"{deed.what:>9}  {deed.detail} ({seconds:.1f} s)", soft_wrap=True, highlight=False)
            began, deeds = time.monotonic(), deeds + 1
    console.print(f"Done: {deeds} things.")
