"""Excel's binary workbooks (.xlsb), and .xlsx files whose styles are broken: the values without their formats."""

from collections.abc import Iterator
from io import BytesIO

import python_calamine

from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element
from app.ingestion.loaders import packages
from app.ingestion.loaders.office.package import DAMAGED
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.sheets.cells import shown
from app.ingestion.loaders.sheets.grid import Merged
from app.ingestion.loaders.sheets.sheet import sheet_elements


def read(source: Source) -> Iterator[Element]:
    packages.check_limits(source.content)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(source.content))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            areas = sheet.merged_cell_ranges or []
            merged = [Merged(first[0] + 1, first[1] + 1, last[0] + 1, last[1] + 1) for first, last in areas]
            cells = sheet.to_python(skip_empty_area=False)
            rows = ([clean_line(shown(cell, None)) for cell in row] for row in cells)
            yield from sheet_elements(name, rows, merged)
    except python_calamine.PasswordError as error:
        raise UnreadableDocument("The file is protected with a password.") from error
    except python_calamine.CalamineError as error:
        raise UnreadableDocument(DAMAGED) from error
