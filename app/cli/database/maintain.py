"""`localchat maintain`."""

import time

from rich.console import Console

from app.cli.database.connection import own_database
from app.services.operations.maintenance import MaintenanceCommand
from app.settings import Settings


async def maintain(settings: Settings) -> None:
    """Run the maintenance, and print each step with the seconds it took.

    Raises:
        CommandFailed: the database does not answer.
    """
    console = Console()
    async with own_database(settings) as database:
        began, steps = time.monotonic(), 0
        async for step in MaintenanceCommand(database, cache_table=settings.l3_cache_table).run():
            seconds = time.monotonic() - began
            console.print(f"{step.what:>9}  {step.detail} ({seconds:.1f} s)", soft_wrap=True, highlight=False)
            began, steps = time.monotonic(), steps + 1
    console.print(f"Done: {steps} steps.")
