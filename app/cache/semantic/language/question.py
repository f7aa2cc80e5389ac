"""A parsed question: the properties that the guards compare, each computed once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from app.cache.semantic.language.figures import figures
from app.cache.semantic.language.lexicon import (
    AUXILIARIES,
    DEGREES,
    FILLERS,
    FRAMES,
    NEGATIONS,
    QUALIFIERS,
    groups,
    words,
)
from app.cache.semantic.language.vocabulary import MEASURES, NUMBER_WORDS
from app.cache.semantic.language.words import Word, split

# Courtesies before the question itself.
_PREAMBLE = re.compile(
    r"^(?:(?:hi|hello|hey|please|so|and|but|ok|okay|well)\b[\s,!.]*)*"
    r"(?:(?:can|could|would|will) (?:you|anyone|anybody|someone|somebody) (?:please )?"
    r"(?:tell|explain|show|help|describe)(?: to)?(?: me| us)?\b[\s,:]*(?:about )?"
    r"|(?:please )?(?:tell|explain|show)(?: to)? me\b[\s,:]*(?:about )?"
    r"|i (?:want|would like|need) to know\b[\s,:]*"
    r"|(?:does anyone|do you) know\b[\s,:]*(?:if )?)?",
    re.IGNORECASE,
)
# The share of words in common from which two questions have the same frame, so that another word in it matters.
SAME_FRAME = 0.75
_ARTICLES = words("a an the")
_CLOSED = FILLERS | NEGATIONS | frozenset(QUALIFIERS)
_LIGHT = _CLOSED | FRAMES
# 98 English questions in 100 have at least this share of such words; of those in eight other languages, 2 have.
_ENGLISH = 0.25
# The number of words in which a question word is looked for: later ones begin a clause.
_HEAD = 12
_SKIPPED = words(
    "is are was were the a an some your any main real different possible best good better easiest fastest quickest "
    "simplest most effective efficient"
)
# "what is the best way to" asks how, "what is the reason for" why, and so on.
_NOMINAL = groups(
    "how way ways method methods approach approaches tip tips trick tricks step steps procedure process,"
    "why reason reasons cause causes, when time date day year, where place places location,"
    "many number count, much price cost, who person people"
)
# Kinds that are often a matter of wording: "how do I reset a key", "what resets a key"; "can it", "is it possible".
_WORDINGS = (frozenset({"how", "what", ""}), frozenset({"is", "can", "will"}))


@dataclass(frozen=True)
class ParsedQuestion:
    text: str
    words: tuple[Word, ...]

    @cached_property
    def kind(self) -> str:
        return kind_of(self.words)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        return figures(self.words)

    @cached_property
    def texts(self) -> frozenset[str]:
        return frozenset(word.text for word in self.words)

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(word.stem for word in self.words)

    @cached_property
    def forms(self) -> frozenset[str]:
        return self.texts | self.stems

    @cached_property
    def sequence(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    @cached_property
    def is_english(self) -> bool:
        """Whether enough of its words belong to closed classes of English."""
        return sum(text in _CLOSED for text in self.sequence) >= _ENGLISH * len(self.words)

    @cached_property
    def content(self) -> tuple[str, ...]:
        """The stems of the words that carry meaning by themselves, in order, without figures."""
        return tuple(word.stem for word in self.words if _carries_meaning(word))

    @cached_property
    def content_set(self) -> frozenset[str]:
        return frozenset(self.content)

    @cached_property
    def names(self) -> frozenset[str]:
        """The stems of proper names and acronyms; months, units and currencies are figures."""
        return frozenset(word.stem for word in self.words if word.is_name and word.text not in MEASURES)

    @cached_property
    def negations(self) -> int:
        return sum(word.text in NEGATIONS for word in self.words)

    @cached_property
    def qualifiers(self) -> frozenset[str]:
        return frozenset(QUALIFIERS[word.text] for word in self.words if word.text in QUALIFIERS)


@lru_cache(maxsize=16_384)
def read(text: str) -> ParsedQuestion:
    """Parse a question, without its courtesies."""
    return ParsedQuestion(text, split(_PREAMBLE.sub("", text.strip(), count=1)))


def overlap(one: ParsedQuestion, other: ParsedQuestion) -> float:
    """Return the share of words in common (Dice), ignoring inflections and articles."""
    mine, theirs = one.stems - _ARTICLES, other.stems - _ARTICLES
    total = len(mine) + len(theirs)
    return 2 * len(mine & theirs) / total if total else 0.0


def alike(one: str, other: str) -> bool:
    """Return whether two kinds can ask for the same in different words."""
    return any({one, other} <= wordings for wordings in _WORDINGS)


def kind_of(found: Sequence[Word]) -> str:
    """Return the kind of answer: how (with its degree), what, who, whose, where, when, why, or an auxiliary.

    A yes-no question has an auxiliary. Empty if the question shows none of these.
    """
    texts = [word.text for word in found]
    if texts and texts[0] in AUXILIARIES:
        return AUXILIARIES[texts[0]]
    for at, word in enumerate(texts[:_HEAD]):
        rest = texts[at + 1 :]
        if word == "how":
            return _how(rest)
        if word in ("what", "which"):
            return _what(rest)
        if word in ("who", "whom"):
            return "who"
        if word in ("where", "when", "why", "whose"):
            return word
    return ""


def _how(rest: Sequence[str]) -> str:
    if rest and rest[0] in DEGREES:
        return f"how {rest[0]}"
    return "why" if rest and rest[0] == "come" else "how"


def _what(rest: Sequence[str]) -> str:
    noun = next((word for word in rest if word not in _SKIPPED), "")
    kind = _NOMINAL.get(noun, "what")
    return f"how {kind}" if kind in ("many", "much") else kind


def _carries_meaning(word: Word) -> bool:
    if word.is_figure or word.text in NUMBER_WORDS:
        return False
    return word.is_name or word.text not in _LIGHT
