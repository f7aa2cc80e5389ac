"""Excel 2003's XML workbooks, which are often named .xls."""

from collections.abc import Iterator

from lxml import etree

from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, linked
from app.ingestion.loaders.office.package import DAMAGED, Node, attribute, local
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.sheets.grid import Merged
from app.ingestion.loaders.sheets.sheet import sheet_elements
from app.ingestion.loaders.xml_parser import xml_parser

_MAX_COLUMNS, _MAX_ROWS = 16_384, 1_048_576


def read(source: Source) -> Iterator[Element]:
    try:
        tree = etree.fromstring(source.content, xml_parser())
    except etree.XMLSyntaxError as error:
        raise UnreadableDocument(DAMAGED) from error
    for sheet in tree.iter():
        if local(sheet) == "Worksheet":
            merged: list[Merged] = []
            rows = list(_rows(sheet, merged))
            yield from sheet_elements(attribute(sheet, "Name") or "", rows, merged)


def _rows(sheet: Node, merged: list[Merged]) -> Iterator[list[str]]:
    number = 0
    for node in (each for each in sheet.iter() if local(each) == "Row"):
        at = min(int(attribute(node, "Index") or number + 1), _MAX_ROWS)
        yield from ([] for _ in range(number + 1, at))
        number = max(at, number + 1)
        cells: list[str] = []
        for cell in (each for each in node if local(each) == "Cell"):
            column = min(int(attribute(cell, "Index") or len(cells) + 1), _MAX_COLUMNS)
            cells += [""] * (column - 1 - len(cells)) + [_text(cell)]
            across = min(int(attribute(cell, "MergeAcross") or 0), _MAX_COLUMNS)
            down = int(attribute(cell, "MergeDown") or 0)
            if across or down:
                merged.append(Merged(number, column, number + down, column + across))
                cells += [""] * across
        yield cells


def _text(cell: Node) -> str:
    said = {local(each): each for each in cell}
    data, comment = said.get("Data"), said.get("Comment")
    text = "".join(map(str, data.itertext())) if data is not None else ""
    if data is not None and attribute(data, "Type") == "DateTime":
        text = text.removesuffix("T00:00:00.000").replace("T", " ").removesuffix(".000")
    text = linked(text, attribute(cell, "HRef"))
    note = "".join(map(str, comment.itertext())).strip() if comment is not None else ""
    return clean_line(f"{text} [Comment: {note}]" if note else text)
