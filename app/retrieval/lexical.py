"""BM25 for one question: what weight each of its lexemes has, and which of them choose the candidates.

Score: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3, with the
inverse document frequency that Lucene uses, which is never negative. Length is in bytes of text, which Postgres
knows without reading it; it ranks like the number of lexemes.
"""

import math
from collections.abc import Sequence

from app.domain.retrieval import LexicalPlan, Lexicon, Term

K1 = 1.2
B = 0.75

# Scoring a chunk takes some 3 microseconds on one core, so this many keep the arm at a few milliseconds.
CANDIDATE_BUDGET = 2000
MAX_MATCHES = 4 * CANDIDATE_BUDGET


def plan(lexicon: Lexicon, *, max_terms: int, share: float = 1.0, any_match: bool = False) -> LexicalPlan | None:
    """Weigh a question's lexemes. None if it has none, as when all its words are stop words.

    Args:
        lexicon: the lexemes with their statistics.
        max_terms: how many lexemes, of the greatest weight, are used.
        share: of the matches, how many will pass a filter.
        any_match: every match is a candidate, whatever it costs; for when a filter leaves few.
    """
    terms = sorted(lexicon.terms, key=lambda term: (-_weight(term, lexicon.chunk_count), term.lexeme))[:max_terms]
    if not terms or not lexicon.chunk_count:
        return None
    budget = math.inf if any_match else min(CANDIDATE_BUDGET / share, MAX_MATCHES)
    return LexicalPlan(
        match=_match(terms, lexicon.chunk_count, budget),
        max_matches=MAX_MATCHES,
        weights=tuple((_quoted(term.lexeme), _weight(term, lexicon.chunk_count)) for term in terms),
        saturation=K1 * (1 - B),
        saturation_per_byte=K1 * B / max(lexicon.average_length, 1.0),
    )


def _weight(term: Term, chunk_count: int) -> float:
    holding = min(term.chunk_count, chunk_count)
    return term.occurrences * math.log1p((chunk_count - holding + 0.5) / (holding + 0.5))


def _match(terms: Sequence[Term], chunk_count: int, budget: float) -> str:
    """Any of the rarest lexemes whose chunks fit the budget; common ones add to a score but find nothing.

    Where already the rarest exceeds the budget, as many as it takes must occur together.
    """
    rarest_first = sorted(terms, key=lambda term: (term.chunk_count, term.lexeme))
    total = 0
    chosen: list[Term] = []
    for term in rarest_first:
        total += term.chunk_count
        if total > budget:
            break
        chosen.append(term)
    if chosen:
        return " | ".join(_quoted(term.lexeme) for term in chosen)
    expected = float(chunk_count)
    for term in rarest_first:
        chosen.append(term)
        expected *= min(term.chunk_count / chunk_count, 1.0)
        if expected <= budget:
            break
    return " & ".join(_quoted(term.lexeme) for term in chosen)


def _quoted(lexeme: str) -> str:
    """A lexeme as a tsquery of it alone."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
