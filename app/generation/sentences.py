"""The sentences of a passage with their places, so that they can be quoted word for word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.generation.terms import terms

# A full stop ends a sentence before white space, with what closes after it; the full-width ones do so at once.
_BREAK = re.compile(r"(?<=[.!?…])[\"'”’»)\]*_]*\s+|(?<=[。！？])[」』”’）]*\s*")  # noqa: RUF001 - as they are written
# What ends in a full stop and goes on: always, or before a number.
_ABBREVIATION = re.compile(
    r"(?:(?<!\w)(?:[^\W\d_]\.)+"
    r"|\b(?:adm|al|approx|ave|bzw|ca|capt|cf|co|col|corp|dept|dr|ed|eds|eg|esp|est|etc|gov|hon|ie|inc|jr|lt|ltd|mme|mr|mrs|ms"
    r"|mt|prof|rev|sen|sig|sr|sra|st|str|usw|viz|vs|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.)\Z",
    re.IGNORECASE,
)
_BEFORE_NUMBER = re.compile(r"\b(?:abs|art|ch|eq|fig|max|min|no|nr|op|p|pp|sec|vol)\.\Z", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*+•▪◦–]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s+\S")  # noqa: RUF001 - as above
_NUMBERED = re.compile(r"^\s*\(?\w")
_ROW = re.compile(r"^\s*\|")
_ENDS = re.compile(r"[.!?:;…。！？][\"'”’»)\]*_」』）]*\s*\Z")  # noqa: RUF001 - as they are written
# Characters. A shorter line was not wrapped; longer code is quoted line by line, a longer sentence in parts.
_WRAPPED = 40
_LONGEST_CODE = 480
_LONGEST_SENTENCE = 700
_TITLE_TERMS = 10
# Letters: what is longer is a word, not an abbreviation.
_LONGEST_ABBREVIATION = 3


class Kind(StrEnum):
    PROSE = "prose"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What can be quoted by itself: text[start:end] of its passage. A code block and a table's row are one each."""

    start: int
    end: int
    kind: Kind = Kind.PROSE

    def of(self, text: str) -> str:
        """The words as they are read: lines that were wrapped are joined, code keeps its lines."""
        said = text[self.start : self.end]
        return said.strip("\n") if self.kind is Kind.CODE else " ".join(said.split())


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of a passage in their order; what stands between them is white space and fences."""
    found: list[Sentence] = []
    for kind, lines in _blocks(text):
        if kind is Kind.CODE:
            found += _code(lines)
        elif kind is Kind.ROW or (kind is Kind.TITLE and len(lines) == 1):
            found += [Sentence(line.start, line.end, kind) for line in lines]
        else:
            found += _prose(text, lines[0].start, lines[-1].end, Kind.PROSE if kind is Kind.TITLE else kind)
    return found


def _blocks(text: str) -> Iterator[tuple[Kind, list[_Line]]]:
    """Runs of lines that belong together: wrapped prose, an item, one row, a code block."""
    for fenced, lines in _segments(text):
        if fenced:
            yield Kind.CODE, lines
        else:
            yield from _runs(lines)


def _segments(text: str) -> Iterator[tuple[bool, list[_Line]]]:
    """The lines inside of fences and between them, without the fences; blank ones inside are left out."""
    segment: list[_Line] = []
    fence = ""
    for line in _lines(text):
        mark = _FENCE.match(line.text)
        if (fence and line.text.strip() == fence) or (mark and not fence):
            if segment:
                yield bool(fence), segment
            segment, fence = [], "" if fence or mark is None else mark.group(1)
        elif line.text.strip() or not fence:
            segment.append(line)
    if segment:
        yield bool(fence), segment


def _runs(lines: Sequence[_Line]) -> Iterator[tuple[Kind, list[_Line]]]:
    run: list[_Line] = []
    kind = Kind.PROSE
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        blank = not line.text.strip()
        if run and (blank or not _goes_on(run[-1], line)):
            yield kind, run
            run = []
        if not blank:
            kind = kind if run else _kind(line, following)
            run.append(line)
    if run:
        yield kind, run


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for part in text.splitlines(keepends=True):
        line = part.rstrip()
        lead = len(line) - len(line.lstrip())
        yield _Line(start + lead, start + len(line), line)
        start += len(part)


def _kind(line: _Line, following: _Line | None) -> Kind:
    if _ROW.match(line.text):
        return Kind.ROW
    if _ITEM.match(line.text):
        return Kind.ITEM
    stands_alone = following is not None and not following.text.strip() and not _ENDS.search(line.text)
    short = len(line.text) < 2 * _WRAPPED and len(terms(line.text)) <= _TITLE_TERMS
    return Kind.TITLE if stands_alone and short else Kind.PROSE


def _goes_on(before: _Line, line: _Line) -> bool:
    """Whether a line carries on the sentence before it, which was only wrapped."""
    open_ended = not _ENDS.search(before.text)
    wrapped = len(before.text) >= _WRAPPED
    if _ROW.match(line.text) or _ROW.match(before.text):
        return False
    if _ITEM.match(line.text):
        return wrapped and open_ended and bool(_NUMBERED.match(line.text))
    return wrapped or (open_ended and line.text.strip()[0].islower())


def _code(lines: list[_Line]) -> Iterator[Sentence]:
    start, end = lines[0].start, lines[-1].end
    if end - start <= _LONGEST_CODE:
        yield Sentence(start, end, Kind.CODE)
    else:
        yield from (Sentence(line.start, line.end, Kind.CODE) for line in lines)


def _prose(text: str, start: int, end: int, kind: Kind) -> Iterator[Sentence]:
    begins = start
    for gap in _BREAK.finditer(text, start, end):
        stop = gap.start() + len(gap.group().rstrip())
        if gap.end() < end and _is_abbreviated(text, begins, gap):
            continue
        yield from _parts(text, begins, stop, kind)
        begins = gap.end()
    if text[begins:end].strip():
        yield from _parts(text, begins, end, kind)


def _is_abbreviated(text: str, begins: int, gap: re.Match[str]) -> bool:
    """Whether the sentence goes on after the gap: its full stop belongs to a word, or to what is quoted in it."""
    following = text[gap.end()]
    if _ABBREVIATION.search(text, begins, gap.start()):
        return True
    if following.isdigit() and _BEFORE_NUMBER.search(text, begins, gap.start()):
        return True
    if following.islower() and not gap.group()[:1].isspace():
        return True
    word = re.search(r"[^\W\d_]*\W?\Z", text[begins : gap.start()])
    return following.islower() and word is not None and len(word.group()) <= _LONGEST_ABBREVIATION + 1


def _parts(text: str, start: int, end: int, kind: Kind) -> Iterator[Sentence]:
    """A sentence too long to be read as a quote, cut at semicolons and commas."""
    while end - start > _LONGEST_SENTENCE:
        window = text[start : start + _LONGEST_SENTENCE]
        cut = max(window.rfind(mark) for mark in ("; ", ", ", " "))
        semicolon = window.rfind("; ")
        size = (semicolon if semicolon > _LONGEST_SENTENCE // 2 else cut) + 1
        if size <= 0:
            size = _LONGEST_SENTENCE
        yield Sentence(start, start + len(window[:size].rstrip()), kind)
        start += size
    yield Sentence(start, end, kind)
