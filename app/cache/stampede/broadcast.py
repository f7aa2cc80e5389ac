"""One stream of events, produced once and read in full by everyone who asked for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, Self, TypeVar

E = TypeVar("E")


class BroadcastFlight(Generic[E]):
    """Keeps every event until the last reader is done, so that one who joins late starts at the beginning.

    The producer runs in a task of its own. It is cancelled `grace` seconds after its last reader left, unless
    one came back. What it raises, each reader gets after the events that came before.
    """

    def __init__(self, produce: Callable[[], AsyncIterator[E]], *, grace: float = 0.0) -> None:
        self._produce = produce
        self._grace = grace
        self._events: list[E] = []
        self._error: BaseException | None = None
        self._ended = False
        self._news = asyncio.Event()
        self._readers = 0
        self._task: asyncio.Task[None] | None = None
        self._farewell: asyncio.TimerHandle | None = None

    @property
    def joinable(self) -> bool:
        """Whether a reader who comes now gets the whole stream: not after a failure or an abandonment."""
        return self._error is None

    @property
    def readers(self) -> int:
        return self._readers

    @property
    def events(self) -> Sequence[E]:
        """Every event so far."""
        return self._events

    def read(self) -> "BroadcastReader[E]":
        """Join as a reader, starting the producer for the first one."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        self._readers += 1
        if self._farewell is not None:
            self._farewell.cancel()
            self._farewell = None
        return BroadcastReader(self)

    async def event(self, position: int) -> E:
        """Return the event at this position, once it has come.

        Raises:
            StopAsyncIteration: there are fewer events.
            Exception: what the producer raised in its place.
        """
        while position >= len(self._events) and not self._ended:
            await self._news.wait()
        if position < len(self._events):
            return self._events[position]
        raise self._error or StopAsyncIteration

    def leave(self) -> None:
        """Undo one `read`."""
        self._readers -= 1
        if self._readers == 0 and not self._ended:
            self._farewell = asyncio.get_running_loop().call_later(self._grace, self._abandon)

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
                self._tell()
        except asyncio.CancelledError:
            self._error = self._error or BroadcastAbandoned("the stream was stopped before its end")
            raise
        except Exception as error:  # noqa: BLE001 - handed to every reader
            self._error = error
        finally:
            self._ended = True
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class BroadcastAbandoned(Exception):
    """The producer was stopped: its readers had left, or the process is shutting down."""


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
