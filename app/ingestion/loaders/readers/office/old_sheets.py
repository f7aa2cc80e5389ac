"""Excel 97-2003 (.xls): every sheet's tables, with cells as they are shown, notes and links."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import xlrd

from app.domain.reading import DocumentProperties
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, linked
from app.ingestion.loaders.office.package import DAMAGED
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.sheets.cells import shown
from app.ingestion.loaders.sheets.grid import Merged
from app.ingestion.loaders.sheets.sheet import sheet_elements


def read(source: Source) -> Iterator[Element]:
    try:
        book = xlrd.open_workbook(
            file_contents=source.content, formatting_info=True, on_demand=True, logfile=StringIO()
        )
    except xlrd.XLRDError as error:
        protected = "encrypted" in str(error).lower()
        raise UnreadableDocument("The file is protected with a password." if protected else DAMAGED) from error
    except Exception as error:  # the library raises whatever it stumbles over
        raise UnreadableDocument(DAMAGED) from error
    yield DocumentProperties(author=clean_line(book.user_name) or None)
    for name in book.sheet_names():
        yield from _sheet(book, name)
        book.unload_sheet(name)


def _sheet(book: Any, name: str) -> Iterator[Element]:
    try:
        sheet = book.sheet_by_name(name)
    except Exception as error:
        raise UnreadableDocument(DAMAGED) from error
    merged = [Merged(top + 1, left + 1, bottom, right) for top, bottom, left, right in sheet.merged_cells]
    rows = ([_text(book, sheet, row, column) for column in range(sheet.row_len(row))] for row in range(sheet.nrows))
    yield from sheet_elements(name, rows, merged)


def _text(book: Any, sheet: Any, row: int, column: int) -> str:
    cell = sheet.cell(row, column)
    match cell.ctype:
        case xlrd.XL_CELL_EMPTY | xlrd.XL_CELL_BLANK:
            text = ""
        case xlrd.XL_CELL_ERROR:
            text = xlrd.error_text_from_code.get(cell.value, "#ERROR")
        case xlrd.XL_CELL_BOOLEAN:
            text = shown(bool(cell.value), None)
        case xlrd.XL_CELL_TEXT:
            text = cell.value
        case _:
            key = book.xf_list[cell.xf_index].format_key
            text = shown(cell.value, book.format_map[key].format_str, since_1904=book.datemode == 1)
    link = sheet.hyperlink_map.get((row, column))
    note = sheet.cell_note_map.get((row, column))
    text = linked(text, link.url_or_path if link is not None and isinstance(link.url_or_path, str) else None)
    if note is not None and note.text.strip():
        author = f" by {note.author}" if note.author else ""
        text = f"{text} [Comment{author}: {note.text.removeprefix(f'{note.author}:')}]"
    return clean_line(text)
