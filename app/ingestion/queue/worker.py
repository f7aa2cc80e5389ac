"""The worker's side of the queue: taking jobs, ending them, putting them back."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.types import JOB_STATUS, JobId

from app.errors import LocalChatError
from app.ingestion.queue.jobs import ENTRYPOINT, REINDEX_ENTRYPOINT, IngestJob, ReindexJob

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

# A job whose worker died is taken over after this many seconds without a heartbeat.
HEARTBEAT_TIMEOUT = 10.0
_LONGEST_DELAY = 60.0

_log = logging.getLogger(__name__)


class _OwnJobs(Queries):
    """Ends or puts back only jobs that `owner` still holds.

    A worker that was frozen for a while comes back to jobs that another has taken over since, and must not end
    them for that one. Once the connection is `lost`, it holds none.
    """

    owner: UUID | None = None
    lost: asyncio.Event

    async def log_jobs(self, job_status: list[tuple[Job, JOB_STATUS, TracebackRecord | None]]) -> None:
        held = await self._held([job.id for job, _, _ in job_status])
        if held:
            await super().log_jobs([entry for entry in job_status if entry[0].id in held])

    async def retry_job(self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        if await self._held([job.id]):
            await super().retry_job(job, delay, traceback_record)

    async def _held(self, ids: list[JobId]) -> set[JobId]:
        if self.lost.is_set():
            return set()
        rows = await self.driver.fetch(
            "SELECT id FROM pgqueuer WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2", ids, self.owner
        )
        return {job_id for job_id in ids if job_id in [row["id"] for row in rows]}


class QueueWorker:
    """Takes jobs from the queue and gives them to `handle` until stopped.

    `reindex` is given the moves of collections. An error of either that is `retryable` puts the job back with a
    growing delay; any other holds the job for a person to look at. A worker that loses Postgres connects again
    by itself, and drops what it had in hand, since nobody hears any more that it still works on it.

    Each job is worked on within what `within` makes of its queue's name and its headers. `on_attempt` is told of
    each attempt's result: ok, recovered (ok after another worker or attempt had begun, which both handlers tell by
    returning True, or had failed), retry or dead.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        handle: Callable[[IngestJob], Awaitable[bool]],
        *,
        reindex: Callable[[ReindexJob], Awaitable[bool]] | None = None,
        within: Callable[[str, Mapping[str, str]], AbstractContextManager[object]] = lambda *_: nullcontext(),
        on_attempt: Callable[[str], None] = lambda _result: None,
        concurrency: int = 4,
        heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
    ) -> None:
        self._connect = connect
        self._handle = handle
        self._reindex = reindex
        self._within = within
        self._on_attempt = on_attempt
        self._concurrency = concurrency
        self._heartbeat_timeout = timedelta(seconds=heartbeat_timeout)
        self._stopping = asyncio.Event()
        self._lost = asyncio.Event()

    def stop(self) -> None:
        """Take no more jobs, and hand back those in progress."""
        self._stopping.set()

    async def run(self) -> None:
        delay = 0.5
        while not self._stopping.is_set():
            try:
                await self._consume()
                delay = 0.5
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("The queue cannot be reached (%s); trying again in %.1fs", type(error).__name__, delay)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), delay)
                delay = min(delay * 2, 10.0)

    async def _consume(self) -> None:
        connection = await self._connect()
        lost = self._lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            queries = _OwnJobs(AsyncpgDriver(connection))
            queries.lost = lost
            manager = QueueManager(queries)
            queries.owner = manager.queue_manager_id
            manager.entrypoint(ENTRYPOINT, on_failure="hold")(self._ingest)
            if self._reindex is not None:
                manager.entrypoint(REINDEX_ENTRYPOINT, on_failure="hold", concurrency_limit=1)(
                    partial(self._move, self._reindex)
                )
            stopper = asyncio.create_task(self._relay_stop(manager, lost))
            try:
                await manager.run(
                    dequeue_timeout=timedelta(seconds=5),
                    batch_size=1,
                    max_concurrent_tasks=max(2, self._concurrency),
                    shutdown_on_listener_failure=True,
                    heartbeat_timeout=self._heartbeat_timeout,
                )
            finally:
                stopper.cancel()
        finally:
            await connection.close(timeout=2)

    async def _relay_stop(self, manager: QueueManager, lost: asyncio.Event) -> None:
        await _first(self._stopping, lost)
        manager.shutdown.set()

    async def _ingest(self, job: Job) -> None:
        fields = orjson.loads(job.payload or b"{}")
        ingest = IngestJob(UUID(fields["document_id"]), fields["version"], job.attempts, _headers(job))
        await self._dispatch(job, self._handle(ingest))

    async def _move(self, reindex: Callable[[ReindexJob], Awaitable[bool]], job: Job) -> None:
        fields = orjson.loads(job.payload or b"{}")
        await self._dispatch(job, reindex(ReindexJob(UUID(fields["reindex_id"]), job.attempts, _headers(job))))

    async def _dispatch(self, job: Job, handling: Awaitable[bool]) -> None:
        result = "dead"
        try:
            with self._within(job.entrypoint, _headers(job)):
                resumed = await self._attempt(job, handling)
            result = "recovered" if resumed or job.attempts else "ok"
        except RetryRequested:
            result = "retry"
            raise
        finally:
            self._on_attempt(result)

    async def _attempt(self, job: Job, handling: Awaitable[bool]) -> bool:
        work = asyncio.ensure_future(handling)
        stop = asyncio.ensure_future(_first(self._stopping, self._lost))
        try:
            await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                await asyncio.wait((work,))
                raise RetryRequested(timedelta(0), "The worker is stopping, or has lost the queue")
            return work.result()
        except LocalChatError as error:
            if not error.retryable:
                raise
            delay = min(2.0**job.attempts, _LONGEST_DELAY)
            raise RetryRequested(timedelta(seconds=delay), error.detail) from error
        finally:
            stop.cancel()
            work.cancel()


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


def _headers(job: Job) -> dict[str, str]:
    return {str(key): str(value) for key, value in (job.headers or {}).items()}
