"""Word order: the guard against exchanged roles, where the same words in another order mean something else."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from app.cache.semantic.language.lexicon import words
from app.cache.semantic.language.question import SAME_FRAME, ParsedQuestion, overlap
from app.cache.semantic.language.vocabulary import IRREGULAR

_BE = words("is are was were be been being get gets got gotten")
_CONJUNCTIONS = words("and or vs versus")
# Words that end a coordination: the roles before and after them differ.
_BREAKS = words("of to from in on at for by with than over against into about as is are was were do does did not")


def order(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Return whether roles are exchanged: A beats B and B beats A, A left B and A was left by B."""
    mine, theirs = _passive(one), _passive(other)
    if mine is not None and theirs is None:
        return _voice_differs(one, mine, other)
    if theirs is not None and mine is None:
        return _voice_differs(other, theirs, one)
    return _exchanged(one, other)


def _passive(question: ParsedQuestion) -> int | None:
    """Return the place of a passive's "by": was left by the company."""
    texts = [word.text for word in question.words]
    for at, word in enumerate(texts):
        if word == "by" and at > 1 and _participle(texts[at - 1]) and not _BE.isdisjoint(texts[: at - 1]):
            return at
    return None


def _participle(word: str) -> bool:
    return word.endswith(("d", "n", "t")) or word in IRREGULAR


def _voice_differs(passive: ParsedQuestion, by: int, active: ParsedQuestion) -> bool:
    """Return False if the agent of the passive comes before its verb in the active."""
    stems = [word.stem for word in active.words]
    verb = passive.words[by - 1].stem
    agent = next((word.stem for word in passive.words[by + 1 :] if word.stem in passive.content_set), None)
    return agent is None or agent not in stems or verb not in stems or stems.index(agent) > stems.index(verb)


def _exchanged(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Return whether two words, or two groups of words, changed places."""
    places, others = _places(one), _places(other)
    shared = sorted(places.keys() & others.keys(), key=places.__getitem__)
    named = [stem for stem in shared if stem in one.names | other.names]
    if any(
        others[first] > others[second]
        and not (_coordinated(one, places, first, second) and _coordinated(other, others, second, first))
        for first, second in combinations(named, 2)
    ):
        return True
    if overlap(one, other) < SAME_FRAME:
        return False
    swapped = _swapped(shared, sorted(shared, key=others.__getitem__))
    if swapped is None:
        return False
    first, between, second = swapped
    if _coordinated(one, places, first, second) and _coordinated(other, others, second, first):
        return False
    return between or _joint(one, places, first, second) == _joint(other, others, second, first)


def _swapped(one: Sequence[str], other: Sequence[str]) -> tuple[str, bool, str] | None:
    """Given the orders x m y and y m x, return the words around m, and whether m has any words."""
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), None)
    if start is None:
        return None
    end = len(one) - next(
        at for at, (a, b) in enumerate(zip(reversed(one), reversed(other), strict=True)) if a != b
    )
    mine, theirs = list(one[start:end]), list(other[start:end])
    for x in range(1, len(mine)):
        for y in range(1, len(mine) - x + 1):
            middle = mine[x : len(mine) - y]
            if theirs == mine[len(mine) - y :] + middle + mine[:x]:
                return mine[x - 1], bool(middle), mine[len(mine) - y]
    return None


def _joint(question: ParsedQuestion, places: Mapping[str, int], first: str, second: str) -> list[str]:
    return [word.text for word in question.words[places[first] + 1 : places[second]]]


def _places(question: ParsedQuestion) -> dict[str, int]:
    """Return the place of each figure and meaningful stem that occurs once."""
    found: dict[str, int] = {}
    repeated = set()
    for at, word in enumerate(question.words):
        if word.is_figure or word.stem in question.content_set:
            if word.stem in found:
                repeated.add(word.stem)
            found[word.stem] = at
    return {stem: at for stem, at in found.items() if stem not in repeated}


def _coordinated(question: ParsedQuestion, places: Mapping[str, int], first: str, second: str) -> bool:
    """Return whether two words are joined by a conjunction, so that their order does not matter: cats and dogs."""
    start, end = places[first], places[second]
    between = [word.text for word in question.words[start + 1 : end]]
    joined = not _CONJUNCTIONS.isdisjoint(between) or any(
        word.comma for word in question.words[start + 1 : end + 1]
    )
    return joined and _BREAKS.isdisjoint(between)
