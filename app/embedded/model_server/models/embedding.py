"""Embedding models: texts in, unit vectors out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.embedded.model_server.runtime.residency import Residency
from app.embedded.model_server.runtime.scheduling import SlotScheduler

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedded:
    """One text's vector, of norm 1, and the tokens that the model read for it."""

    vector: Vector
    tokens: int


class TextEncoder(Protocol):
    async def encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        """Embed one text of at most `limit` tokens.

        Raises:
            OllamaError: the text is longer and may not be truncated.
        """

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """Vectors in the order of the texts; durations are nanoseconds."""

    vectors: list[Vector]
    tokens: int
    load_ns: int
    total_ns: int


class EmbeddingModel:
    """One embedding model with the slots that its requests share."""

    def __init__(self, residency: Residency[TextEncoder], scheduler: SlotScheduler, context: int) -> None:
        self.residency = residency
        self.scheduler = scheduler
        self._context = context

    async def embed(
        self,
        texts: Sequence[str],
        *,
        keep_alive: float,
        truncate: bool = True,
        dimensions: int | None = None,
        num_ctx: int | None = None,
    ) -> EmbedResult:
        """Embed the texts, all or none. No text at all only loads the model.

        Raises:
            OllamaError: the error of the first text that failed.
        """
        started = time.monotonic_ns()
        limit = min(num_ctx or self._context, self._context)
        async with self.residency.use(keep_alive) as lease:
            embedded = await self.scheduler.run_all(
                [partial(lease.engine.encode, text, limit=limit, truncate=truncate) for text in texts]
            )
        return EmbedResult(
            [shortened(item.vector, dimensions) for item in embedded],
            sum(item.tokens for item in embedded),
            lease.load_ns,
            time.monotonic_ns() - started,
        )


def shortened(vector: Vector, dimensions: int | None) -> Vector:
    """Return the first `dimensions` components at norm 1; the whole vector if it is no longer."""
    if not dimensions or dimensions < 0 or dimensions >= len(vector):
        return vector
    return normalised(vector[:dimensions])


def normalised(vector: Vector) -> Vector:
    """Return the vector at norm 1; a zero vector is left as it is."""
    norm = np.linalg.norm(vector)
    return vector if norm == 0 else (vector / norm).astype(np.float32)
