"""Guards: each compares two questions in one respect and returns whether they differ in it.

They fail closed: one guard keeps two questions apart, however near their vectors are. Each earns its place: on the
labelled pairs of `make bench-semantic`, every guard refuses wrong pairs that no other one refuses.
"""

from collections.abc import Callable, Iterator, Mapping

from app.cache.semantic.language.question import SAME_FRAME, ParsedQuestion, alike, overlap
from app.cache.semantic.language.vocabulary import OPPOSED_PREFIXES, OPPOSING_PREFIXES, OPPOSITES
from app.cache.semantic.language.word_order import order

Guard = Callable[[ParsedQuestion, ParsedQuestion], bool]

# The share of words in common from which a single additional word matters.
ONE_MORE = 0.93
_LONGEST_ACRONYM = 6
# The shortest root that a prefix turns into its opposite, and the shortest that two prefixes oppose.
_SHORTEST_ROOT = 4
_SHORTEST_PREFIXED = 3


def figures(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Numbers with their units, dates, versions: Q3 2023 and Q3 2024."""
    return sorted(one.figures) != sorted(other.figures)


def negation(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    return one.negations != other.negations


def antonyms(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Words that are opposites, by themselves (increase, decrease) or by a prefix (install, uninstall)."""
    mine, theirs = one.forms - other.forms, other.forms - one.forms
    return any(opposite in theirs for word in mine for opposite in _opposites(word))


def names(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Proper names and acronyms that only one of them has, unless it spells out the other's acronym."""
    return _has_other_names(one, other) or _has_other_names(other, one)


def question_word(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """The kind of answer: when and where, how and how many, is and should.

    "How" and "what" often ask for the same in different words, but not in the same words: how, or what, is kung fu.
    """
    if one.kind == other.kind:
        return False
    return not alike(one.kind, other.kind) or overlap(one, other) >= SAME_FRAME


def qualifiers(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Words that narrow or shift the question, in the same frame: before, only, every, becoming, less."""
    return one.qualifiers != other.qualifiers and overlap(one, other) >= SAME_FRAME


def substitution(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """The same frame with another word in it: feed my rat, feed my lizard; dams, large dams."""
    excused = spelled_out(one, other)
    mine, theirs = one.content_set - other.content_set - excused, other.content_set - one.content_set - excused
    if mine and theirs:
        return overlap(one, other) >= SAME_FRAME
    return bool(mine or theirs) and overlap(one, other) >= ONE_MORE


def language(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Questions not recognisably English: the other guards know too little, so only the same words pass."""
    return not (one.is_english and other.is_english) and one.sequence != other.sequence


GUARDS: Mapping[str, Guard] = {
    guard.__name__: guard
    for guard in (figures, negation, antonyms, names, order, question_word, qualifiers, substitution, language)
}


def refusals(one: ParsedQuestion, other: ParsedQuestion) -> Iterator[str]:
    """Return the names of the guards that keep two questions apart."""
    return (name for name, differs in GUARDS.items() if differs(one, other))


def _opposites(word: str) -> Iterator[str]:
    yield from OPPOSITES.get(word, ())
    for prefix in OPPOSING_PREFIXES:
        if len(word) >= _SHORTEST_ROOT:
            yield prefix + word
        root = word.removeprefix(prefix)
        if root != word and len(root) >= _SHORTEST_ROOT:
            yield root
    for prefix, against in OPPOSED_PREFIXES:
        root = word.removeprefix(prefix)
        if root != word and len(root) >= _SHORTEST_PREFIXED:
            yield against + root


def _has_other_names(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    return not one.names <= other.stems | spelled_out(one, other)


def spelled_out(one: ParsedQuestion, other: ParsedQuestion) -> frozenset[str]:
    """Return the stems of acronyms that the other question spells out, and of those words: UN, United Nations."""
    return frozenset(_spelled_out(one, other)) | frozenset(_spelled_out(other, one))


def _spelled_out(one: ParsedQuestion, other: ParsedQuestion) -> Iterator[str]:
    bearing = [word for word in other.words if word.is_name or word.stem in other.content_set]
    initials = "".join(word.text[0] for word in bearing)
    for word in one.words:
        if word.is_name and 1 < len(word.text) <= _LONGEST_ACRONYM and word.stem not in other.stems:
            at = initials.find(word.text)
            if at >= 0:
                yield word.stem
                yield from (each.stem for each in bearing[at : at + len(word.text)])
