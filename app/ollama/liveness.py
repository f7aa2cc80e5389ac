"""Tells a model server that is slow from one that is gone: it may take minutes for a model, not for its version."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from app.errors import ModelUnavailable

# So often in a row a server must not say that it is there before it counts as gone.
_MISSED = 2


class LivenessCheck:
    """A block that ends when the server that it waits for is gone.

    Args:
        silence: seconds after which the server is asked whether it is there, and then between two such questions.
        answers: asks it.
        on_gone: called when it is not.

    Raises:
        ModelUnavailable: at the end of the block, if the server was gone.
    """

    __slots__ = ("_answers", "_limit", "_on_gone", "_silence", "_timer", "_watch")

    def __init__(self, silence: float, answers: Callable[[], Awaitable[bool]], on_gone: Callable[[], None]) -> None:
        self._silence = silence
        self._answers = answers
        self._on_gone = on_gone
        self._limit = asyncio.timeout(None)
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._timer = asyncio.get_running_loop().call_later(self._silence, self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            self._on_gone()
            raise ModelUnavailable("The model server stopped answering.") from None

    def _begin(self) -> None:
        self._watch = asyncio.create_task(self._look())

    async def _look(self) -> None:
        missed = 0
        while True:
            missed = 0 if await self._answers() else missed + 1
            if missed == _MISSED:
                self._limit.reschedule(asyncio.get_running_loop().time())
                return
            await asyncio.sleep(self._silence)
