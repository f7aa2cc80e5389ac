"""Choosing what to show of a ranking: different passages first, and no document to the exclusion of others."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from uuid import UUID

from app.domain.retrieval import ScoredChunk
from app.retrieval.near_duplicates import Wording, repeats, telling

# By how many deviations of the scores to choose from a passage falls back for each of its document before it.
REPEAT_PENALTY = 0.75


def select(
    ranked: Iterable[ScoredChunk], *, top_k: int, question: str = "", repeat_penalty: float = REPEAT_PENALTY
) -> list[ScoredChunk]:
    """Choose `top_k` passages, the best first. What repeats one of them only fills what is left.

    A passage of a document that was chosen from already must be so much better than one of another document.
    """
    left, repeated = _by_first_sight(ranked)
    asked = telling(question)
    wordings: list[Wording] = []
    penalty = repeat_penalty * _deviation([passage.score for passage in left]) if left else 0.0
    shown: Counter[UUID] = Counter()
    chosen: list[ScoredChunk] = []
    # By what is missing to the best, place, and how many of its document were shown when that was reckoned.
    waiting = [(-passage.score, place, 0) for place, passage in enumerate(left)]
    heapify(waiting)
    while waiting and len(chosen) < top_k:
        _, place, reckoned = heappop(waiting)
        passage = left[place]
        before = shown[passage.document_id]
        if before != reckoned:
            heappush(waiting, (penalty * before - passage.score, place, before))
            continue
        wording = Wording(passage.text)
        if any(repeats(wording, known, asked) for known in wordings):
            repeated.append(passage)
            continue
        chosen.append(passage)
        wordings.append(wording)
        shown[passage.document_id] += 1
    repeated.sort(key=lambda passage: (-passage.score, passage.chunk_id))
    chosen += repeated[: top_k - len(chosen)]
    return sorted(chosen, key=lambda passage: (-passage.score, passage.chunk_id))


def _deviation(scores: Sequence[float]) -> float:
    mean = sum(scores) / len(scores)
    return math.sqrt(sum((score - mean) ** 2 for score in scores) / len(scores))


def _by_first_sight(ranked: Iterable[ScoredChunk]) -> tuple[list[ScoredChunk], list[ScoredChunk]]:
    """Passages of different text, and those whose text is another's to the letter, which needs no looking at."""
    first: dict[str, ScoredChunk] = {}
    repeated = [passage for passage in ranked if first.setdefault(passage.text, passage) is not passage]
    return list(first.values()), repeated
