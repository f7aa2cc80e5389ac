"""PDF, some pages at a time, by PDFium; by pdfminer.six where PDFium cannot read what pdfminer can."""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

import pypdfium2
from pypdfium2 import raw

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean, clean_line
from app.ingestion.document.model import Attachment, Element, Heading, ListItem, Paragraph, ScannedPage, Table
from app.ingestion.loaders.pdf_layout.across_pages import AcrossPages
from app.ingestion.loaders.pdf_layout.annotations import Annotations, read_annotations
from app.ingestion.loaders.pdf_layout.blocks import Block, Style, page_blocks, title_key
from app.ingestion.loaders.pdf_layout.hyphens import without_soft
from app.ingestion.loaders.pdf_layout.margins import RunningLines
from app.ingestion.loaders.pdf_layout.ruled import Drawn, drawn_on, ruled_tables
from app.ingestion.loaders.pdf_layout.words import PageText, PageWord, read_text
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.text import is_garbage

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
# Vertical writing comes as a character a line.
_GLYPH = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
_COLUMN = re.compile(rf"(?m)^({_GLYPH})\n(?={_GLYPH}$)")
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?")
# What programs write where nobody said anything.
_UNSAID = frozenset({"", "untitled", "anonymous", "unspecified", "unknown"})
_DAMAGED = "The PDF is truncated or damaged."
_NO_TEXT = "The PDF holds no extractable text: its pages are empty."
# Pages that are judged together: their running lines, their words, the height of their text.
_RUN = 50
# Pages after which the file is opened afresh: PDFium keeps what it parsed of each until then, and may have to walk
# to the next page from the first.
_AFRESH = 1000
# Letters on a page that is covered by a picture: with fewer, the picture is what there is to read.
_FEW_LETTERS, _COVERED = 100, 0.5
_CONTENT = Paragraph | Table | ListItem | Attachment | ScannedPage
_MOST_WORDS = 20_000


@dataclass(slots=True)
class _Page:
    """`text` is None if the page cannot be read."""

    text: PageText | None = None
    drawn: Drawn = field(default_factory=lambda: Drawn([], []))
    annotations: Annotations = field(default_factory=Annotations)


def read(source: Source) -> Iterator[Element]:
    """Yield the pages in order.

    Raises:
        UnreadableDocument: encrypted, damaged, or without text; some of that shows only as the pages are read.
    """
    try:
        document = pypdfium2.PdfDocument(source.content)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise UnreadableDocument("The PDF is encrypted with a password: save it without one.") from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise UnreadableDocument("The PDF is encrypted in a way that is not supported.") from error
        yield from _read_otherwise(source.content)
        return
    yield _properties(document)
    yield from _Reading(source.content, document).elements()


def _read_otherwise(content: bytes) -> Iterator[Element]:
    across = AcrossPages()
    for number, text in enumerate(_second_reading(content), 1):
        yield from across.page(number, _plain_blocks(text, frozenset()), frozenset())
    yield from across.end()


class _Reading:
    def __init__(self, content: bytes, document: pypdfium2.PdfDocument) -> None:
        self._content = content
        self._document = document
        self._outline = _outline(document)
        self._running = RunningLines()
        self._across = AcrossPages()
        self._vertical: bool | None = None
        self._others: Mapping[int, str] | None = None
        self._height = 0.0

    def elements(self) -> Iterator[Element]:
        found = readable = False
        count = len(self._document)
        for start in range(0, count, _RUN):
            if start and start % _AFRESH == 0:
                self._document.close()
                self._document = pypdfium2.PdfDocument(self._content)
            pages = {number: self._page(number) for number in range(start + 1, min(start + _RUN, count) + 1)}
            readable = readable or any(page.text is not None for page in pages.values())
            for element in self._run(pages):
                found = found or isinstance(element, _CONTENT)
                yield element
        last: Iterator[Element] = chain(self._across.end(), _attached(self._document))
        for element in last:
            found = True
            yield element
        self._document.close()
        if not found:
            raise UnreadableDocument(_NO_TEXT if readable else _DAMAGED)

    def _page(self, number: int) -> _Page:
        try:
            page = self._open(number)
            with closing(page):
                text = read_text(page)
                drawn = drawn_on(page, text.view)
                notes = read_annotations(self._document, page, text.words, text.view)
        except pypdfium2.PdfiumError:
            return _Page()
        lay_over(text, notes.fields)
        return _Page(text, drawn, notes)

    def _open(self, number: int) -> pypdfium2.PdfPage:
        if self._document.formenv is None and self._document.get_formtype() != raw.FORMTYPE_NONE:
            self._document.init_forms()
        return self._document[number - 1]

    def _run(self, pages: Mapping[int, _Page]) -> Iterator[Element]:
        texts = {number: page.text for number, page in pages.items() if page.text is not None}
        self._look_for_others(pages)
        self._running.remove(texts)
        known = frozenset(word.text.lower() for text in texts.values() for word in text.words)
        self._height = _text_height(texts) or self._height
        for number, page in pages.items():
            titles = self._outline.get(number, {})
            style = Style(self._height, known, outlined=bool(self._outline), titles=dict(titles))
            blocks = self._blocks(number, page, style)
            missed = [
                Heading(level, title, shown=False) for key, (level, title) in titles.items() if key in style.titles
            ]
            yield from self._across.page(number, [*missed, *blocks], known)
            if _is_picture(page, blocks):
                yield from _without_text(number, page)
            if page.annotations.comments:
                yield from self._across.end()
                yield from page.annotations.comments
            yield from page.annotations.attachments

    def _look_for_others(self, pages: Mapping[int, _Page]) -> None:
        """Read the file a second time if PDFium cannot read a page, or loses glyphs, as of vertical writing."""
        plain = [page.text.plain for page in pages.values() if page.text is not None]
        if self._vertical is None and any(map(_EAST_ASIAN.search, plain)):
            self._vertical = _writes_vertically(self._content)
        if self._others is None and (self._vertical or len(plain) < len(pages)):
            self._others = _other_pages(self._content)

    def _blocks(self, number: int, page: _Page, style: Style) -> list[Block]:
        other = (self._others or {}).get(number, "")
        text = page.text
        own = text.plain if text is not None else ""
        if len("".join(other.split())) > len("".join(own.split())):
            return _plain_blocks(other, style.known)
        if text is None or is_garbage(own):
            return []
        if not text.words or len(text.words) > _MOST_WORDS or self._vertical:
            return _plain_blocks(own, style.known)
        return list(page_blocks(text, ruled_tables(page.drawn, text.words), style))


