"""Tables of HTML: rows of cells, of which some span several rows or columns."""

from collections.abc import Callable, Iterator

from lxml import etree

from app.ingestion.document.model import Element, Paragraph, Row, Table
from app.ingestion.document.tables import tables_of

# Rows or columns that one cell may span.
_LONGEST_SPAN = 1000


def table_elements(table: etree._Element, shown: Callable[[etree._Element], str]) -> Iterator[Element]:
    """A table with merged cells filled in. `shown` gives the text of a cell."""
    caption = table.find("caption")
    if caption is not None and (said := shown(caption)):
        yield Paragraph(said)
    rows: list[Row] = []
    header = 0
    spanning: dict[int, tuple[int, str]] = {}
    for node in table.iter("tr"):
        row: list[str] = []
        cells = [cell for cell in node if cell.tag in ("td", "th")]
        for cell in cells:
            while len(row) in spanning:
                row.append(_take(spanning, len(row)))
            text = shown(cell)
            down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            for _ in range(across):
                if down > 1:
                    spanning[len(row)] = (down - 1, text)
                row.append(text)
        while len(row) in spanning:
            row.append(_take(spanning, len(row)))
        in_head = any(parent.tag == "thead" for parent in node.iterancestors("thead", "table"))
        if header == len(rows) and cells and (in_head or all(cell.tag == "th" for cell in cells)):
            header += 1
        rows.append(tuple(row))
    if header and header < len(rows):
        widest = max(map(len, rows))
        padded = [(*row, *[""] * (widest - len(row))) for row in rows]
        yield Table(tuple(padded[header:]), tuple(padded[:header]))
    else:
        yield from tables_of(rows)


def _take(spanning: dict[int, tuple[int, str]], column: int) -> str:
    left, text = spanning.pop(column)
    if left > 1:
        spanning[column] = (left - 1, text)
    return text


def _span(cell: etree._Element, name: str) -> int:
    value = cell.get(name) or ""
    return min(max(int(value), 1), _LONGEST_SPAN) if value.isdigit() else 1
