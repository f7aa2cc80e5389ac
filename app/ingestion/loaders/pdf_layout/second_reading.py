"""PDF by pdfminer.six: slower than PDFium, but it reads vertical writing and some damaged files."""

from io import BytesIO

from pdfminer.high_level import extract_pages
from pdfminer.layout import LTTextContainer
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdfparser import PDFParser
from pdfminer.psexceptions import PSException

from app.errors import UnreadableDocument

# Damaged files make it stumble over what is missing in many ways.
_ERRORS = (PDFException, PSException, ValueError, KeyError, TypeError, AttributeError, IndexError)


def read_pages(content: bytes) -> list[str]:
    """The text of each page.

    Raises:
        UnreadableDocument: it cannot be read.
    """
    try:
        return [
            "\n".join(box.get_text() for box in page if isinstance(box, LTTextContainer))
            for page in extract_pages(BytesIO(content))
        ]
    except _ERRORS as error:
        raise UnreadableDocument("The PDF is truncated or damaged.") from error


def writes_vertically(content: bytes) -> bool:
    """Whether a font's encoding is one of the vertical ones, whose names end in -V (ISO 32000-1, table 118)."""
    try:
        document = PDFDocument(PDFParser(BytesIO(content)))
        for table in document.xrefs:
            for number in table.get_objids():
                value = document.getobj(number)
                if isinstance(value, dict) and str(getattr(value.get("Encoding"), "name", "")).endswith("-V"):
                    return True
    except _ERRORS:
        return False
    return False
