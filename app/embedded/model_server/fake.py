"""An embedding model that costs a known time and no processor, for benchmarks."""

import asyncio
import time
from hashlib import blake2b

import numpy as np

from app.embedded.model_server.config import FakeEmbedding
from app.embedded.model_server.embedding import Embedded, normalised
from app.embedded.model_server.errors import too_long

# Event loops round their timers up to whole milliseconds.
TIMER_TICK = 0.002


class FakeEncoder:
    """Random unit vectors that depend on the text alone, each after a fixed delay."""

    def __init__(self, config: FakeEmbedding) -> None:
        self._config = config
        self._overslept = 0.0

    async def request_begins(self) -> None:
        await self._sleep(self._config.request_ms / 1000)

    async def encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        tokens = len(text.split())
        if tokens > limit and not truncate:
            raise too_long()
        await self._sleep(self._config.text_ms / 1000)
        seed = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
        values = np.random.default_rng(seed).standard_normal(self._config.dimension, dtype=np.float32)
        return Embedded(normalised(values), min(tokens, limit))

    async def _sleep(self, seconds: float) -> None:
        """Sleep, less what earlier sleeps took too long: timers are coarse beside a delay of 5 ms."""
        if seconds <= 0:
            return
        wanted, self._overslept = seconds - self._overslept, 0.0
        started = time.monotonic()
        await asyncio.sleep(max(0.0, wanted))
        self._overslept += min(time.monotonic() - started - wanted, TIMER_TICK)

    async def close(self) -> None:
        """Nothing is held."""
