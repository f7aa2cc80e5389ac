"""Word tables as a grid: merged cells filled, header rows as the document marks them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from app.ingestion.document.model import Paragraph, Row, Table
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.office.package import Node, attribute, local
from app.ingestion.loaders.office.word_styles import is_on

# What may stand around paragraphs, tables, rows and cells without changing them.
WRAPPERS = frozenset({"sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml"})
_MAX_COLUMNS = 1000

CellText = Callable[[Node], str]


@dataclass(slots=True)
class _Grid:
    rows: list[Row] = field(default_factory=list)
    joined: set[int] = field(default_factory=set)
    header: int = 0

    def add(self, line: Node, text_of: CellText) -> None:
        properties = next((each for each in line if local(each) == "trPr"), None)
        marks = {local(each): attribute(each, "val") for each in properties} if properties is not None else {}
        if "tblHeader" in marks and self.header == len(self.rows) and is_on(marks["tblHeader"] or "on"):
            self.header += 1
        cells: list[str] = [""] * min(int(marks.get("gridBefore") or 0), _MAX_COLUMNS)
        for cell in cells_of(line):
            span, goes_on = _spans(cell)
            if span > 1:
                self.joined.add(len(self.rows))
            if goes_on and self.rows:
                self.joined.add(len(self.rows) - 1)
                text = self.rows[-1][len(cells)] if len(cells) < len(self.rows[-1]) else ""
            else:
                text = text_of(cell)
            cells += [text] * span
        self.rows.append(tuple(cells[:_MAX_COLUMNS]))


def table(node: Node, text_of: CellText) -> Iterator[Paragraph | Table]:
    grid = _Grid()
    for line in rows_of(node):
        grid.add(line, text_of)
    columns = max(map(len, grid.rows), default=0)
    even = (row + ("",) * (columns - len(row)) for row in grid.rows)
    yield from tables_of(even, joined=grid.joined, header=grid.header or None)


def is_frame(node: Node) -> bool:
    """Whether a table has one column: a frame around text, not data."""
    return all(sum(_spans(cell)[0] for cell in cells_of(line)) <= 1 for line in rows_of(node))


def rows_of(node: Node) -> Iterator[Node]:
    for child in node:
        if local(child) == "tr":
            if not any(local(mark) == "del" for each in child if local(each) == "trPr" for mark in each):
                yield child
        elif local(child) in WRAPPERS:
            yield from rows_of(child)


def cells_of(row: Node) -> Iterator[Node]:
    for child in row:
        if local(child) == "tc":
            yield child
        elif local(child) in WRAPPERS:
            yield from cells_of(child)


def _spans(cell: Node) -> tuple[int, bool]:
    """How many columns a cell covers, and whether it goes on with the one above."""
    span, goes_on = 1, False
    for properties in (each for each in cell if local(each) == "tcPr"):
        for each in properties:
            if local(each) == "gridSpan":
                with suppress(ValueError):
                    span = max(1, min(int(attribute(each, "val") or 1), _MAX_COLUMNS))
            elif local(each) == "vMerge":
                goes_on = attribute(each, "val") in {None, "continue"}
    return span, goes_on
