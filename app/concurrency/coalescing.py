"""Request coalescing, trailing edge: concurrent equal calls share one call, which begins after all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Lead:
    """Tells one waiting caller to do the work, for itself and for the others."""


_Turn = asyncio.Future[_Lead | T]


class TrailingCoalescer(Generic[T]):
    """A caller that comes while the same call runs waits for its end; then one waiting caller makes it for all.

    The first caller does the work itself, without a task. Its failure goes to every waiting caller; if a
    caller is cancelled, another one takes its place.
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, list[_Turn[T]]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return the result of the work, and whether another caller did it."""
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
        """Begin the next call for the waiting callers."""
        waiting = _open(self._waiting[key])
        if waiting:
            self._waiting[key] = waiting[1:]
            waiting[0].set_result(_Lead())
        else:
            del self._waiting[key]


def _open(turns: list[_Turn[T]]) -> list[_Turn[T]]:
    return [turn for turn in turns if not turn.done()]
