"""Tables of OpenDocument as a grid: merged cells filled in, repeated ones written out."""

from collections.abc import Callable, Iterator

from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, Row
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.office.opendocument_styles import number_of
from app.ingestion.loaders.office.package import Node, attribute, local

# Repeated empty cells at the end of a sheet's rows number thousands.
_MOST_REPEATS = 256
# Where a cell keeps what it shows, if it has no paragraph.
_VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")

CellText = Callable[[Node], str]


def opendocument_table(node: Node, text_of: CellText, *, blank_ends: bool) -> Iterator[Element]:
    """`text_of` gives the text of a paragraph; `blank_ends` as of `tables_of`."""
    header = len(list(node.findall("{*}table-header-rows/{*}table-row"))) or None
    joined: list[int] = []
    rows = _rows(node, text_of, joined)
    yield from tables_of(rows, joined=joined, blank_ends=blank_ends, header=header)


def _rows(table: Node, text_of: CellText, joined: list[int]) -> Iterator[Row]:
    """Rows with a merged cell's text in every cell that it covers; the numbers of rows with such go to `joined`."""
    covering: dict[int, tuple[int, str]] = {}
    number = 0
    for node in table.iter("{*}table-row"):
        row: list[str] = []
        for cell in node:
            if local(cell) == "table-cell":
                text = _cell(cell, text_of)
                down, across = (number_of(cell, f"number-{way}-spanned") for way in ("rows", "columns"))
                if down > 1 or across > 1:
                    joined.append(number)
                    covering.update((len(row) + beside, (number + down, text)) for beside in range(across))
                row += [text] * _repeats(cell, "number-columns-repeated")
            elif local(cell) == "covered-table-cell":
                for _ in range(_repeats(cell, "number-columns-repeated")):
                    until, text = covering.get(len(row), (0, ""))
                    row.append(text if number < until else "")
        for _ in range(_repeats(node, "number-rows-repeated") if any(row) else 1):
            yield tuple(row)
            number += 1


def _repeats(node: Node, name: str) -> int:
    return min(number_of(node, name), _MOST_REPEATS)


def _cell(cell: Node, text_of: CellText) -> str:
    shown = clean_line(" ".join(text_of(part) for part in cell.iter("{*}p") if not _within_annotation(part, cell)))
    shown = shown or next((value for name in _VALUES if (value := attribute(cell, name))), "")
    notes = [clean_line(" ".join(text_of(p) for p in note.iter("{*}p"))) for note in cell.iter("{*}annotation")]
    return " ".join([shown, *(f"[Comment] {note}" for note in notes if note)]).strip()


def _within_annotation(part: Node, cell: Node) -> bool:
    return any(local(above) == "annotation" for above in part.iterancestors() if above is not cell)
