"""What makes vectors of a model comparable, and the refusal to mix those that are not."""

from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from app.domain.documents import EmbeddingSpace
from app.domain.retrieval import Vector
from app.errors import ModelUnsuitable
from app.ollama.protocol import ModelInfo


def check_space(space: EmbeddingSpace, info: ModelInfo) -> None:
    """Check that a model still gives the vectors that a collection holds.

    Raises:
        ModelUnsuitable: its digest or its dimension differs.
    """
    if info.digest != space.digest:
        raise ModelUnsuitable(f"{space.model} has changed on the model server; reindex the collection.")
    if info.dimension not in {None, space.dimension}:
        raise ModelUnsuitable(
            f"{space.model} gives {info.dimension} numbers where the collection holds {space.dimension}."
        )


CANARY_TEXTS = (
    "The harbour master logs every arrival before noon.",
    "Ice forms on the upper lake in a cold November.",
    "An index answers what a full scan would, only sooner.",
)
CANARY_COSINE = 0.999


async def batch_agreement(embed: Callable[[Sequence[str]], Awaitable[Sequence[Vector]]]) -> float:
    """Return the least cosine between a text's vector alone and its vector within a batch.

    Some servers pad or mix a batch wrongly (ollama #6187, #6262); above `CANARY_COSINE` is sound.
    """
    together = await embed(CANARY_TEXTS)
    alone = [(await embed([text]))[0] for text in CANARY_TEXTS]
    return min(float(np.dot(one, other)) for one, other in zip(together, alone, strict=True))
