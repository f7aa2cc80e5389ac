"""Housekeeping: the cleaning that workers do by themselves in the background, one of them at a time."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.db.database import Database, PooledConnection
from app.db.lifecycle import changes, reindexes
from app.db.operations import analytics, housekeeping, statistics
from app.db.tables import model_texts
from app.errors import StoreUnavailable
from app.ingestion.queue import jobs

# Rows deleted in one transaction. Documents and their versions have the original bytes with them.
CHUNKS = 2000
DOCUMENTS = 50
CACHED = 500
RECORDS = 5000

# A queued document or reindex without a job for this many seconds has lost it.
LOST_AFTER = 60.0

# Seconds for which retired vectors stay. No search begins to read them, and none takes as long as this.
SPACES_STAY = 120.0

_log = logging.getLogger(__name__)


class HousekeepingService:
    """Purges deleted rows in small batches, and queues documents again that lost their job.

    Args:
        database: the database to clean.
        interval: seconds between two rounds.
        spaces_stay: seconds for which retired vectors stay.
        cache_table: the table of L3.
        patient: wait for another process that is cleaning up; by default its round stands for ours.
    """

    def __init__(
        self,
        database: Database,
        *,
        interval: float = 30.0,
        spaces_stay: float = SPACES_STAY,
        cache_table: str = "query_cache",
        patient: bool = False,
    ) -> None:
        self._database = database
        self._interval = interval
        self._spaces_stay = spaces_stay
        self._cache_table = cache_table
        self._patient = patient

    async def run(self) -> None:
        """Clean up for ever, every `interval` seconds."""
        while True:
            try:
                await self.once()
                await self._refresh_views()
            except StoreUnavailable:
                _log.warning("Housekeeping skipped: the database does not answer")
            await asyncio.sleep(self._interval)

    async def once(self) -> Counter[str]:
        """Run one round. Returns how many rows went, by kind."""
        done: Counter[str] = Counter()
        done["jobs queued again"] += await self._requeue()
        done["vector tables"] += await self._drop_spaces()
        for name, purge in (
            ("chunks", lambda connection: housekeeping.purge_chunks(connection, CHUNKS)),
            ("document versions", lambda connection: housekeeping.purge_versions(connection, DOCUMENTS)),
            ("documents", lambda connection: housekeeping.purge_documents(connection, DOCUMENTS)),
            (
                "cached results",
                lambda connection: housekeeping.purge_cached(connection, self._cache_table, CACHED),
            ),
            ("texts of models", lambda connection: model_texts.purge(connection, RECORDS)),
            ("collections", housekeeping.purge_collections),
            ("held jobs", housekeeping.purge_held_jobs),
            ("job records", lambda connection: housekeeping.purge_job_records(connection, RECORDS)),
        ):
            done[name] += await self._repeat(purge)
        if done.total():
            _log.info("Housekeeping: %s", ", ".join(f"{count} {name}" for name, count in done.items() if count))
        return done

    async def _refresh_views(self) -> None:
        async with self._database.connection() as connection:
            due = await statistics.due(connection)
        for view in due:
            async with self._database.transaction() as connection:
                await statistics.refresh(connection, view, min_age=statistics.MIN_AGE)

    async def _requeue(self) -> int:
        async with self._turn() as connection:
            if connection is None:
                return 0
            await housekeeping.forget_uploads(connection)
            await changes.forget(connection)
            await analytics.forget(connection)
            documents = await housekeeping.lost_jobs(connection, LOST_AFTER)
            for document_id, version in documents:
                _log.warning("Document %s had lost its job; it is queued again", document_id)
                await jobs.enqueue(connection, document_id, version)
            lost = await reindexes.lost(connection, LOST_AFTER)
            for reindex_id in lost:
                _log.warning("Reindex %s had lost its job; it is queued again", reindex_id)
                await jobs.enqueue_reindex(connection, reindex_id)
            return len(documents) + len(lost)

    async def _drop_spaces(self) -> int:
        dropped = 0
        async with self._database.connection() as connection:
            retired = await housekeeping.retired_spaces(connection, self._spaces_stay)
        for space_id in retired:
            async with self._turn() as connection:
                if connection is not None:
                    dropped += await housekeeping.drop_space(connection, space_id)
        return dropped

    async def _repeat(self, purge: Callable[[PooledConnection], Awaitable[int]]) -> int:
        """Purge batch by batch until nothing is left. After each batch rest for as long as it took."""
        purged = 0
        while True:
            began = time.monotonic()
            async with self._turn() as connection:
                batch = await purge(connection) if connection is not None else 0
            if not batch:
                return purged
            purged += batch
            await asyncio.sleep(time.monotonic() - began)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[PooledConnection | None]:
        """A transaction in which no other process cleans up; None while another one does."""
        async with self._database.transaction() as connection:
            if self._patient:
                await housekeeping.lock(connection)
                yield connection
            else:
                yield connection if await housekeeping.try_lock(connection) else None
