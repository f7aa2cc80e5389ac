"""Finds the passage that supports a sentence, by the terms that they share."""

from collections import Counter
from collections.abc import Sequence

from app.domain.answers import Source
from app.generation.terms import terms

# The share of a sentence's terms, and of those that the question did not bring, that a passage must hold.
# On SQuAD, of 243 sentences that lost a fifth of their words all are given their own paragraph among five of
# one article; of 243 from a sixth paragraph of it, 3 are given one, and of 233 from other articles none.
_SUPPORT = 0.7
_NEWS = 0.5


class Support:
    """Finds the source of a sentence. A term counts more the fewer passages hold it."""

    def __init__(self, sources: Sequence[Source], question: str) -> None:
        self._question = frozenset(terms(question))
        self._held = {
            source.citation: frozenset(terms(f"{source.section or ''} {source.quote}")) for source in sources
        }
        self._spread = Counter(term for held in self._held.values() for term in held)

    def of(self, sentence: str) -> int | None:
        """Return the number of the source that supports `sentence` best; None if none does.

        A figure that a passage does not hold is never supported by it.
        """
        said = frozenset(terms(sentence))
        supporting = [number for number, held in self._held.items() if self._supports(said, held)]
        return max(supporting, key=lambda number: self._weight(said & self._held[number]), default=None)

    def _supports(self, said: frozenset[str], held: frozenset[str]) -> bool:
        news = said - self._question
        figures = {term for term in said if any(map(str.isdigit, term))}
        return (
            bool(said)
            and figures <= held | self._question
            and len(said & held) >= _SUPPORT * len(said)
            and len(news & held) >= _NEWS * len(news)
        )

    def _weight(self, shared: frozenset[str]) -> float:
        return sum(1 / self._spread[term] for term in sorted(shared))
