"""Making one ranking of two.

Scores of the arms are standardised within each list and added by weight, which keeps how far a passage stands
out, where reciprocal ranks keep its place alone. Measured by `make bench-quality`.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from app.domain.retrieval import ArmResult

# Part of every cache key: raise it with any change of how passages are found, ranked or chosen, or results that an
# earlier release computed would be served as this one's.
RANKING_VERSION = "8"

VECTOR = "vector"
LEXICAL = "lexical"

# What a collection may override by its settings; see docs/PERFORMANCE_TUNING.md for how they were found.
LEXICAL_WEIGHT = 0.45


class Fused(NamedTuple):
    """A candidate of one or both arms. `scores` holds what each arm gave."""

    chunk_id: int
    score: float
    scores: Mapping[str, float]


def fuse(
    *, vector: ArmResult | None, lexical: ArmResult | None, depth: int, lexical_weight: float = LEXICAL_WEIGHT
) -> list[Fused]:
    """Rank the candidates of both arms together, best first; of one arm alone, in its own order and scores.

    A chunk that an arm did not find counts there like the last that it found, or as 0 where the lexical arm
    found all there is. `depth` is how many candidates the arms were asked for.
    """
    given: dict[int, dict[str, float]] = {}
    for name, arm in ((VECTOR, vector), (LEXICAL, lexical)):
        for chunk_id, _, score in arm.candidates if arm is not None else ():
            given.setdefault(chunk_id, {})[name] = score
    if vector is not None and lexical is not None and lexical.candidates and vector.candidates:
        nearest, remote = _standardised(vector, len(vector.candidates), 1 - lexical_weight)
        matched, missing = _standardised(
            lexical, depth if lexical.exhausted else len(lexical.candidates), lexical_weight
        )
        order = [(-nearest.get(chunk_id, remote) - matched.get(chunk_id, missing), chunk_id) for chunk_id in given]
    else:
        order = [(-max(scores.values()), chunk_id) for chunk_id, scores in given.items()]
    return [Fused(chunk_id, -lowered, given[chunk_id]) for lowered, chunk_id in sorted(order)]


def lexical_unit(lexical: ArmResult, *, depth: int, lexical_weight: float = LEXICAL_WEIGHT) -> float:
    """What one point of the lexical arm's scores adds to a fused score."""
    return lexical_weight / _spread(lexical, depth if lexical.exhausted else len(lexical.candidates))[1]


def _standardised(arm: ArmResult, length: int, weight: float) -> tuple[dict[int, float], float]:
    """Scores less their mean, over their deviation, by weight; and that of a chunk that is not among them.

    Of a list filled up to `length` with scores of 0.
    """
    mean, deviation = _spread(arm, length)
    unit = weight / deviation
    absent = 0.0 if length > len(arm.candidates) else arm.candidates[-1].score
    return {chunk_id: (score - mean) * unit for chunk_id, _, score in arm.candidates}, (absent - mean) * unit


def _spread(arm: ArmResult, length: int) -> tuple[float, float]:
    """The mean and the deviation, of a list filled up to `length` with scores of 0."""
    scores = [score for _, _, score in arm.candidates]
    mean = sum(scores) / length
    squares = sum((score - mean) ** 2 for score in scores) + (length - len(scores)) * mean**2
    return mean, math.sqrt(squares / length) or 1.0
