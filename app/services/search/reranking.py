"""Ordering the passages that fusion found best once more, by what is too dear to ask of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.db.database import PooledConnection
from app.db.search import lexical_index
from app.domain.retrieval import LexicalPlan, Lexicon, ScoredChunk
from app.retrieval.proximity import pairs


@dataclass(frozen=True, slots=True)
class Reranking:
    """A question with what its lexical arm found out.

    `unit` is what one of the lexical arm's scores counts in the fused one.
    """

    text: str
    lexicon: Lexicon
    plan: LexicalPlan
    unit: float


class Reranker(Protocol):
    async def rerank(
        self, connection: PooledConnection, asked: Reranking, passages: Sequence[ScoredChunk]
    ) -> list[ScoredChunk]:
        """The same passages with new scores, best first."""
        ...


class ProximityReranker:
    """Raises passages in which the question's neighbouring words are near each other."""

    async def rerank(
        self, connection: PooledConnection, asked: Reranking, passages: Sequence[ScoredChunk]
    ) -> list[ScoredChunk]:
        near = pairs(asked.lexicon)
        if not near or not passages:
            return list(passages)
        added = await lexical_index.proximity(
            connection,
            [passage.chunk_id for passage in passages],
            [(pair.match, pair.weight) for pair in near],
            asked.plan,
        )
        scored = [
            replace(passage, score=passage.score + asked.unit * added.get(passage.chunk_id, 0.0))
            for passage in passages
        ]
        return sorted(scored, key=lambda passage: (-passage.score, passage.chunk_id))


# By the name that a collection's `reranker` setting gives. None is the default: proximity adds 1 % to the mean
# nDCG@10 of `make bench-quality`, but costs docs/aws one of 56 questions and each search a query more.
RERANKERS: Mapping[str, Reranker] = {"proximity": ProximityReranker()}
