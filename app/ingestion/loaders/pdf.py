"""PDF, a page at a time, by PDFium; by pdfminer.six where PDFium cannot read what pdfminer can."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import closing

import pypdfium2
from pypdfium2 import raw

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean
from app.ingestion.document.model import Section
from app.ingestion.loaders.media import PDF
from app.ingestion.loaders.reading import Reading
from app.ingestion.loaders.text import refuse_garbage
from app.ingestion.loaders.warning_list import WarningList

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
# Vertical writing comes as a character a line.
_GLYPH = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
_COLUMN = re.compile(rf"(?m)^({_GLYPH})\n(?={_GLYPH}$)")
# A hyphen that PDFium takes for one of line breaking, with the break that follows.
_LINE_HYPHEN = re.compile("[\x02\ufffe](?:\r?\n)?")
_DAMAGED = "The PDF is truncated or damaged."
_NO_TEXT = "The PDF holds no extractable text; it may be a scan, and needs text recognition first."
# Pages that are judged together.
_RUN = 50
# Pages after which the file is opened afresh: PDFium keeps what it parsed of each until then, and may have to walk
# to the next page from the first.
_AFRESH = 1000


def read_pdf(content: bytes) -> Reading:
    """Read the text of each page, under the outline's headings.

    Raises:
        UnreadableDocument: encrypted, damaged, or without text; some of that shows only as the pages are read.
    """
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise UnreadableDocument("The PDF is encrypted with a password: save it without one.") from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise UnreadableDocument("The PDF is encrypted in a way that is not supported.") from error
        pages = list(enumerate(_second_reading(content), 1))
        return Reading(PDF, _sections(iter([pages]), []), DocumentProperties(page_count=len(pages)))
    title = clean(document.get_metadata_value("Title").strip()) or None
    reading = Reading(PDF, properties=DocumentProperties(title, page_count=len(document)))
    reading.sections = _sections(_runs_of_pages(document, content, reading.warnings), _outline(document))
    return reading


def _runs_of_pages(
    document: pypdfium2.PdfDocument, content: bytes, warnings: WarningList
) -> Iterator[list[tuple[int, str]]]:
    """A few pages at a time, so that memory does not grow with their number, without those that cannot be read."""
    vertical: bool | None = None
    others: dict[int, str] | None = None
    count = len(document)
    for start in range(0, count, _RUN):
        if start and start % _AFRESH == 0:
            document.close()
            document = pypdfium2.PdfDocument(content)
        has_forms = document.get_formtype() != raw.FORMTYPE_NONE
        numbers = range(start + 1, min(start + _RUN, count) + 1)
        texts = {number: _read(document, number - 1, has_forms=has_forms) for number in numbers}
        if vertical is None and any(text and _EAST_ASIAN.search(text) for text in texts.values()):
            vertical = _writes_vertically(content)
        # PDFium loses glyphs of vertical writing.
        if others is None and (vertical or None in texts.values()):
            others = _other_pages(content)
        pages = []
        for number, text in texts.items():
            readings = [found for found in (text, (others or {}).get(number)) if found is not None]
            if readings:
                pages.append((number, max(readings, key=lambda found: len("".join(found.split())))))
            else:
                warnings.add(
                    DocumentWarning(WarningKind.PAGE_FAILED, "The page could not be read.", f"page {number}")
                )
        yield pages
    document.close()


def _read(document: pypdfium2.PdfDocument, index: int, *, has_forms: bool) -> str | None:
    try:
        page = document[index]
        if has_forms and raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS:
            # What was typed into a form is no page text until it is drawn onto the page.
            page.close()
            page = document[index]
        with closing(page), closing(page.get_textpage()) as text:
            return _LINE_HYPHEN.sub("", text.get_text_range())
    except pypdfium2.PdfiumError:
        return None


def _outline(document: pypdfium2.PdfDocument) -> list[tuple[int, int, str]]:
    """Bookmarks as (page, level, title), in page order."""
    entries = []
    for bookmark in document.get_toc():
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        heading = " ".join(clean(bookmark.get_title()).split())
        if page is not None and heading:
            entries.append((page + 1, bookmark.level, heading))
    return sorted(entries, key=lambda entry: entry[0])


def _other_pages(content: bytes) -> dict[int, str]:
    try:
        return dict(enumerate(_second_reading(content), 1))
    except UnreadableDocument:
        return {}


def _second_reading(content: bytes) -> list[str]:
    from app.ingestion.loaders import pdfminer_reader  # noqa: PLC0415 - slow to import and seldom needed

    return pdfminer_reader.read_pages(content)


def _writes_vertically(content: bytes) -> bool:
    from app.ingestion.loaders import pdfminer_reader  # noqa: PLC0415 - slow to import and seldom needed

    return pdfminer_reader.writes_vertically(content)


def _sections(runs: Iterator[list[tuple[int, str]]], outline: list[tuple[int, int, str]]) -> Iterator[Section]:
    path: list[tuple[int, str]] = []
    waiting = deque(outline)
    checked = found = readable = False
    for pages in runs:
        if not checked:
            checked = True
            refuse_garbage("".join(text for _, text in pages).replace("\x00", ""))
        for number, raw_text in pages:
            readable = True
            rest = _COLUMN.sub(r"\1", clean(raw_text))
            sections: list[Section] = []
            while waiting and waiting[0][0] <= number:
                _, level, heading = waiting.popleft()
                before, rest = _cut_at(rest, heading)
                sections += _section(before, number, path)
                path = [step for step in path if step[0] < level] + [(level, heading)]
            sections += _section(rest, number, path)
            found = found or bool(sections)
            yield from sections
    if not found:
        raise UnreadableDocument(_NO_TEXT if readable else _DAMAGED)


def _section(text: str, page: int, path: list[tuple[int, str]]) -> list[Section]:
    heading = " > ".join(step for _, step in path) or None
    return [Section(text=text.strip("\n"), page=page, heading=heading)] if text.strip() else []


def _cut_at(text: str, heading: str) -> tuple[str, str]:
    """Cut a page before the line that is `heading`; a heading not found begins the page."""
    words = r"\s+".join(map(re.escape, heading.split()))
    match = re.search(rf"(?im)^[\d.\s]*{words}\s*$", text)
    return (text[: match.start()], text[match.start() :]) if match else ("", text)
