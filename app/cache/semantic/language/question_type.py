"""What kind of answer a question wants."""

from collections.abc import Sequence

from app.cache.semantic.language.lexicon import AUXILIARIES, DEGREES, groups, words
from app.cache.semantic.language.words import Word

# Within how many words a question word is looked for: later ones begin a clause.
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


def alike(one: str, other: str) -> bool:
    """Whether two kinds can ask for the same in other words."""
    return any({one, other} <= wordings for wordings in _WORDINGS)


def kind_of(found: Sequence[Word]) -> str:
    """How, with its degree if there is one, what, who, whose, where, when, why, or a yes-no question's auxiliary.

    Empty if the question shows none of these.
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
