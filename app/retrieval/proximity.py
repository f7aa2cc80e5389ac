"""How near a question's neighbouring words are to each other in a passage.

A pair of words that follow each other in the question counts like a word of its own: as rare as the rarer of the
two, and as often as they are near each other, each time for one over their distance. After Rasolofo and Savoy,
"Term Proximity Scoring for Keyword-Based Retrieval Systems" (2003), and the sequential dependence of Metzler and
Croft, "A Markov Random Field Model for Term Dependencies" (2005).
"""

from dataclasses import dataclass
from itertools import pairwise

from app.domain.retrieval import Lexicon
from app.retrieval.lexical import quoted, weight

# What a pair counts beside a word. Flat from 0.3 to 0.7 on every set of `make bench-quality`.
PAIR_WEIGHT = 0.5

# Of a long question, the pairs that weigh most.
MAX_PAIRS = 16


@dataclass(frozen=True, slots=True)
class Pair:
    """Two lexemes, as a tsquery of both, with what their nearness adds at most."""

    match: str
    weight: float


def pairs(lexicon: Lexicon) -> list[Pair]:
    """The question's pairs of neighbouring lexemes, those of the greatest weight first."""
    placed = sorted(
        (position, term.lexeme, weight(term, lexicon.chunk_count) / term.occurrences)
        for term in lexicon.terms
        for position in term.positions
    )
    found = {
        tuple(sorted((one, other))): PAIR_WEIGHT * min(one_weight, other_weight)
        for (_, one, one_weight), (_, other, other_weight) in pairwise(placed)
        if one != other
    }
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MAX_PAIRS]
    return [Pair(" & ".join(quoted(lexeme) for lexeme in both), share) for both, share in ranked]
