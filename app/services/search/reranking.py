"""Orders the passages that fusion ranked best once more, by a signal that is too expensive for all candidates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.db.database import PooledConnection
from app.db.search import lexical_index
from app.domain.retrieval import LexicalPlan, Lexicon, ScoredChunk
from app.retrieval.proximity import pairs


class ProximityReranker:
    """Raises passages in which neighbouring words of the question are near each other."""

    async def rerank(
        self,
        connection: PooledConnection,
        passages: Sequence[ScoredChunk],
        *,
        lexicon: Lexicon,
        plan: LexicalPlan,
        unit: float,
    ) -> list[ScoredChunk]:
        """Return the same passages with new scores, best first.

        Args:
            connection: reads the places of the words.
            passages: to order.
            lexicon: the words of the question.
            plan: how the lexical retriever scored.
            unit: what one of its scores counts in the fused score.
        """
        near = pairs(lexicon)
        if not near or not passages:
            return list(passages)
        added = await lexical_index.proximity(
            connection,
            [passage.chunk_id for passage in passages],
            [(pair.match, pair.weight) for pair in near],
            plan,
        )
        scored = [
            replace(passage, score=passage.score + unit * added.get(passage.chunk_id, 0.0)) for passage in passages
        ]
        return sorted(scored, key=lambda passage: (-passage.score, passage.chunk_id))


# By the name that a collection's `reranker` setting gives. None is the default: proximity adds 1 % to the mean
# nDCG@10 of `make bench-quality`, but costs docs/aws one of 56 questions and each search a query more.
RERANKERS: Mapping[str, ProximityReranker] = {"proximity": ProximityReranker()}
