"""Plain text: paragraphs of prose, and lines that belong apart, such as a log's."""

import re
from collections import Counter
from collections.abc import Iterator

from app.ingestion.document.model import Element, Lines, Paragraph
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.text import decode

# ECMA-48 control sequences (colours, cursor movements) and operating system commands (titles, links).
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
# What a colour leaves when the escape character was lost on the way.
_COLOUR_REST = re.compile(r"\[(?:\d{1,3}(?:;\d{1,3})*)?m")
_BREAK = re.compile(r"\r\n?|[\x0c\x85\u2028]")
_BLANK = re.compile(r"\n[ \t]*\n")
_FEWEST = 3
_MOST_ALIKE = 0.6
_FIELD = re.compile(r"\s*[\w .\-/]{1,40}:(?:\s|$)|\s*-\s")
_ALIGNED = re.compile(r"\S(?:\t| {3,})\S")
# A paragraph without a blank line is given out in parts, so that memory does not grow with it.
_LONG_PART = re.compile(r".{1,200000}(?=\s|\Z)|.{1,200000}", re.DOTALL)


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content)
    yield from decoded.warnings
    yield from paragraphs(decoded.text)


def paragraphs(text: str) -> Iterator[Paragraph | Lines]:
    """Blocks between blank lines: prose, or lines that are cut nowhere but at their ends."""
    text = _COLOUR_REST.sub("", _CONTROL.sub("", text)) if "\x1b" in text else text
    for block in _BLANK.split(_BREAK.sub("\n", text)):
        for part in _LONG_PART.findall(block):
            if part.strip():
                part = part.strip("\n")  # noqa: PLW2901 - the same part
                yield Lines(part) if _is_records(part.split("\n")) else Paragraph(part)


def _is_records(lines: list[str]) -> bool:
    """Whether lines are records: most begin with the same pattern, name a field, or stand in columns."""
    if len(lines) < _FEWEST:
        return False
    beginnings = Counter(_shape(line) for line in lines)
    pattern, count = beginnings.most_common(1)[0]
    alike = count if any(char in pattern for char in "9[{<") else 0
    fields = sum(bool(_FIELD.match(line)) for line in lines)
    columns = sum(bool(_ALIGNED.search(line)) for line in lines)
    return max(alike, fields, columns) >= _MOST_ALIKE * len(lines)


def _shape(line: str) -> str:
    """The first word with each digit as 9 and each letter as a."""
    word = line[:40].split(" ", 1)[0]
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", word))
