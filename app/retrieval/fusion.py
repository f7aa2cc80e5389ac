"""Making one ranking of two.

Scores of the arms are standardised within each list and added by weight, which keeps how far a passage stands
out, where reciprocal ranks keep its place alone. Measured by `make bench-quality`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.retrieval import ArmResult

# Part of every cache key: raise it with any change of how passages are found, ranked or chosen, or results that an
# earlier release computed would be served as this one's.
RANKING_VERSION = "4"

VECTOR = "vector"
LEXICAL = "lexical"

# What a collection may override by its settings; see docs/PERFORMANCE_TUNING.md for how they were found.
LEXICAL_WEIGHT = 0.45


@dataclass(frozen=True, slots=True)
class Fused:
    """A candidate of one or both arms. `scores` holds what each arm gave."""

    chunk_id: int
    score: float
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Standardised:
    scores: Mapping[int, float]
    absent: float


def fuse(
    *, vector: ArmResult | None, lexical: ArmResult | None, depth: int, lexical_weight: float = LEXICAL_WEIGHT
) -> list[Fused]:
    """Rank the candidates of both arms together, best first; of one arm alone, in its own order and scores.

    A chunk that an arm did not find counts there like the last that it found, or as 0 where the lexical arm
    found all there is. `depth` is how many candidates the arms were asked for.
    """
    arms = {name: arm for name, arm in ((VECTOR, vector), (LEXICAL, lexical)) if arm is not None}
    given: dict[int, dict[str, float]] = {}
    for name, arm in arms.items():
        for candidate in arm.candidates:
            given.setdefault(candidate.chunk_id, {})[name] = candidate.score
    if vector is not None and lexical is not None and lexical.candidates and vector.candidates:
        standard_vector = _standardise(vector, len(vector.candidates))
        standard_lexical = _standardise(lexical, depth if lexical.exhausted else len(lexical.candidates))
        totals = {
            chunk_id: (1 - lexical_weight) * standard_vector.scores.get(chunk_id, standard_vector.absent)
            + lexical_weight * standard_lexical.scores.get(chunk_id, standard_lexical.absent)
            for chunk_id in given
        }
    else:
        totals = {chunk_id: max(scores.values()) for chunk_id, scores in given.items()}
    fused = [Fused(chunk_id, totals[chunk_id], scores) for chunk_id, scores in given.items()]
    return sorted(fused, key=lambda item: (-item.score, item.chunk_id))


def lexical_unit(lexical: ArmResult, *, depth: int, lexical_weight: float = LEXICAL_WEIGHT) -> float:
    """What one point of the lexical arm's scores adds to a fused score."""
    return lexical_weight / _spread(lexical, depth if lexical.exhausted else len(lexical.candidates))[1]


def _standardise(arm: ArmResult, length: int) -> _Standardised:
    """Subtract the mean and divide by the deviation, of a list filled up to `length` with scores of 0."""
    mean, deviation = _spread(arm, length)
    absent = 0.0 if length > len(arm.candidates) else arm.candidates[-1].score
    return _Standardised(
        scores={candidate.chunk_id: (candidate.score - mean) / deviation for candidate in arm.candidates},
        absent=(absent - mean) / deviation,
    )


def _spread(arm: ArmResult, length: int) -> tuple[float, float]:
    """The mean and the deviation, of a list filled up to `length` with scores of 0."""
    scores = [candidate.score for candidate in arm.candidates]
    mean = sum(scores) / length
    squares = sum((score - mean) ** 2 for score in scores) + (length - len(scores)) * mean**2
    return mean, math.sqrt(squares / length) or 1.0
