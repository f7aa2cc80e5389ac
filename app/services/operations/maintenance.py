"""Maintenance: the cleaning that an operator starts with `localchat maintain`.

It does the workers' housekeeping at once, and then the costlier steps that housekeeping leaves out: vacuum, the
rebuilding of bloated indexes, and the refreshing of statistics.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.db.database import Database
from app.db.operations import statistics, vacuum
from app.services.operations.housekeeping import HousekeepingService

_KIB = 1024


@dataclass(frozen=True, slots=True)
class MaintenanceStep:
    """One thing that was done. `detail` is for people."""

    what: str
    detail: str


class MaintenanceCommand:
    def __init__(self, database: Database, *, cache_table: str = "query_cache") -> None:
        self._database = database
        self._cache_table = cache_table
        self._housekeeping = HousekeepingService(database, cache_table=cache_table, patient=True)

    async def run(self) -> AsyncIterator[MaintenanceStep]:
        """Purge, vacuum, rebuild and refresh. Yields each step once it is done."""
        for name, count in (await self._housekeeping.once()).items():
            if count:
                yield MaintenanceStep("purged" if name != "jobs queued again" else "queued", f"{count} {name}")
        async for step in self._vacuum():
            yield step
        async for step in self._rebuild():
            yield step
        for view in statistics.VIEWS:
            async with self._database.transaction() as connection:
                refreshed = await statistics.refresh(connection, view)
            yield MaintenanceStep(
                "refreshed" if refreshed else "left", view if refreshed else f"{view}: a worker is at it"
            )

    async def _vacuum(self) -> AsyncIterator[MaintenanceStep]:
        async with self._database.connection() as connection:
            for table in await vacuum.tables(connection):
                if table.dead or table.modified or (table.live and not table.analyzed):
                    await vacuum.vacuum(connection, table.name)
                    yield MaintenanceStep("vacuumed", f"{table.name}: {table.live} rows, {table.dead} dead ones")

    async def _rebuild(self) -> AsyncIterator[MaintenanceStep]:
        async with self._database.connection() as connection:
            for name in await vacuum.drop_leftovers(connection, self._cache_table):
                yield MaintenanceStep("dropped", f"{name}, left by a rebuild that was cut short")
            for turnover in await vacuum.turnovers(connection, self._cache_table):
                if turnover.bloated:
                    await vacuum.rebuild_all(connection, turnover)
                    yield MaintenanceStep(
                        "rebuilt",
                        f"indexes of {turnover.table}: {turnover.live} rows are there, "
                        f"{turnover.gone} came and went",
                    )
            for graph in await vacuum.graphs(connection):
                if graph.bloated:
                    await vacuum.rebuild(connection, graph.index)
                    held, wanted = graph.size_bytes // _KIB, graph.expected_bytes // _KIB
                    yield MaintenanceStep(
                        "rebuilt", f"{graph.index}: {held} KiB for {graph.vectors} vectors of {wanted} KiB"
                    )
