"""Cuts a passage to the part about the question."""

from collections import Counter
from collections.abc import Callable, Collection
from itertools import accumulate

from app.generation.terms import sentences, terms

_CHARACTERS = 8  # more than a token has, in any text worth reading


def relevant_window(text: str, wanted: Collection[str], *, budget: int, count: Callable[[str], int]) -> str:
    """Return the run of whole sentences of at most `budget` tokens that holds most of the `wanted` terms.

    A term weighs less the more sentences hold it. Of equal runs the longest wins, then the first. A sentence that
    alone exceeds the budget is cut into pieces.
    """
    text = text.strip()
    if count(text) <= budget:
        return text
    parts = [piece for sentence in sentences(text) for piece in _fitting(sentence, budget, count)]
    found = [frozenset(terms(part)).intersection(wanted) for part in parts]
    spread = Counter(term for held in found for term in held)
    ends = list(accumulate((count(part) for part in parts), initial=0))
    best, best_rank = (0, 1), (-1.0, 0)
    end = 0
    for start in range(len(parts)):
        end = max(end, start + 1)
        while end < len(parts) and ends[end + 1] - ends[start] <= budget:
            end += 1
        held = frozenset().union(*found[start:end])
        rank = (sum(1 / spread[term] for term in held), ends[end] - ends[start])
        if rank > best_rank:
            best, best_rank = (start, end), rank
    return "".join(parts[best[0] : best[1]]).strip()


def _fitting(sentence: str, budget: int, count: Callable[[str], int]) -> list[str]:
    """Return the sentence, or its words in pieces that fit."""
    if count(sentence) <= budget:
        return [sentence]
    pieces: list[str] = []
    rest = sentence
    while rest:
        size = _longest(rest, budget, count)
        pieces.append(rest[:size])
        rest = rest[size:]
    return pieces


def _longest(text: str, budget: int, count: Callable[[str], int]) -> int:
    """Return how many characters fit the budget, cut after a space if there is one; at least one."""
    low, high = 1, min(len(text), _CHARACTERS * budget)
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[:middle]) <= budget:
            low = middle
        else:
            high = middle - 1
    return text.rfind(" ", 0, low) + 1 or low if low < len(text) else low
