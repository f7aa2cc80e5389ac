"""Eligibility: questions that do not stand alone never get another question's answer."""

from collections.abc import Callable, Mapping
from itertools import pairwise

from app.cache.semantic.language.lexicon import (
    DEICTIC,
    FILLERS,
    FIRST_PERSON,
    OPENINGS,
    THIRD_PERSON,
    TIME_RELATIVE,
    words,
)
from app.cache.semantic.language.question import ParsedQuestion, read

# A question with fewer words that carry meaning could be about anything.
MIN_CONTENT = 2
# Embedding models read a few hundred tokens, so the rest of a longer text could say anything.
MAX_WORDS = 150

# In "how do I …" and "what if I can't …", "I" is anybody; in "did I …" and "I was …" it is the asker.
_ANYBODY_BEFORE = words("can could should would must do to if will shall may might")
_ANYBODY_AFTER = words("can could should must may might would need want")
# "is it safe to …", "how long does it take to …": the pronoun stands for what follows.
_EXPLETIVE_BEFORE = words("is was be does did would will can could makes make")
_EXPLETIVE_LATER = words("to that if when")


def too_little(question: ParsedQuestion) -> bool:
    bearing = {word.stem for word in question.words if word.is_name or word.text not in FILLERS}
    return len(bearing) < MIN_CONTENT


def too_long(question: ParsedQuestion) -> bool:
    return len(question.words) > MAX_WORDS


def points_elsewhere(question: ParsedQuestion) -> bool:
    """Whether a pronoun or a follow-up refers to something outside: and what about the other one?"""
    texts = [word.text for word in question.words]
    if not texts or texts[0] in OPENINGS or texts[1:2] == ["about"]:
        return True
    if not question.texts.isdisjoint(THIRD_PERSON | DEICTIC):
        return True
    if texts[-1] in ("above", "below", "that", "one"):
        return True
    return any(
        word == "it" and not (before in _EXPLETIVE_BEFORE and not _EXPLETIVE_LATER.isdisjoint(texts[at + 2 :]))
        for at, (before, word) in enumerate(pairwise(["", *texts]))
    )


def first_person(question: ParsedQuestion) -> bool:
    if question.kind != "how" and not question.texts.isdisjoint(FIRST_PERSON):
        return True
    texts = ["", *(word.text for word in question.words), "", ""]
    return any(
        word in ("i", "we") and _one_person(texts[at], texts[at + 2 : at + 4])
        for at, word in enumerate(texts[1:-2])
    )


def _one_person(before: str, after: list[str]) -> bool:
    if after[0] == "have" and after[1] != "to":
        return True
    return before not in _ANYBODY_BEFORE and after[0] not in _ANYBODY_AFTER


def time_relative(question: ParsedQuestion) -> bool:
    """Whether the answer depends on the day of asking."""
    return not question.texts.isdisjoint(TIME_RELATIVE)


RULES: Mapping[str, Callable[[ParsedQuestion], bool]] = {
    rule.__name__: rule for rule in (too_little, too_long, points_elsewhere, first_person, time_relative)
}


def refusal(text: str) -> str | None:
    """Return the name of the rule by which a question never matches, None if it may."""
    question = read(text)
    return next((name for name, broken in RULES.items() if broken(question)), None)
