"""CSV and TSV: the dialect is the one whose rows agree, and lines above the table are no part of it."""

import csv
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


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content)
    yield from decoded.warnings
    text = decoded.text.replace("\x00", "").removeprefix("\ufeff")
    delimiter, text = _named_delimiter(text)
    if delimiter is None:
        delimiter = _delimiter(text, "\t" if source.media_type == media.TSV else ",")
    csv.field_size_limit(_LARGEST_CELL)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
    if _is_unclosed(text, delimiter):
        quoting = csv.QUOTE_NONE
        yield DocumentWarning(
            WarningKind.STRUCTURE_GUESSED, "A quote never closes, so quotes are read as any other character."
        )
    yield from tables_of(_rows(text, delimiter, quoting), blank_ends=True)


def _rows(text: str, delimiter: str, quoting: Literal[0, 3]) -> Iterator[Row]:
    for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter, quoting=quoting):
        yield tuple(map(clean_line, row))


def _named_delimiter(text: str) -> tuple[str | None, str]:
    """Excel's first line `sep=;` names the delimiter and is not shown."""
    first, _, rest = text.partition("\n")
    named = first.strip().lower()
    if named.startswith("sep=") and len(named) == len("sep=;"):
        return named[-1], rest
    return None, text


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


def _is_unclosed(text: str, delimiter: str) -> bool:
    if '"' not in text:
        return False
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return any(cell.count("\n") > _MOST_LINES for row in reader for cell in row)
    except csv.Error as error:
        return "unexpected end of data" in str(error)
