"""Reads of one event-loop tick, gathered into one request to the store."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from app.concurrency.timeouts import LagTolerantTimer

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class DataLoader(Generic[K, V]):
    """Turns many concurrent `get`s into few `fetch`es of at most `max_keys`.

    At most `in_flight` fetches run at once; later keys wait for the next one. A fetch belongs to all of
    its waiters, so it is detached from each: a waiter that is cancelled only stops waiting. `timeout` seconds
    bound a fetch, and its failure reaches every waiter.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        timeout: float,
        in_flight: int = 4,
        max_keys: int = 256,
    ) -> None:
        self._fetch = fetch
        self._timeout = timeout
        self._in_flight = in_flight
        self._max_keys = max_keys
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._running: dict[asyncio.Task[None], LagTolerantTimer] = {}
        self._collecting = False

    async def get(self, key: K) -> V | None:
        """Return the value that `fetch` returned for `key`, or None. Raises `fetch`'s error, or TimeoutError."""
        return await self.submit(key)

    def submit(self, key: K) -> asyncio.Future[V | None]:
        """Begin a `get`. The future is the caller's own: settling it ends the wait."""
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        self._begin()
        return future

    async def close(self) -> None:
        """Stop the fetches that run; their waiters get CancelledError."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _begin(self) -> None:
        """Start a fetch unless one is about to start, which will take these keys along."""
        if not self._collecting and self._waiting and len(self._running) < self._in_flight:
            self._collecting = True
            batch: dict[K, list[asyncio.Future[V | None]]] = {}
            task = asyncio.create_task(self._run(batch))
            limit = LagTolerantTimer(self._timeout, lambda: self._give_up(task, batch))
            self._running[task] = limit
            task.add_done_callback(self._finished)

    def _collect(self, batch: dict[K, list[asyncio.Future[V | None]]]) -> None:
        if len(self._waiting) <= self._max_keys:
            batch.update(self._waiting)
            self._waiting.clear()
        else:
            for key in list(self._waiting)[: self._max_keys]:
                batch[key] = self._waiting.pop(key)
        self._collecting = False
        self._begin()

    def _give_up(self, task: asyncio.Task[None], batch: dict[K, list[asyncio.Future[V | None]]]) -> None:
        for future in _open(batch):
            future.set_exception(TimeoutError())
        task.cancel()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task).cancel()
        self._begin()

    async def _run(self, batch: dict[K, list[asyncio.Future[V | None]]]) -> None:
        self._collect(batch)
        try:
            found = await self._fetch(list(batch))
        except asyncio.CancelledError:
            for future in _open(batch):
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - handed to every waiter
            for future in _open(batch):
                future.set_exception(error)
            return
        for key, futures in batch.items():
            value = found.get(key)
            for future in futures:
                if not future.done():
                    future.set_result(value)


def _open(batch: Mapping[K, list[asyncio.Future[V]]]) -> list[asyncio.Future[V]]:
    return [future for futures in batch.values() for future in futures if not future.done()]
