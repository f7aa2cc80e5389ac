"""Words to rows, and rows to segments: runs of words with no gap that is wider than a space may be."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from app.ingestion.loaders.pdf_layout.words import PageWord

# In heights of a line: a wider gap parts columns. Justified lines have spaces of up to one.
_GAP = 1.2
_OVERLAP = 0.5
_CURRENCY = re.compile(r"(?:US|CA|AU|R)?[$€£¥]")
_LONGEST_SIGN = 3
_DIGIT = re.compile(r"\d")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


@dataclass(slots=True)
class RowSegment:
    """`from_right`: it is read from right to left, and its words are in the page's own order."""

    words: list[PageWord]
    left: float
    right: float
    from_right: bool = False

    @property
    def text(self) -> str:
        return " ".join([word.text for word in self.words])


@dataclass(slots=True)
class Row:
    """`segments` from left to right."""

    top: float
    bottom: float
    segments: list[RowSegment] = field(default_factory=list)

    @property
    def left(self) -> float:
        return min(segment.left for segment in self.segments)

    @property
    def right(self) -> float:
        return max(segment.right for segment in self.segments)

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def text(self) -> str:
        segments = self.segments
        if len(segments) > 1 and any(segment.from_right for segment in segments):
            segments = segments[::-1]
        return " ".join([segment.text for segment in segments])


def rows_of(words: Iterable[PageWord]) -> list[Row]:
    """Rows from the top down."""
    gathered: list[tuple[list[PageWord], float, float]] = []
    for word in sorted(words, key=attrgetter("middle")):
        if gathered:
            members, top, bottom = gathered[-1]
            shared = (min(word.bottom, bottom)) - (max(word.top, top))
            height = bottom - top
            if shared >= _OVERLAP * (min(word.height, height)):
                members.append(word)
                # Raised and lowered words do not stretch a row.
                if word.height > height:
                    gathered[-1] = (members, word.top, word.bottom)
                continue
        gathered.append(([word], word.top, word.bottom))
    return [Row(top, bottom, _segments(members, bottom - top)) for members, top, bottom in gathered]


def _belongs(word: PageWord, segment: RowSegment, height: float) -> bool:
    """Whether a word goes on with a segment. A lone currency sign belongs to the number after it."""
    near = word.left - segment.right <= _GAP * height
    before = segment.words[-1].text
    if len(before) <= _LONGEST_SIGN and _CURRENCY.fullmatch(before):
        return near or _DIGIT.search(word.text) is not None
    if len(word.text) <= _LONGEST_SIGN and _CURRENCY.fullmatch(word.text):
        return near and _DIGIT.search(before) is None
    return near


def _segments(words: Sequence[PageWord], height: float) -> list[RowSegment]:
    segments: list[RowSegment] = []
    for word in sorted(words, key=attrgetter("left")):
        if segments and _belongs(word, segments[-1], height):
            segments[-1].words.append(word)
            segments[-1].right = max(segments[-1].right, word.right)
        else:
            segments.append(RowSegment([word], word.left, word.right))
    for segment in segments:
        if not segment.text.isascii():
            leaning = sum(bool(_RIGHT_TO_LEFT.search(word.text)) for word in segment.words)
            segment.from_right = 2 * leaning > len(segment.words)
            if segment.from_right:
                # There numbers and names are in their right order too.
                segment.words.sort(key=attrgetter("place"))
    return segments
