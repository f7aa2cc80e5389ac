"""An embedding model that costs a known time and no processor, for benchmarks."""

import asyncio
import time
from hashlib import blake2b

import numpy as np

from app.embedded.model_server.models.embedding import Embedded, normalised
from app.embedded.model_server.routes.errors import too_long
from app.embedded.model_server.runtime.config import FakeEmbedding

# Seconds of oversleeping that are made up for. Event loops round their timers up to whole milliseconds, and a busy
# machine lets this process wait, where a model on a machine of its own would not.
MADE_UP_FOR = 0.05


class FakeEncoder:
    """Random unit vectors that depend on the text alone, each after a fixed delay."""

    def __init__(self, config: FakeEmbedding) -> None:
        self._config = config
        self._overslept = 0.0

    async def request_begins(self) -> None:
        await self._last_until(time.monotonic() + self._config.request_ms / 1000)

    async def encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        end = time.monotonic() + self._config.text_ms / 1000
        tokens = len(text.split())
        if tokens > limit and not truncate:
            raise too_long()
        seed = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
        values = np.random.default_rng(seed).standard_normal(self._config.dimension, dtype=np.float32)
        vector = normalised(values)
        await self._last_until(end)
        return Embedded(vector, min(tokens, limit))

    async def _last_until(self, end: float) -> None:
        """Sleep, less what earlier sleeps took too long: timers are coarse beside a delay of 5 ms."""
        end -= self._overslept
        self._overslept = 0.0
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        self._overslept += min(time.monotonic() - end, MADE_UP_FOR)

    async def close(self) -> None:
        """Nothing is held."""
