"""Which weights a chat model has, so that new weights under an old name have answers of their own."""

import asyncio
import math
import time
from typing import Protocol

from app.concurrency.coalescing import TrailingCoalescer
from app.errors import ModelUnavailable

# Seconds that reading a known model's digest again may take: cached answers wait for it.
_PATIENCE = 0.25


class _Facts(Protocol):
    @property
    def digest(self) -> str: ...


class _Models(Protocol):
    async def show(self, model: str) -> _Facts: ...


class ModelDigests:
    """Reads each model's digest, and trusts it for `age` seconds.

    A digest that cannot be read again stands: cached answers outlive the model server, and nothing new can be made
    meanwhile.
    """

    def __init__(self, models: _Models, *, age: float = 30.0) -> None:
        self._models = models
        self._age = age
        self._known: dict[str, tuple[float, str]] = {}
        self._reading: TrailingCoalescer[_Facts] = TrailingCoalescer()

    async def of(self, model: str) -> str:
        """
        Raises:
            ModelError: the digest was never read, and the model server does not give it.
        """
        read_at, digest = self._known.get(model, (-math.inf, ""))
        if time.monotonic() - read_at < self._age:
            return digest
        try:
            async with asyncio.timeout(_PATIENCE if digest else None):
                shown, _ = await self._reading.run(model, lambda: self._models.show(model))
            digest = shown.digest
        except (TimeoutError, ModelUnavailable):
            if not digest:
                raise
        self._known[model] = (time.monotonic(), digest)
        return digest
