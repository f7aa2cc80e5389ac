"""Passages that hold the question word for word, which whoever looks for a phrase expects first.

Neither arm knows the order of words, stop words, or, in short passages, one number from another.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from app.domain.retrieval import ScoredChunk

MAX_WORDS = 8
# Deviations of the fused scores: enough to pass what resembles the phrase, not what answers it by far.
BONUS = 2.0
# How many candidates the phrase is looked for in.
DEPTH = 150

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


class Phrase:
    """A question of two to `MAX_WORDS` words, to be found in passages whatever case and white space they have."""

    def __init__(self, words: list[str]) -> None:
        before = r"(?<!\w)" if _cased(words[0][0]) else ""
        after = r"(?!\w)" if _cased(words[-1][-1]) else ""
        self._words = words
        self._pattern = re.compile(before + r"\W+".join(map(re.escape, words)) + after)

    @classmethod
    def of(cls, question: str) -> "Phrase | None":
        """None where the arms see all there is: one word of letters that have case, or a long question."""
        words = re.findall(r"\w+", _folded(question))
        single = len(words) == 1 and _cased(words[0][0])
        return cls(words) if words and not single and len(words) <= MAX_WORDS else None

    def within(self, passage: ScoredChunk) -> bool:
        text = _folded(passage.text)
        return all(word in text for word in self._words) and self._pattern.search(text) is not None


def raised(ranked: Sequence[ScoredChunk], phrase: Phrase) -> list[ScoredChunk]:
    """The passages with those raised that hold the phrase, best first."""
    scored = [
        replace(passage, score=passage.score + BONUS) if phrase.within(passage) else passage for passage in ranked
    ]
    return sorted(scored, key=lambda passage: (-passage.score, passage.chunk_id))


def _cased(character: str) -> bool:
    """Scripts without case are mostly written without spaces: their words have no edge to look for."""
    return character.isdigit() or character.lower() != character.upper()


def _folded(text: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text).casefold())
