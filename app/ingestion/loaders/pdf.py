"""PDF, a page at a time, by PDFium; by pdfminer.six where PDFium cannot read what pdfminer can."""

import re
from contextlib import closing

import pypdfium2
from pypdfium2 import raw

from app.domain.documents import LoadedDocument, Section
from app.errors import UnreadableDocument
from app.ingestion.loaders.media import PDF
from app.ingestion.loaders.text import clean, refuse_garbage

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
# Vertical writing comes as a character a line.
_GLYPH = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
_COLUMN = re.compile(rf"(?m)^({_GLYPH})\n(?={_GLYPH}$)")
# A hyphen that PDFium takes for one of line breaking, with the break that follows.
_LINE_HYPHEN = re.compile("[\x02\ufffe](?:\r?\n)?")
_DAMAGED = "The PDF is truncated or damaged."


def load_pdf(content: bytes) -> LoadedDocument:
    """Read the text of each page, under the outline's headings.

    Raises:
        UnreadableDocument: encrypted, damaged, or without text.
    """
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise UnreadableDocument("The PDF is encrypted with a password: save it without one.") from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise UnreadableDocument("The PDF is encrypted in a way that is not supported.") from error
        return _document(list(enumerate(_second_reading(content), 1)), title=None)
    with closing(document):
        pages, unread = _read(document)
        outline = _outline(document)
        title = document.get_metadata_value("Title").strip() or None
    # PDFium loses glyphs of vertical writing.
    if unread or (any(_EAST_ASIAN.search(text) for _, text in pages) and _writes_vertically(content)):
        pages = _longer(pages, content)
        unread = [number for number in unread if number not in dict(pages)]
    return _document(pages, title=title, outline=outline, unread=unread)


def _read(document: pypdfium2.PdfDocument) -> tuple[list[tuple[int, str]], list[int]]:
    has_forms = document.get_formtype() != raw.FORMTYPE_NONE
    pages: list[tuple[int, str]] = []
    unread: list[int] = []
    for index in range(len(document)):
        try:
            page = document[index]
            if has_forms and raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS:
                # What was typed into a form is no page text until it is drawn onto the page.
                page.close()
                page = document[index]
            with closing(page), closing(page.get_textpage()) as text:
                pages.append((index + 1, _LINE_HYPHEN.sub("", text.get_text_range())))
        except pypdfium2.PdfiumError:
            unread.append(index + 1)
    return pages, unread


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


def _longer(pages: list[tuple[int, str]], content: bytes) -> list[tuple[int, str]]:
    """Take of each page the reading with more text."""
    try:
        others = dict(enumerate(_second_reading(content), 1))
    except UnreadableDocument:
        return pages
    ours = dict(pages)
    numbers = sorted(ours.keys() | others.keys())
    return [
        (n, max(ours.get(n, ""), others.get(n, ""), key=lambda text: len("".join(text.split())))) for n in numbers
    ]


def _second_reading(content: bytes) -> list[str]:
    from app.ingestion.loaders import pdfminer_reader  # noqa: PLC0415 - slow to import and seldom needed

    return pdfminer_reader.read_pages(content)


def _writes_vertically(content: bytes) -> bool:
    from app.ingestion.loaders import pdfminer_reader  # noqa: PLC0415 - slow to import and seldom needed

    return pdfminer_reader.writes_vertically(content)


def _document(
    pages: list[tuple[int, str]],
    *,
    title: str | None,
    outline: list[tuple[int, int, str]] | None = None,
    unread: list[int] | None = None,
) -> LoadedDocument:
    refuse_garbage("".join(text for _, text in pages[:50]).replace("\x00", ""))
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    waiting = list(outline or ())
    for number, raw_text in pages:
        rest = _COLUMN.sub(r"\1", clean(raw_text))
        while waiting and waiting[0][0] <= number:
            _, level, heading = waiting.pop(0)
            before, rest = _cut_at(rest, heading)
            sections += _section(before, number, path)
            path = [step for step in path if step[0] < level] + [(level, heading)]
        sections += _section(rest, number, path)
    if not sections:
        if unread:
            raise UnreadableDocument(_DAMAGED)
        raise UnreadableDocument(
            "The PDF holds no extractable text; it may be a scan, and needs text recognition first."
        )
    return LoadedDocument(
        media_type=PDF,
        sections=tuple(sections),
        title=clean(title) if title else None,
        page_count=max(number for number in [*(n for n, _ in pages), *(unread or ())]),
        warnings=tuple(f"Page {number} could not be read." for number in unread or ()),
    )


def _section(text: str, page: int, path: list[tuple[int, str]]) -> list[Section]:
    heading = " > ".join(step for _, step in path) or None
    return [Section(text=text.strip("\n"), page=page, heading=heading)] if text.strip() else []


def _cut_at(text: str, heading: str) -> tuple[str, str]:
    """Cut a page before the line that is `heading`; a heading not found begins the page."""
    words = r"\s+".join(map(re.escape, heading.split()))
    match = re.search(rf"(?im)^[\d.\s]*{words}\s*$", text)
    return (text[: match.start()], text[match.start() :]) if match else ("", text)
