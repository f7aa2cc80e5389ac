"""`fake-embedding`: a model that costs a known time and no processor, for tests of timing and for benchmarks."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from app.embedded.model_server.models.catalog import EMBEDDING, ModelCard
from app.embedded.model_server.models.embedding import Embedded, EmbeddingModel, EmbedResult, normalised
from app.embedded.model_server.models.registry import HeldModel
from app.embedded.model_server.routes.errors import too_long
from app.embedded.model_server.runtime.residency import Residency
from app.embedded.model_server.runtime.scheduling import SlotScheduler

_CONTEXT = 8192
# Seconds of oversleeping that later sleeps make up for. Event loops round timers up to whole milliseconds, and a
# busy machine delays this process, where a model on a machine of its own would not be delayed.
_MOST_OVERSLEPT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCosts:
    """The time that the model takes.

    Attributes:
        text_ms: milliseconds of one slot that each text takes.
        request_ms: milliseconds added to every request, outside the slots.
        slots: texts embedded at once, whatever the server's own mode is.
        dimension: numbers in a vector.
    """

    text_ms: float
    request_ms: float = 0.0
    slots: int = 1
    dimension: int = 384


class _Clock:
    """Sleeps for a delay on average: each sleep is shortened by the time that the last one took too long."""

    def __init__(self) -> None:
        self._overslept = 0.0

    async def sleep_until(self, end: float) -> None:
        end -= self._overslept
        self._overslept = 0.0
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        self._overslept += min(time.monotonic() - end, _MOST_OVERSLEPT)


class FakeEncoder:
    """Gives random unit vectors that depend on the text alone, each after a fixed delay."""

    def __init__(self, costs: FakeCosts, clock: _Clock) -> None:
        self._costs = costs
        self._clock = clock

    async def encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        end = time.monotonic() + self._costs.text_ms / 1000
        tokens = len(text.split())
        if tokens > limit and not truncate:
            raise too_long()
        seed = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
        values = np.random.default_rng(seed).standard_normal(self._costs.dimension, dtype=np.float32)
        await self._clock.sleep_until(end)
        return Embedded(normalised(values), min(tokens, limit))

    async def close(self) -> None:
        """Nothing is held."""


class _FakeModel(EmbeddingModel):
    def __init__(self, costs: FakeCosts, *, fair: bool, before_load: Callable[[], Awaitable[None]]) -> None:
        self._costs = costs
        self._clock = _Clock()

        async def load() -> FakeEncoder:
            await before_load()
            return FakeEncoder(costs, self._clock)

        super().__init__(Residency("fake-embedding", load), SlotScheduler(costs.slots, fair=fair), _CONTEXT)

    async def embed(self, texts: Sequence[str], **chosen: Any) -> EmbedResult:
        if texts:
            await self._clock.sleep_until(time.monotonic() + self._costs.request_ms / 1000)
        return await super().embed(texts, **chosen)


def fake_embedding(costs: FakeCosts, *, fair: bool, before_load: Callable[[], Awaitable[None]]) -> HeldModel:
    card = ModelCard(
        name="fake-embedding:latest",
        architecture="fake",
        parameter_size="0",
        parameter_count=0,
        quantization="none",
        file_format="none",
        capability=EMBEDDING,
        context_length=_CONTEXT,
        embedding_length=costs.dimension,
    )
    return HeldModel(card, _FakeModel(costs, fair=fair, before_load=before_load))
