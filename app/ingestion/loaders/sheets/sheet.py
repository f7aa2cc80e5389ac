"""A sheet as elements: its name above its tables and what is drawn on it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from app.ingestion.document.model import Element, Heading
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.sheets.grid import Merged, filled, joined_rows


def sheet_elements(
    name: str, rows: Iterable[Sequence[str]], merged: Sequence[Merged], drawn: Iterable[Element] = ()
) -> Iterator[Element]:
    """A sheet that holds nothing is not named either."""
    tables = tables_of(filled(rows, merged), joined=joined_rows(merged), blank_ends=True)
    for number, element in enumerate(chain(tables, drawn)):
        if not number:
            yield Heading(1, name)
        yield element
