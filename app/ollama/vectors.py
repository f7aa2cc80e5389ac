"""The check every vector passes before anyone else sees it."""

from typing import Any

import numpy as np

from app.domain.retrieval import Vector
from app.errors import ModelProtocolError, ModelUnsuitable, UnusableEmbedding

# float32 rounding stays far below this; an all-zero or unnormalised vector far above.
NORM_TOLERANCE = 1e-3


def parse_vectors(embeddings: Any, *, count: int, dimension: int | None) -> list[Vector]:
    """Turn the `embeddings` of an answer into `count` float32 vectors of unit length.

    Raises:
        ModelProtocolError: not `count` lists of numbers of one length.
        ModelUnsuitable: the vectors have another dimension than the index.
        UnusableEmbedding: a vector is not finite, or its norm is outside 1 ± 1e-3.
    """
    try:
        with np.errstate(over="ignore"):  # becomes infinite, and is refused below
            matrix = np.asarray(embeddings, dtype=np.float32)
    except (TypeError, ValueError):
        raise ModelProtocolError("The model server answered vectors of unequal length.") from None
    if matrix.ndim != 2 or len(matrix) != count:  # noqa: PLR2004
        received = len(matrix) if matrix.ndim else 0
        raise ModelProtocolError(f"The model server answered {received} vectors for {count} texts.")
    if dimension is not None and matrix.shape[1] != dimension:
        raise ModelUnsuitable(f"The model gives vectors of {matrix.shape[1]} numbers where {dimension} are needed.")
    norms = np.linalg.norm(matrix.astype(np.float64), axis=1)
    # A norm that is not finite compares false, so NaN and infinity fail here too.
    if not np.all(np.abs(norms - 1) <= NORM_TOLERANCE):
        raise UnusableEmbedding("The model gave a vector that is not finite or not of unit length.")
    return list(matrix)
