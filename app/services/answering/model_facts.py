"""Facts about chat models that the model server knows, each read seldom: weights and context windows."""

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
    @property
    def context_length(self) -> int | None: ...
    @property
    def thinking_tokens(self) -> int: ...


class _Models(Protocol):
    async def show(self, model: str) -> _Facts: ...


class ModelDigests:
    """The weights of chat models, by digest: new weights under an old name have answers of their own.

    A digest is trusted for `age` seconds. A digest that cannot be read again stands: cached answers outlive the
    model server, and nothing new can be made meanwhile.
    """

    def __init__(self, models: _Models, *, age: float = 30.0) -> None:
        self._models = models
        self._age = age
        self._known: dict[str, tuple[float, str]] = {}
        self._reading: TrailingCoalescer[_Facts] = TrailingCoalescer()

    async def of(self, model: str) -> str:
        """Return the digest of `model`.

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


class ContextWindows:
    """Chooses with how many tokens of context (`num_ctx`) each chat model is loaded.

    The length is looked up once, because Ollama reloads a model when it changes.

    Args:
        models: know how many tokens a model can hold.
        longest: the most tokens that a model is loaded with; memory grows with them.
    """

    def __init__(self, models: _Models, *, longest: int = 8192) -> None:
        self._models = models
        self._longest = longest
        self._known: dict[str, tuple[int | None, int]] = {}

    async def of(self, model: str, longest: int | None = None) -> int:
        """Return the tokens of context with which `model` is loaded. `longest` is a collection's own bound.

        Raises:
            ModelError: there is no such model, or no server answers.
        """
        return (await self._facts(model, longest))[0]

    async def room(self, model: str, longest: int | None = None, *, thoughts: int = 0) -> int:
        """Return the tokens for a prompt and its answer, without `thoughts` and those that a model always thinks.

        Raises:
            ModelError: there is no such model, or no server answers.
        """
        context, thinking = await self._facts(model, longest)
        return context - min(max(thinking, thoughts), context // 2)

    async def _facts(self, model: str, longest: int | None) -> tuple[int, int]:
        if model not in self._known:
            shown = await self._models.show(model)
            self._known[model] = (shown.context_length, shown.thinking_tokens)
        context, thinking = self._known[model]
        most = longest or self._longest
        return min(context or most, most), thinking
