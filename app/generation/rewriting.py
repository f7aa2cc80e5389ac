"""Rewrites a follow-up question so that it can be searched for on its own."""

import re
from collections.abc import Sequence
from typing import Protocol

from app.domain.answers import Message
from app.generation.terms import content_words, terms

_BACKWARD = re.compile(
    r"\b(it|its|itself|they|them|their|theirs|this|that|these|those|he|him|his|she|her|hers|there|then|"
    r"one|ones|former|latter|same|above|previous|else|more|again|instead)\b"
    r"|^\s*(and|but|or|so|then|what about|how about)\b",
    re.IGNORECASE,
)
_SHORT = 2
_LOOK_BACK = 3


class Rewriter(Protocol):
    """Chooses the text to search for."""

    async def standalone(self, question: str, history: Sequence[Message]) -> str: ...


class RuleRewriter:
    """Puts the content words of the questions before a follow-up in front of it.

    A follow-up refers back by a pronoun or the like, or has at most two words of its own. Answers are ignored: a
    mistake in one would steer every later search.
    """

    async def standalone(self, question: str, history: Sequence[Message]) -> str:
        words: list[str] = []
        text = question
        asked = [turn.content for turn in history if turn.role == "user"]
        for before in reversed(asked[-_LOOK_BACK:]):
            if not is_follow_up(text):
                break
            words = [*content_words(before), *words]
            text = before
        known = set(terms(question))
        return " ".join([*(word for word in dict.fromkeys(words) if not known.issuperset(terms(word))), question])


def is_follow_up(question: str) -> bool:
    return bool(_BACKWARD.search(question)) or len(set(terms(question))) <= _SHORT
