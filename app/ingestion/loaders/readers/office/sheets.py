"""Excel (.xlsx, .xlsm): every sheet's tables, with cells as they are shown and what hangs on them."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.domain.reading import DocumentWarning, WarningKind
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, Paragraph, Picture, linked
from app.ingestion.loaders.office import drawing, embedded
from app.ingestion.loaders.office.package import Node, OfficePackage, attribute, local
from app.ingestion.loaders.office.slide_text import TextReader
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.office import binary_sheets
from app.ingestion.loaders.sheets.cells import shown
from app.ingestion.loaders.sheets.sheet import sheet_elements
from app.ingestion.loaders.sheets.workbook_parts import Beside, Sheet, beside, cell_name, raised_texts, sheets_of


def read(source: Source) -> Iterator[Element]:
    package = OfficePackage(source.content)
    yield package.properties()
    try:
        book = openpyxl.load_workbook(BytesIO(source.content), read_only=True, data_only=True, keep_links=False)
    except Exception:  # noqa: BLE001 - the library raises whatever it stumbles over, in styles above all
        yield DocumentWarning(WarningKind.STRUCTURE_GUESSED, "Number formats could not be read.")
        yield from binary_sheets.read(source)
        return
    raised = raised_texts(package)
    since_1904 = book.epoch == CALENDAR_MAC_1904
    for sheet in sheets_of(package):
        around = beside(package, sheet)
        cells = book[sheet.name]
        cells.reset_dimensions()
        reader = _Cells(around, raised, since_1904=since_1904)
        rows = map(reader.row, cells.iter_rows())
        yield from sheet_elements(sheet.name, rows, around.merged, _drawn(package, sheet))
        for name in around.formulas:
            where = f"sheet {sheet.name}, cell {name}"
            yield DocumentWarning(
                WarningKind.FORMULA_WITHOUT_VALUE, "A formula has no stored value; it was kept as a formula.", where
            )


class _Cells:
    """Writes the cells of one sheet."""

    def __init__(self, around: Beside, raised: Mapping[str, str], *, since_1904: bool) -> None:
        self._around = around
        self._raised = raised
        self._since_1904 = since_1904
        self._number = 0
        self._special = {*around.links, *around.comments, *around.formulas}

    def row(self, cells: Sequence[Any]) -> list[str]:
        self._number += 1
        texts = [self._text(cell) for cell in cells]
        if self._special:
            for column, text in enumerate(texts, 1):
                name = cell_name(self._number, column)
                if name in self._special:
                    texts[column - 1] = self._annotated(name, text)
        return texts

    def _text(self, cell: Any) -> str:
        value = cell.value
        if value is None:
            return ""
        if isinstance(value, str):
            return clean_line(self._raised.get(value, value))
        return clean_line(shown(value, cell.number_format, since_1904=self._since_1904))

    def _annotated(self, name: str, text: str) -> str:
        around = self._around
        text = linked(text or around.formulas.get(name, ""), around.links.get(name))
        return " ".join(filter(None, [text, clean_line(around.comments.get(name, ""))]))


def _drawn(package: OfficePackage, sheet: Sheet) -> Iterator[Element]:
    """Text boxes, titles of charts, pictures and embedded files of a sheet. A chart's data are on a sheet."""
    for part in package.related(sheet.part, "drawing"):
        relations = package.relations(part)
        text = TextReader(relations)
        for node in package.tree(part).iter():
            match local(node):
                case "sp":
                    for body in (each for each in node if local(each) == "txBody"):
                        yield from text.paragraphs(body, bulleted=False)
                case "chart":
                    relation = relations.get(attribute(node, "id") or "")
                    if relation is not None and package.has(relation.target):
                        told = drawing.chart(package.tree(relation.target))
                        yield from (element for element in told if isinstance(element, Paragraph))
                case "pic":
                    yield _picture(package, part, node)
    for kind in ("package", "oleObject"):
        for part in package.related(sheet.part, kind):
            yield embedded.unpacked(part, package.read(part))


def _picture(package: OfficePackage, part: str, node: Node) -> Picture:
    description = next((each.get("descr") or "" for each in node.iter() if local(each) == "cNvPr"), "")
    identity = next((attribute(each, "embed") for each in node.iter() if local(each) == "blip"), None)
    relation = package.relations(part).get(identity or "")
    there = relation is not None and not relation.external and package.has(relation.target)
    return Picture(description, package.read(relation.target) if relation and there else b"")
