"""What a process writes of itself to the database, behind its work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from app.concurrency.background import run_for_lifetime
from app.db.database import Database
from app.db.operations.slow_statements import SlowStatements
from app.services.operations.cache_rollup import CacheRollup, Totals

# Seconds for the last counters at a stop, when the database may be gone.
_LAST = 2.0


@asynccontextmanager
async def reporting(database: Database, slow: SlowStatements, totals: Callable[[], Totals]) -> AsyncIterator[None]:
    """Keep slow statements and the cache's counters while the block runs, and write the last of them at its end."""
    rollup = CacheRollup(database, totals)
    try:
        async with AsyncExitStack() as stack:
            for work in (slow.run(database), rollup.run()):
                run_for_lifetime(stack, work)
            yield
    finally:
        await asyncio.wait([asyncio.create_task(rollup.write_quietly())], timeout=_LAST)
