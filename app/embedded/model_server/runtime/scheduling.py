"""Shares a fixed number of slots among requests that each bring many items."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")
Job = Callable[[], Awaitable[Any]]

# Of every five turns that are contended for, at least one goes to a request already begun, so that a flood
# of single texts cannot starve a batch.
FRESH_IN_A_ROW = 4


class _Batch:
    def __init__(self, jobs: Sequence[Job], done: asyncio.Future[None]) -> None:
        self.waiting = deque(enumerate(jobs))
        self.unfinished = len(jobs)
        self.results: list[Any] = [None] * len(jobs)
        self.failure: Exception | None = None
        self.done = done


class SlotScheduler:
    """Runs the jobs of every request in at most `slots` slots at once.

    Unfair, it takes jobs strictly in the order of arrival. Fair, requests take turns, and the first job of
    a new request goes before the later jobs of the others: a single query waits for no more than the jobs
    in progress (and for the first jobs of requests that came just before it), however long the batches are.
    """

    def __init__(self, slots: int, *, fair: bool) -> None:
        self._free = slots
        self._fair = fair
        self._fresh: deque[_Batch] = deque()
        self._begun: deque[_Batch] = deque()
        self._fresh_in_a_row = 0
        self._running: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Jobs that have no slot yet."""
        return sum(len(batch.waiting) for batch in (*self._fresh, *self._begun))

    async def run_all(self, jobs: Sequence[Callable[[], Awaitable[Result]]]) -> list[Result]:
        """Run the jobs and return their results in order. All jobs run even if one fails, as in Ollama.

        A cancelled call drops its jobs that have not begun.

        Raises:
            Exception: the error of the first job that failed.
        """
        if not jobs:
            return []
        batch = _Batch(jobs, asyncio.get_running_loop().create_future())
        self._fresh.append(batch)
        self._fill()
        try:
            await batch.done
        finally:
            self._forget(batch)
        if batch.failure is not None:
            raise batch.failure
        return batch.results

    def _forget(self, batch: _Batch) -> None:
        batch.waiting.clear()
        for queue in (self._fresh, self._begun):
            if batch in queue:
                queue.remove(batch)

    def _fill(self) -> None:
        while self._free and (batch := self._next()) is not None:
            self._free -= 1
            index, job = batch.waiting.popleft()
            if batch.waiting:
                self._put_back(batch)
            task = asyncio.get_running_loop().create_task(self._run(batch, index, job))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _next(self) -> _Batch | None:
        if self._fresh and (self._fresh_in_a_row < FRESH_IN_A_ROW or not self._begun):
            self._fresh_in_a_row += 1
            return self._fresh.popleft()
        self._fresh_in_a_row = 0
        return self._begun.popleft() if self._begun else None

    def _put_back(self, batch: _Batch) -> None:
        if self._fair:
            self._begun.append(batch)
        else:
            self._fresh.appendleft(batch)

    async def _run(self, batch: _Batch, index: int, job: Job) -> None:
        try:
            batch.results[index] = await job()
        except Exception as error:  # noqa: BLE001  raised again by run_all
            batch.failure = batch.failure or error
        finally:
            self._free += 1
            batch.unfinished -= 1
            if not batch.unfinished and not batch.done.done():
                batch.done.set_result(None)
            self._fill()