def lay_over(text: PageText, fields: Sequence[PageWord]) -> None:
    """Add what lies over a page to its words, or to its plain text if the places of its letters are not known."""
    if text.words or not text.plain.strip():
        text.words += fields
    else:
        text.plain = "\n".join([text.plain, *(word.text for word in fields)])


def _without_text(number: int, page: _Page) -> Iterator[DocumentWarning | ScannedPage]:
    if page.text is None:
        yield DocumentWarning(WarningKind.PAGE_FAILED, "The page could not be read.", f"page {number}")
    elif page.drawn.objects:
        yield ScannedPage(number)


def _is_picture(page: _Page, blocks: Sequence[Block]) -> bool:
    """Whether the page says what it says in a picture, whatever few words stand beside it."""
    if not blocks:
        return True
    letters = len("".join(page.text.plain.split())) if page.text is not None else 0
    return letters < _FEW_LETTERS and page.drawn.covered >= _COVERED


def _plain_blocks(text: str, known: Container[str]) -> list[Block]:
    """A page's text in the order of the file, if its layout is not known."""
    lines = re.sub("([\x02\ufffe])\r?\n?", "\ufffe", _COLUMN.sub(r"\1", clean(text)))
    paragraphs = (without_soft(part, known).strip("\n") for part in lines.split("\n\n"))
    return [Paragraph(part) for part in paragraphs if part.strip()]


def _text_height(pages: Mapping[int, PageText]) -> float:
    """The height that most letters have."""
    heights: Counter[int] = Counter()
    for page in pages.values():
        for word in page.words:
            heights[int(10 * word.height)] += len(word.text)
    return heights.most_common(1)[0][0] / 10 if heights else 0.0


def _properties(document: pypdfium2.PdfDocument) -> DocumentProperties:
    said = document.get_metadata_dict(skip_empty=True)
    date = _DATE.match(said.get("CreationDate", ""))
    created = None
    if date:
        numbers = [int(part) for part in date.groups() if part]
        try:
            created = datetime(*(numbers + [1, 1][len(numbers) - 1 :]), tzinfo=UTC)  # type: ignore[arg-type,misc]
        except ValueError:
            created = None
    words = (clean_line(said.get(key, "")) for key in ("Title", "Author"))
    title, author = (None if text.lower().strip("()") in _UNSAID else text for text in words)
    return DocumentProperties(title, author, created, len(document))


def _outline(document: pypdfium2.PdfDocument) -> dict[int, dict[str, tuple[int, str]]]:
    """Bookmarks by page: the key that finds a heading in the page's text, its level from 1 and its title."""
    entries: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
    for bookmark in document.get_toc():
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        title = clean_line(bookmark.get_title())
        if page is not None and title:
            entries[page + 1].setdefault(title_key(title), (bookmark.level + 1, title))
    return dict(entries)


def _attached(document: pypdfium2.PdfDocument) -> Iterator[Attachment]:
    for number in range(document.count_attachments()):
        attachment = document.get_attachment(number)
        yield Attachment(attachment.get_name(), bytes(attachment.get_data()))


def _other_pages(content: bytes) -> dict[int, str]:
    try:
        return dict(enumerate(_second_reading(content), 1))
    except UnreadableDocument:
        return {}


def _second_reading(content: bytes) -> list[str]:
    from app.ingestion.loaders.pdf_layout import second_reading  # noqa: PLC0415 - slow to import, seldom needed

    return second_reading.read_pages(content)


def _writes_vertically(content: bytes) -> bool:
    from app.ingestion.loaders.pdf_layout import second_reading  # noqa: PLC0415 - slow to import, seldom needed

    return second_reading.writes_vertically(content)
