"""Choosing what to show of a ranking: different passages first, and no document to the exclusion of others."""

import statistics
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from app.domain.retrieval import ScoredChunk

# By how many deviations of the scores to choose from a passage falls back for each that was chosen of its document,
# and for each that says the same.
REPEAT_PENALTY = 0.75


def select(
    ranked: Iterable[ScoredChunk], *, top_k: int, repeat_penalty: float = REPEAT_PENALTY
) -> list[ScoredChunk]:
    """Choose `top_k` passages, the best first.

    A passage of a document that was chosen from already, or with a text that was chosen already, must be so much
    better than others. The same text in the same document is shown once.
    """
    left = list({(passage.document_id, _plain(passage)): passage for passage in reversed(list(ranked))}.values())
    left.sort(key=lambda passage: (-passage.score, passage.chunk_id))
    penalty = repeat_penalty * statistics.pstdev([passage.score for passage in left]) if left else 0.0
    shown: Counter[UUID | str] = Counter()
    chosen: list[ScoredChunk] = []
    while left and len(chosen) < top_k:
        best = max(
            left,
            key=lambda passage: passage.score - penalty * (shown[passage.document_id] + shown[_plain(passage)]),
        )
        left.remove(best)
        chosen.append(best)
        shown.update((best.document_id, _plain(best)))
    return sorted(chosen, key=lambda passage: (-passage.score, passage.chunk_id))


def _plain(passage: ScoredChunk) -> str:
    return " ".join(passage.text.lower().split())
