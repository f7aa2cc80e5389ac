"""Housekeeping, done by whichever worker gets there first."""

import asyncio
import logging

from app.db import maintenance
from app.db.database import Database
from app.errors import StoreUnavailable
from app.ingestion import jobs

# Documents or versions deleted in one transaction.
BATCH = 20

# A queued document without a job for this many seconds has lost it.
LOST_AFTER = 60.0

_log = logging.getLogger(__name__)


class MaintenanceService:
    """Purges what nobody can see, and queues again what lost its job."""

    def __init__(self, database: Database, *, interval: float = 30.0) -> None:
        self._database = database
        self._interval = interval

    async def run(self) -> None:
        """Clean up for ever, every `interval` seconds."""
        while True:
            try:
                await self.once()
            except StoreUnavailable:
                _log.warning("Housekeeping skipped: the database does not answer")
            await asyncio.sleep(self._interval)

    async def once(self) -> None:
        await self._requeue()
        while await self._purge():
            pass
        await self._drop_collections()

    async def _requeue(self) -> None:
        async with self._database.transaction() as connection:
            if not await maintenance.try_lock(connection):
                return
            await maintenance.forget_uploads(connection)
            for document_id, version in await maintenance.lost_jobs(connection, LOST_AFTER):
                _log.warning("Document %s had lost its job; it is queued again", document_id)
                await jobs.enqueue(connection, document_id, version)

    async def _purge(self) -> bool:
        async with self._database.transaction() as connection:
            if not await maintenance.try_lock(connection):
                return False
            purged = await maintenance.purge_documents(connection, BATCH)
            return purged + await maintenance.purge_versions(connection, BATCH) > 0

    async def _drop_collections(self) -> None:
        async with self._database.transaction() as connection:
            if not await maintenance.try_lock(connection):
                return
            for collection_id, space_ids in await maintenance.deleted_collections(connection):
                await maintenance.drop_collection(connection, collection_id, space_ids)
