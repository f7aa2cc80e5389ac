"""Passages that say the same: a page printed again under another header, a paragraph of one release and the next.

Shares of common words, as shingles with Jaccard's or MinHash's measure give them, do not tell such from the results
of two quarters or manuals of two tools, which differ by a word in a hundred, and that is the one asked for. So what
is looked for is one run of words that is nearly all of both. What differs is whole lines before or after it, or
stands in one of them alone; and it must not be what the question asks for.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

# Of the longer passage, what the run in common must cover: a header of 30 words among 150.
SHARE = 0.8
# Words in the middle of the shorter one that the other must hold as well; a run of more than half passes them.
_ANCHOR = 6
# A word this short says little, unless it is a number.
_SHORT = 3

# A symbol or an emoji is a word too, which punctuation is not.
_WORD = re.compile("\\w+|[\u2190-\u2bff\U0001f000-\U0001faff]")


@dataclass(frozen=True)
class Wording:
    """A passage's words, whatever their case and what stands between them."""

    text: str

    @cached_property
    def words(self) -> Sequence[str]:
        return _WORD.findall(self.text.casefold())

    @cached_property
    def spaced(self) -> str:
        return f" {' '.join(self.words)} "

    @cached_property
    def lines(self) -> frozenset[int]:
        """The places of words that begin a line."""
        begins, place = set(), 0
        for line in self.text.casefold().splitlines():
            begins.add(place)
            place += len(_WORD.findall(line))
        return frozenset(begins)


def telling(question: str) -> frozenset[str]:
    """The words of a question by which passages are told apart."""
    words = _WORD.findall(question.casefold())
    return frozenset(word for word in words if len(word) > _SHORT or not word.isalpha() or not word.isascii())


def repeats(one: Wording, other: Wording, asked: frozenset[str], *, share: float = SHARE) -> bool:
    """Whether two passages answer a question alike, of which `asked` are the telling words."""
    short, long = (one, other) if len(one.words) <= len(other.words) else (other, one)
    mine, theirs = short.words, long.words
    least = share * len(theirs)
    if len(mine) < least or not theirs:
        return False
    if mine == theirs:
        return True
    start, end, ahead = _run(short, long)
    if end - start < least:
        return False
    if start and start + ahead:
        start = min(_lines_of_both(short, long, ahead, start, end), default=end)
    if end < len(mine) and end + ahead < len(theirs):
        end = max(_lines_of_both(short, long, ahead, start, end + 1), default=start)
    apart = {*mine[:start], *mine[end:], *theirs[: start + ahead], *theirs[end + ahead :]}
    return end - start >= least and asked.isdisjoint(apart)


def _run(short: Wording, long: Wording) -> tuple[int, int, int]:
    """The run in common that holds the middle of the shorter one: from, to, and how far ahead the longer one is."""
    mine, theirs = short.words, long.words
    start = max(0, (len(mine) - _ANCHOR) // 2)
    found = long.spaced.find(f" {' '.join(mine[start : start + _ANCHOR])} ")
    if found < 0:
        return 0, 0, 0
    ahead = long.spaced.count(" ", 0, found) - start
    end = start
    while start and start + ahead and mine[start - 1] == theirs[start + ahead - 1]:
        start -= 1
    while end < len(mine) and end + ahead < len(theirs) and mine[end] == theirs[end + ahead]:
        end += 1
    return start, end, ahead


def _lines_of_both(short: Wording, long: Wording, ahead: int, start: int, end: int) -> Iterable[int]:
    """Places in the shorter passage where a line begins in both."""
    return (place for place in short.lines if start <= place < end and place + ahead in long.lines)
