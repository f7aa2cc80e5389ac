"""Choosing what to show of a ranking: different passages first, and no document alone."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from app.domain.retrieval import ScoredChunk

# The share of the results that one document may have before others come first; at least two passages.
DOCUMENT_SHARE = 0.4
_LEAST_PER_DOCUMENT = 2


def per_document(top_k: int) -> int:
    """How many passages of one document come before those of others."""
    return max(_LEAST_PER_DOCUMENT, round(DOCUMENT_SHARE * top_k))


def select(ranked: Iterable[ScoredChunk], *, top_k: int, per_document: int) -> list[ScoredChunk]:
    """The best `top_k`. Repeated text, and what is past `per_document` of one document, only fills what is left."""
    chosen: list[ScoredChunk] = []
    spare: list[ScoredChunk] = []
    shown: Counter[UUID] = Counter()
    seen: set[str] = set()
    for passage in ranked:
        text = " ".join(passage.text.lower().split())
        if text in seen:
            spare.append(passage)
            continue
        seen.add(text)
        shown[passage.document_id] += 1
        (chosen if shown[passage.document_id] <= per_document else spare).append(passage)
        if len(chosen) == top_k:
            break
    filled = chosen + spare[: top_k - len(chosen)]
    return sorted(filled, key=lambda passage: (-passage.score, passage.chunk_id))
