"""The sentences that hold an answer: found in the passages, told apart by a reranker."""

from collections.abc import Mapping, Sequence

from app.domain.answers import Citation, Delta, Highlight, Source
from app.domain.retrieval import ScoredChunk
from app.generation.quotes import QuotablePassage, QuoteChooser, written
from app.services.evidence.ranking import PassageRanker


class Quoter:
    """
    Args:
        ranker: scores sentences as it scores passages.
        most: sentences of one answer; a brief one has one.
    """

    def __init__(self, ranker: PassageRanker, *, most: int = 3) -> None:
        self._ranker = ranker
        self._most = most

    async def highlights(
        self,
        question: str,
        sources: Sequence[Source],
        passages: Sequence[ScoredChunk],
        logits: Mapping[int, float] | None,
        *,
        brief: bool = False,
    ) -> tuple[Highlight, ...]:
        """The best sentences of the passages that are among the sources, in the order in which they are read.

        Args:
            question: as it was searched for.
            sources: what may be cited, with its number.
            passages: best first.
            logits: the reranker's, by chunk; None: there is none, or it gave none in time.
            brief: one sentence, with the one before it if it cannot be read without.
        """
        numbers = {source.chunk_id: source.citation for source in sources}
        known = logits or {}
        quotable = [
            QuotablePassage(
                numbers[passage.chunk_id], passage.text, passage.section, known.get(passage.chunk_id, 0.0)
            )
            for passage in passages
            if passage.chunk_id in numbers
        ]
        chooser = QuoteChooser(question, quotable)
        scores = None
        if logits is not None:
            scores = await self._ranker.score(question, [candidate.shown for candidate in chooser.candidates])
        chunks = {number: chunk_id for chunk_id, number in numbers.items()}
        return tuple(
            Highlight(
                quote.number,
                chunks[quote.number],
                quote.start,
                quote.end,
                written(quote.text, quote.kind),
                quote.score,
            )
            for quote in chooser.choose(scores, 1 if brief else self._most)
        )


def spoken(highlights: Sequence[Highlight], before: str = "") -> list[Delta | Citation]:
    """An answer that is nothing but quotes, each followed by its citation."""
    events: list[Delta | Citation] = []
    length = 0
    for highlight in highlights:
        gap = "\n\n" if length or before else ""
        text = f"{before if not length else ''}{gap}{highlight.text.rstrip()}"
        mark = f"\n[{highlight.citation}]" if text.endswith("```") else f" [{highlight.citation}]"
        length += len(text) + len(mark)
        events += [Delta(text + mark), Citation(highlight.citation, highlight.chunk_id, length)]
    return events
