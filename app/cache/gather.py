"""Reads of one event-loop tick, gathered into one request to the store."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TickGather(Generic[K, V]):
    """Turns many concurrent `get`s into few `fetch`es of at most `max_keys`.

    At most `in_flight` fetches run at once; what comes meanwhile waits for the next. A fetch belongs to all of
    its waiters, so it is detached from each: a waiter that is cancelled only stops waiting. `timeout` seconds
    bound a fetch, and a failure reaches everyone who waited for it.
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
        self._running: set[asyncio.Task[None]] = set()
        self._scheduled = False

    async def get(self, key: K) -> V | None:
        """Return what `fetch` had for `key`, or None. Raises what `fetch` raised, or TimeoutError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[V | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._flush)
        return await future

    async def close(self) -> None:
        """Stop the fetches that run; their waiters get CancelledError."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _flush(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._running) < self._in_flight:
            keys = list(self._waiting)[: self._max_keys]
            batch = {key: self._waiting.pop(key) for key in keys}
            task = asyncio.create_task(self._run(batch))
            self._running.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._flush()

    async def _run(self, batch: dict[K, list[asyncio.Future[V | None]]]) -> None:
        try:
            async with asyncio.timeout(self._timeout):
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
