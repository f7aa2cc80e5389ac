"""Writing to a version that is being ingested, as the only one who may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from app.db.database import Database, PooledConnection, RowsExist
from app.db.lifecycle import leases
from app.db.lifecycle.leases import IngestTask
from app.domain.documents import Stage

# Seconds after which the server undoes what a worker began to write and never ended, because it was frozen: who
# took its document over waits for those rows.
WRITES_WITHIN = 30.0


class LeaseLost(Exception):
    """Another worker, a replacement, a cancellation or a deletion took the version over."""


@dataclass(slots=True)
class Written:
    """What a transaction adds to the counts of its document."""

    chunks: int = 0
    embedded: int = 0
    failed: int = 0
    reused: int = 0


class Fence:
    """The version of `task` under the lease that this worker took."""

    def __init__(self, database: Database, task: IngestTask, lease: UUID) -> None:
        self.database = database
        self.task = task
        self.lease = lease

    @asynccontextmanager
    async def writing(self, stage: Stage) -> AsyncIterator[tuple[PooledConnection, Written]]:
        """A transaction that commits only if the lease is still held in the end, with the counts it added.

        Raises:
            LeaseLost: it is not, and nothing was written.
        """
        written = Written()
        try:
            async with self.database.transaction(limit=WRITES_WITHIN) as connection:
                yield connection, written
                await self.advance(connection, stage, written)
        except RowsExist:
            async with self.database.connection() as connection:
                if await leases.holds(connection, self.task.document_id, self.lease):
                    raise
            raise LeaseLost from None

    async def advance(
        self,
        connection: PooledConnection,
        stage: Stage,
        written: Written = Written(),  # noqa: B008 - read alone
    ) -> None:
        """
        Raises:
            LeaseLost: the version is another's.
        """
        held = await leases.advance(
            connection,
            self.task.document_id,
            self.lease,
            stage=stage,
            chunks=written.chunks,
            embedded=written.embedded,
            failed=written.failed,
            reused=written.reused,
        )
        if not held:
            raise LeaseLost
