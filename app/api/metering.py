"""Tokens that answers take, and uploads, charged to who asked."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from app.domain.access.caller import Caller
from app.domain.access.quotas import Measure
from app.domain.answers import Start, Usage
from app.domain.documents import Upload
from app.services.access.rate_limits import RateLimits
from app.services.answering.answer import Answer

E = TypeVar("E")


class Meter:
    """Charges one caller. An answer of the cache takes no tokens."""

    def __init__(self, limits: RateLimits, caller: Caller) -> None:
        self._limits = limits
        self._caller = caller

    def stream(self, events: Callable[[], AsyncGenerator[E, None]]) -> Callable[[], AsyncGenerator[E, None]]:
        """The same events of an answer, charged as they pass."""
        return partial(self._passing, events)

    async def _passing(self, events: Callable[[], AsyncGenerator[E, None]]) -> AsyncGenerator[E, None]:
        cached = False
        async with aclosing(events()) as passing:
            async for event in passing:
                if isinstance(event, Start):
                    cached = event.cache.get("status") == "hit"
                elif isinstance(event, Usage) and not cached:
                    await self._spend(event)
                yield event

    def whole(self, answer: Callable[[], Awaitable[Answer]]) -> Callable[[], Awaitable[Answer]]:
        """The same of an answer that comes at once."""

        async def charged() -> Answer:
            made = await answer()
            if made.usage is not None and made.tier == "miss":
                await self._spend(made.usage)
            return made

        return charged

    async def uploads(self, *uploads: Upload) -> None:
        """
        Raises:
            TooManyRequests: the caller's limits allow no more.
        """
        await self._limits.charge(self._caller, Measure.UPLOAD_BYTES, sum(upload.size_bytes for upload in uploads))
        await self._limits.charge(self._caller, Measure.DOCUMENTS, len(uploads))

    async def _spend(self, usage: Usage) -> None:
        await self._limits.spend(self._caller, Measure.TOKENS, usage.input_tokens + usage.output_tokens)
