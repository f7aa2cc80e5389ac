"""Identical questions at once are asked in rounds, so that no answer is older than its question."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Lead:
    """Tells one who waited to do the work, for itself and for those who waited with it."""


_Turn = asyncio.Future[_Lead | T]


class TrailingCoalescer(Generic[T]):
    """Whoever comes while the same call runs waits for it to end; then one of those who waited makes it for all.

    No task is made for a call: the first caller does the work itself. A failure goes to everyone who waits; when a
    caller is cancelled, another one takes its place.
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, list[_Turn[T]]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return what the work gave, and whether another caller did it."""
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = []
            return await self._lead(key, work, []), False
        turn: _Turn[T] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            outcome = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and isinstance(turn.result(), _Lead):
                self._next(key)
            raise
        if not isinstance(outcome, _Lead):
            return outcome, True
        followers, self._waiting[key] = self._waiting[key], []
        return await self._lead(key, work, followers), False

    async def _lead(self, key: Hashable, work: Callable[[], Awaitable[T]], followers: list[_Turn[T]]) -> T:
        try:
            result = await work()
        except Exception as error:
            for turn in _open([*followers, *self._waiting.pop(key)]):
                turn.set_exception(error)
            raise
        except BaseException:
            self._waiting[key] = [*followers, *self._waiting[key]]
            self._next(key)
            raise
        for turn in _open(followers):
            turn.set_result(result)
        self._next(key)
        return result

    def _next(self, key: Hashable) -> None:
        """Begin the round of those who wait."""
        waiting = _open(self._waiting[key])
        if waiting:
            self._waiting[key] = waiting[1:]
            waiting[0].set_result(_Lead())
        else:
            del self._waiting[key]


def _open(turns: list[_Turn[T]]) -> list[_Turn[T]]:
    return [turn for turn in turns if not turn.done()]
