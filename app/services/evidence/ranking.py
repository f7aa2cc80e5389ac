"""Passages read again with the question, by a reranker."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from app.domain.retrieval import ScoredChunk
from app.generation.language import ENGLISH, language_of
from app.generation.prompting.tokens import estimate
from app.generation.prompting.window import relevant_window
from app.generation.quotes import echoes
from app.generation.terms import terms
from app.ingestion.splitting.splitter import embedding_text
from app.retrieval.cross_encoder_order import CROSS_ENCODER, DEPTH, reordered

# A title that asks the question has no more than so many characters besides.
_MARKS = 4
# Of a passage, estimated: what is read costs time for each token. On 125 questions of SQuAD two sentences hold the
# answer for .872 with 128 and with whole passages, and for .832 with 96.
_READ_TOKENS = 128
# Rerankers that read English alone: in another language their order is worse than the one that search gave.
_ENGLISH_ONLY = ("ms-marco",)


class Scores(Protocol):
    async def score(self, question: str, texts: Sequence[str]) -> list[float] | None: ...


class Ranked(NamedTuple):
    """Passages in their order, and their logits by chunk. `unscored`: there should be some, but none came."""

    passages: tuple[ScoredChunk, ...]
    logits: Mapping[int, float] | None = None
    unscored: bool = False


class PassageRanker:
    """
    Args:
        scores: gives a reranker's logits, or None when there are none in time. None: there is no reranker.
        reranker: its name.
    """

    def __init__(self, scores: Scores | None = None, reranker: str = "") -> None:
        self._scores = scores
        self._english_only = reranker.startswith(_ENGLISH_ONLY)

    async def rank(self, question: str, passages: Sequence[ScoredChunk]) -> Ranked:
        """Put the passages in the order in which they answer, unless a search has. Without scores theirs stands."""
        if not passages or not self._reads(question):
            return Ranked(tuple(passages))
        read = passages[:DEPTH]
        logits = await self.score(question, [_shown(question, passage) for passage in read])
        if logits is None:
            return Ranked(tuple(passages), unscored=True)
        known = {passage.chunk_id: logit for passage, logit in zip(read, logits, strict=True)}
        if any(CROSS_ENCODER in passage.scores for passage in read):
            return Ranked(tuple(passages), known)
        marked = [
            replace(passage, scores={**passage.scores, CROSS_ENCODER: known[passage.chunk_id]}) for passage in read
        ]
        return Ranked(tuple(reordered(question, [*marked, *passages[DEPTH:]], logits)), known)

    async def score(self, question: str, texts: Sequence[str]) -> list[float] | None:
        """A logit for each text; None if there are none in time."""
        if self._scores is None or not self._reads(question):
            return None
        return await self._scores.score(question, texts)

    def _reads(self, question: str) -> bool:
        """Whether there is a reranker, and it knows the question's language."""
        return self._scores is not None and (not self._english_only or language_of(question) == ENGLISH)


def _shown(question: str, passage: ScoredChunk) -> str:
    """What a reranker reads of a passage: the part about the question, under its headings.

    A line that holds the question among other words, as an example of one does, is not read: no reranker can tell
    the question from its answer.
    """
    lines = passage.text.split("\n")
    kept = "\n".join(line for line in lines if len(line) <= len(question) + _MARKS or not echoes(question, line))
    window = relevant_window(kept, frozenset(terms(question)), budget=_READ_TOKENS, count=estimate)
    return embedding_text(window, passage.section)
