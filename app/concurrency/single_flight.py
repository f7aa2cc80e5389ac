"""One computation per key and process, however many ask for it at once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiters = 0


class SingleFlight(Generic[T]):
    """Runs work in a task of its own, so that no waiter's cancellation reaches it.

    With `cancel_when_abandoned`, the work is cancelled once the last waiter has left; otherwise it finishes
    for the next caller.
    """

    def __init__(self, *, cancel_when_abandoned: bool = False) -> None:
        self._cancel_when_abandoned = cancel_when_abandoned
        self._flights: dict[Hashable, _Flight[T]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    def start(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """Begin the work without waiting for it, unless it is under way."""
        self._board(key, work)

    async def run(
        self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]], *, wait: float | None = None
    ) -> T:
        """Return the result of the key's flight, or raise its error.

        Raises:
            TimeoutError: it took longer than `wait` seconds; the work goes on.
        """
        flight = self._board(key, work)
        flight.waiters += 1
        try:
            done, _ = await asyncio.wait({flight.task}, timeout=wait)
            if not done:
                raise TimeoutError
            return flight.task.result()
        finally:
            flight.waiters -= 1
            if self._cancel_when_abandoned and flight.waiters == 0:
                # Later callers must not join work that is on its way out.
                self._land(key, flight)
                flight.task.cancel()

    async def close(self) -> None:
        """Cancel all flights and wait for their end."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _board(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.create_task(work()))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if flight.task.done() and not flight.task.cancelled():
            flight.task.exception()  # retrieved, also when no caller waits any more
