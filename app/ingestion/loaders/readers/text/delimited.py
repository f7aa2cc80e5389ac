"""CSV and TSV: the dialect is the one whose rows agree, and lines above the table are no part of it."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import Literal

from app.domain.reading import DocumentWarning, WarningKind
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, Row
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.text import decode

_SAMPLE = 64 * 1024
_DELIMITERS = ",;\t|"
_LARGEST_CELL = 2**31 - 1
# Lines within one quoted cell after which its quote is taken for one that never closes.
_MOST_LINES = 500
_SEPARATOR = re.compile(r'"?sep=(.)"?\r?', re.IGNORECASE)


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content)
    yield from decoded.warnings
    text = decoded.text.replace("\x00", "").removeprefix("\ufeff")
    delimiter, text = _named_delimiter(text)
    if delimiter is None:
        delimiter = _delimiter(text, "\t" if source.media_type == media.TSV else ",")
    csv.field_size_limit(_LARGEST_CELL)
    if _is_sound(text, delimiter):
        yield from tables_of(_rows(text, delimiter), blank_ends=True)
        return
    repaired = _Repaired(text, delimiter)
    yield from tables_of(repaired.rows(), blank_ends=True)
    if repaired.unclosed:
        yield DocumentWarning(
            WarningKind.STRUCTURE_GUESSED, "A quote never closes, so quotes on its line are read as any character."
        )


def _rows(text: str, delimiter: str, *, quoted: bool = True) -> Iterator[Row]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter, quoting=quoting):
        yield tuple(map(clean_line, row))


def _named_delimiter(text: str) -> tuple[str | None, str]:
    """Excel's first line `sep=;` names the delimiter and is not shown."""
    first, _, rest = text.partition("\n")
    named = _SEPARATOR.fullmatch(first)
    return (named[1], rest) if named else (None, text)


def _delimiter(text: str, usual: str) -> str:
    """The delimiter with which most rows have the same number of cells, at least two."""
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample.rpartition("\n")[0]

    def agreement(delimiter: str) -> tuple[float, bool]:
        widths = Counter(len(row) for row in csv.reader(StringIO(sample, newline=""), delimiter=delimiter) if row)
        agreeing = [count for width, count in widths.items() if width > 1]
        return max(agreeing, default=0) / max(1, widths.total()), delimiter == usual

    return max(_DELIMITERS, key=agreement)


def _is_sound(text: str, delimiter: str) -> bool:
    """Whether every quote closes where a cell ends, and within a few lines."""
    if '"' not in text:
        return True
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return all(cell.count("\n") <= _MOST_LINES for row in reader for cell in row)
    except csv.Error:
        return False


class _Repaired:
    """The rows of a file in which some quote is out of place: it costs no other line its cells."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self._delimiter = delimiter
        self.unclosed = False

    def rows(self) -> Iterator[Row]:
        at = 0
        while at < len(self._lines):
            record, quoted = self._record(at)
            self.unclosed = self.unclosed or not quoted
            yield from _rows("".join(self._lines[at : at + record]), self._delimiter, quoted=quoted)
            at += record

    def _record(self, at: int) -> tuple[int, bool]:
        """How many lines the record at a line has, and whether its quotes are quotes."""
        if self._lines[at].count('"') % 2 == 0:
            return 1, True
        for number in range(2, min(_MOST_LINES, len(self._lines) - at) + 1):
            if self._lines[at + number - 1].count('"') % 2:
                whole = "".join(self._lines[at : at + number])
                return (number, True) if _is_sound(whole, self._delimiter) else (1, False)
        return 1, False
