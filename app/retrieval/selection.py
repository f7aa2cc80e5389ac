"""Choosing what to show of a ranking: no passage twice, and no document alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from uuid import UUID

from app.domain.retrieval import ScoredChunk

# How many passages of one document come before those of others.
PER_DOCUMENT = 2


def select(ranked: Iterable[ScoredChunk], *, top_k: int, per_document: int) -> list[ScoredChunk]:
    """The best `top_k` of different text. Those past `per_document` of one document only fill what is left over."""
    chosen: list[ScoredChunk] = []
    spare: list[ScoredChunk] = []
    shown: Counter[UUID] = Counter()
    for passage in _distinct(ranked):
        shown[passage.document_id] += 1
        (chosen if shown[passage.document_id] <= per_document else spare).append(passage)
        if len(chosen) == top_k:
            break
    filled = chosen + spare[: top_k - len(chosen)]
    return sorted(filled, key=lambda passage: (-passage.score, passage.chunk_id))


def _distinct(ranked: Iterable[ScoredChunk]) -> Iterator[ScoredChunk]:
    seen: set[str] = set()
    for passage in ranked:
        normalised = " ".join(passage.text.lower().split())
        if normalised not in seen:
            seen.add(normalised)
            yield passage
