"""Rows of cells to tables: titles above, header rows, blank rows between, whatever format they come from."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from app.ingestion.document.model import Paragraph, Row, Table

# Rows that are looked at before a table's header is decided on, and rows in one part of a long table.
_LOOK = 50
_PART = 500
_DEEPEST_HEADER = 4
_NUMBER = re.compile(
    r"[\s(+\-\u2212~<>\u2264\u2265]*[$\u20ac\u00a3\u00a5]?\s*\d[\d.,:/\s'\u2019\-\u2013+]*(?:[eE][+-]?\d+)?\s*"
    r"(?:%|\u2030|[^\W\d]{1,3}\.?|[$\u20ac\u00a3\u00a5\u00b0])?\)?"
)
_YEAR = re.compile(r"(?:19|20)\d\d")


def tables_of(
    rows: Iterable[Row], *, joined: Collection[int] = (), blank_ends: bool = False, header: int | None = None
) -> Iterator[Paragraph | Table]:
    """Make tables of rows, in parts if they are long.

    Args:
        rows: cells on one line each; a merged cell's text in every cell that it covers.
        joined: numbers of the rows with a cell that is merged with one beside or below it.
        blank_ends: a row without text separates tables, as on a sheet.
        header: how many rows are the header, where the format says it.
    """
    numbered = enumerate(rows)
    before: Table | None = None
    while block := _next_block(numbered, blank_ends=blank_ends):
        first, lead, rest = block
        own = [number - first for number in joined if first <= number < first + len(lead)]
        titles, body = _titles(lead)
        yield from (Paragraph(title) for title in titles)
        if not body:
            continue
        shift = len(lead) - len(body)
        depth = header if header is not None else _header_depth(body, {number - shift for number in own})
        head = tuple(body[:depth])
        goes_on = before is not None and not titles and header is None and _goes_on(before, body, depth)
        if goes_on and before is not None:
            head, depth = before.header, 0
        yield from _parts(head, _chain(body[depth:], rest), continued=goes_on)
        before = Table((), head or (body[0],))


def width(rows: Iterable[Row]) -> int:
    """Columns up to the last one with text."""
    return max(
        (len(row) - next((n for n, cell in enumerate(reversed(row)) if cell), len(row)) for row in rows), default=0
    )


def _next_block(
    numbered: Iterator[tuple[int, Row]], *, blank_ends: bool
) -> tuple[int, list[Row], Iterator[Row]] | None:
    """The next rows with text: the first one's number, some of them, and the rest as they come."""
    for number, row in numbered:
        if any(row):
            rest = _until_blank(numbered) if blank_ends else (row for _, row in numbered)
            return number, [row, *islice(rest, _LOOK)], rest
    return None


def _until_blank(numbered: Iterator[tuple[int, Row]]) -> Iterator[Row]:
    for _, row in numbered:
        if not any(row):
            return
        yield row


def _chain(lead: Sequence[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from lead
    yield from rest


def _parts(header: tuple[Row, ...], rows: Iterator[Row], *, continued: bool) -> Iterator[Table]:
    part = tuple(islice(rows, _PART))
    if not part and header and not continued:
        yield Table((), header)
    while part:
        yield Table(part, header, continued=continued)
        continued = True
        part = tuple(islice(rows, _PART))


def _titles(rows: list[Row]) -> tuple[list[str], list[Row]]:
    """Rows above a table that are no part of it: one text across, or far fewer cells than the table has."""
    counts = [len({cell for cell in row if cell}) if _spans(row) else sum(map(bool, row)) for row in rows]
    usual = _usual(counts)
    first = 0
    while first < len(rows) and counts[first] < usual and (counts[first] == 1 or 2 * counts[first] <= usual):
        first += 1
    if usual == 1 and len(rows) == 1:
        first = 1
    said = [" | ".join(dict.fromkeys(cell for cell in row if cell)) for row in rows[:first]]
    return said, rows[first:]


def _spans(row: Row) -> bool:
    filled = [cell for cell in row if cell]
    return len(filled) > 1 and len(set(filled)) == 1


def _usual(counts: Sequence[int]) -> int:
    """How many cells most rows have: of equally frequent numbers the larger."""
    frequent = Counter(counts)
    return max(frequent, key=lambda count: (frequent[count], count))


def _header_depth(rows: Sequence[Row], joined: Collection[int]) -> int:
    """How many of the first rows are a header; 0 if the first row is data like the others."""
    if len(rows) < 2:  # noqa: PLR2004 - a header needs a row below it
        return 0
    numbers = _share_of_numbers(rows[0])
    if numbers and numbers >= _share_of_numbers(rows[1]) / 2:
        return 0
    depth = 1
    while (
        depth - 1 in joined and depth < min(_DEEPEST_HEADER, len(rows) - 1) and _share_of_numbers(rows[depth]) == 0
    ):
        depth += 1
    return depth


def _share_of_numbers(row: Row) -> float:
    filled = [cell for cell in row if cell]
    numbers = sum(bool(_NUMBER.fullmatch(cell)) and not _YEAR.fullmatch(cell) for cell in filled)
    return numbers / len(filled) if filled else 0.0


def _goes_on(before: Table, rows: Sequence[Row], depth: int) -> bool:
    """Whether rows after a blank one belong to the table above: as wide, and no header of their own to be seen."""
    if width(rows[:_LOOK]) != width(before.header):
        return False
    return depth == 0 or not any(map(_share_of_numbers, rows[1:]))
