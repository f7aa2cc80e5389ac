"""BM25 for one question: what weight each of its lexemes has, and which of them choose the candidates.

Score: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3, with the
inverse document frequency that Lucene uses, which is never negative. Length is in bytes of text, which Postgres
knows without reading it; it ranks like the number of lexemes.
"""

import math
from collections.abc import Sequence
from itertools import chain, combinations

from app.domain.retrieval import LexicalPlan, Lexicon, Term

K1 = 1.2
B = 0.75

# Scoring a chunk takes some 3 microseconds on one core, so this many keep the arm at a few milliseconds. Half as
# many cost cisi .013 of its fused nDCG@10: fusion looks at all hundred that are found, not at the ten best alone.
CANDIDATE_BUDGET = 1000
MAX_MATCHES = 8 * CANDIDATE_BUDGET

# What a word counts that stands in a field, beside one that stands in the text. A page says where to look, as
# hardly a word does. A name lets its passages be found at all; `named_document_boost` lets them come first.
FIELD_WEIGHTS = {"name": 0.1, "page": 2.0}
# The part of the budget for candidates that are found by their fields alone.
FIELD_BUDGET = 0.2

# Of how many lexemes, the rarest, groups are formed.
MAX_PAIRED = 16
MAX_IN_THREES = 8


def plan(lexicon: Lexicon, *, max_terms: int, share: float = 1.0, any_match: bool = False) -> LexicalPlan | None:
    """Weigh a question's lexemes. None if it has none, as when all its words are stop words.

    Args:
        lexicon: the lexemes with their statistics.
        max_terms: how many lexemes, of the greatest weight, are used.
        share: of the matches, how many will pass a filter.
        any_match: every match is a candidate, whatever it costs; for when a filter leaves few.
    """
    terms = sorted(lexicon.terms, key=lambda term: (-weight(term, lexicon.chunk_count), term.lexeme))[:max_terms]
    if not terms or not lexicon.chunk_count:
        return None
    budget = math.inf if any_match else min(CANDIDATE_BUDGET / share, MAX_MATCHES)
    words = [term for term in terms if not term.field]
    fields = [term for term in terms if term.field]
    return LexicalPlan(
        matches=(
            *_matches(words, lexicon.chunk_count, budget),
            *_matches(fields, lexicon.chunk_count, budget * FIELD_BUDGET),
        ),
        max_matches=MAX_MATCHES,
        weights=tuple((quoted(term.lexeme), weight(term, lexicon.chunk_count)) for term in terms),
        saturation=K1 * (1 - B),
        saturation_per_byte=K1 * B / max(lexicon.average_length, 1.0),
    )


def weight(term: Term, chunk_count: int) -> float:
    """What a term of the question adds at most to a score: its occurrences or its field's weight, by its rarity."""
    holding = min(term.chunk_count, chunk_count)
    counted = FIELD_WEIGHTS[term.field] if term.field else term.occurrences
    return counted * math.log1p((chunk_count - holding + 0.5) / (holding + 0.5))


def _matches(terms: Sequence[Term], chunk_count: int, budget: float) -> tuple[str, ...]:
    """Tsqueries of lexemes, and of lexemes together, whose chunks fit the budget.

    Those come first that give the most weight for the fewest chunks: rare lexemes alone, common ones in pairs,
    else in threes, else all that there are. With 2 % of a collection as budget this finds 98 % of the exact ten
    best; rare lexemes alone, 74 %. How often lexemes meet is taken as if they were independent.
    """
    if not terms:
        return ()
    if min(sum(term.chunk_count for term in terms), chunk_count / 2) <= budget:
        return (" | ".join(quoted(term.lexeme) for term in terms),)
    rarest = sorted(terms, key=lambda term: (term.chunk_count, term.lexeme))
    groups = _affordable(rarest[:MAX_PAIRED], 2, chunk_count, budget) or _affordable(
        rarest[:MAX_IN_THREES], 3, chunk_count, budget
    )
    return _by_rarest(groups or [tuple(rarest[:MAX_PAIRED])])


def _by_rarest(groups: Sequence[Sequence[Term]]) -> tuple[str, ...]:
    """One tsquery for the lexemes that stand alone, and one for each that leads others, rarest first.

    An index looks one tsquery with a rare lexeme in front up in half the time that it takes to try all groups on
    every chunk that holds any of their lexemes.
    """
    led: dict[str, list[str]] = {}
    for first, *others in groups:
        led.setdefault(quoted(first.lexeme), []).append(" & ".join(quoted(term.lexeme) for term in others))
    alone = [first for first, others in led.items() if others == [""]]
    together = [f"{first} & ({' | '.join(others)})" for first, others in led.items() if others != [""]]
    return (" | ".join(alone), *together) if alone else tuple(together)


def _affordable(terms: Sequence[Term], most: int, chunk_count: int, budget: float) -> list[tuple[Term, ...]]:
    """Groups of at most `most` terms that together find no more than `budget` chunks, as far as one can tell."""
    weights = [weight(term, chunk_count) for term in terms]
    shares = [min(term.chunk_count / chunk_count, 1.0) for term in terms]
    priced = []
    for group in chain.from_iterable(combinations(range(len(terms)), size) for size in range(1, most + 1)):
        expected, worth, held = float(chunk_count), 0.0, 0
        for place in group:
            expected *= shares[place]
            worth += weights[place]
            held |= 1 << place
        if expected <= budget:
            priced.append((expected / worth, expected, group, held))
    chosen: list[tuple[int, tuple[int, ...]]] = []
    for _, expected, group, held in sorted(priced):
        if expected <= budget and not any(held & smaller == smaller for smaller, _ in chosen):
            # What holds all of a larger group holds this one too.
            chosen = [(larger, kept) for larger, kept in chosen if larger & held != held]
            chosen.append((held, group))
            budget -= expected
    return [tuple(terms[place] for place in group) for _, group in chosen]


def match_all(lexicon: Lexicon) -> str:
    """The tsquery of all words together, empty if there are none."""
    return " & ".join(quoted(term.lexeme) for term in lexicon.terms if not term.field)


def quoted(lexeme: str) -> str:
    """A lexeme as a tsquery of it alone."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
