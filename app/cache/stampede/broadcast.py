"""Broadcast of one stream of events: produced once, read in full by every reader."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, Self, TypeVar

E = TypeVar("E")


class BroadcastFlight(Generic[E]):
    """Keeps every event until the last reader is done, so that a late reader starts at the beginning.

    The producer runs in a task of its own. It is cancelled `grace` seconds after the last reader left, unless a
    new one has joined. Each reader gets the producer's error after the events before it.
    """

    def __init__(self, produce: Callable[[], AsyncIterator[E]], *, grace: float = 0.0) -> None:
        self._produce = produce
        self._grace = grace
        self._events: list[E] = []
        self._error: BaseException | None = None
        self._ended = False
        self._changed = asyncio.Event()
        self._readers = 0
        self._task: asyncio.Task[None] | None = None
        self._abandonment: asyncio.TimerHandle | None = None

    @property
    def joinable(self) -> bool:
        """Whether a new reader would get the whole stream: not after a failure or a cancellation."""
        return self._error is None

    @property
    def events(self) -> Sequence[E]:
        """Every event so far."""
        return self._events

    def read(self) -> "BroadcastReader[E]":
        """Join as a reader, starting the producer for the first one."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        self._readers += 1
        if self._abandonment is not None:
            self._abandonment.cancel()
            self._abandonment = None
        return BroadcastReader(self)

    async def event(self, position: int) -> E:
        """Wait for the event at this position and return it.

        Raises:
            StopAsyncIteration: there are fewer events.
            Exception: the producer raised it in place of the event.
        """
        while position >= len(self._events) and not self._ended:
            await self._changed.wait()
        if position < len(self._events):
            return self._events[position]
        raise self._error or StopAsyncIteration

    def leave(self) -> None:
        """Undo one `read`."""
        self._readers -= 1
        if self._readers == 0 and not self._ended:
            self._abandonment = asyncio.get_running_loop().call_later(self._grace, self._abandon)

    async def close(self) -> None:
        """Stop the producer and wait until it has cleaned up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _abandon(self) -> None:
        assert self._task is not None
        self._error = BroadcastAbandoned("every reader had left")
        self._task.cancel()

    async def _run(self) -> None:
        try:
            async for event in self._produce():
                self._events.append(event)
                self._wake()
        except asyncio.CancelledError:
            self._error = self._error or BroadcastAbandoned("the stream was stopped before its end")
            raise
        except Exception as error:  # noqa: BLE001 - handed to every reader
            self._error = error
        finally:
            self._ended = True
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class BroadcastAbandoned(Exception):
    """The producer was stopped, since its readers had left or the process is shutting down."""


class BroadcastReader(Generic[E]):
    """Iterates over all events of a flight. Close it (`aclosing`) to leave before the end."""

    def __init__(self, flight: BroadcastFlight[E]) -> None:
        self._flight = flight
        self._position = 0
        self._left = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        event = await self._flight.event(self._position)
        self._position += 1
        return event

    async def aclose(self) -> None:
        if not self._left:
            self._left = True
            self._flight.leave()
