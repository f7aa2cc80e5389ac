"""Word (.docx): body, boxes, tables, notes, comments, headers and footers, with the numbers that Word counts."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

from lxml import etree

from app.domain.reading import DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import (
    Comment,
    Element,
    Heading,
    ListItem,
    Note,
    PageStart,
    Paragraph,
    Picture,
)
from app.ingestion.loaders.office import drawing, embedded
from app.ingestion.loaders.office.numbering import Numbering
from app.ingestion.loaders.office.package import DAMAGED, Node, OfficePackage, attribute, local
from app.ingestion.loaders.office.word_styles import ParagraphStyle, Styles, paragraph_properties
from app.ingestion.loaders.office.word_tables import WRAPPERS, cells_of, is_frame, rows_of, table
from app.ingestion.loaders.office.word_text import Inline, InlineReader
from app.ingestion.loaders.reader import Source

_NESTED = "; "
# What is left of "Page 1 of 3" without its numbers.
_PAGE_LINE = re.compile(r"\W*(?:\w{1,12}\W+)?(?:\w{1,4})?\W*")


def read(source: Source) -> Iterator[Element]:
    package = OfficePackage(source.content)
    yield package.properties()
    yield from _Document(package).elements()


class _Document:
    def __init__(self, package: OfficePackage) -> None:
        self._package = package
        self._styles = Styles(self._tree("styles"))
        self._numbering = Numbering(self._tree("numbering"))
        # By story and id, each with the part that it stands in.
        self._remarks = {
            (kind, attribute(node, "id") or ""): (part, node)
            for kind in ("footnotes", "endnotes", "comments")
            for part in package.related(package.main, kind)
            for node in package.tree(part)
        }

    def elements(self) -> Iterator[Element]:
        main = self._package.main
        yield from self._margins("header")
        yield from _Story(self, main).stream()
        yield from self._margins("footer")

    def _tree(self, kind: str) -> Node | None:
        part = next(iter(self._package.related(self._package.main, kind)), None)
        return self._package.tree(part) if part else None

    def _margins(self, kind: str) -> Iterator[Element]:
        """Each different header or footer once, without page numbers."""
        told: set[str] = set()
        for part in self._package.related(self._package.main, kind):
            for element in _Story(self, part).of(self._package.tree(part)):
                if repr(element) not in told:
                    told.add(repr(element))
                    yield element

    def numbered(self, style: ParagraphStyle, own: ParagraphStyle, name: str | None) -> tuple[str | None, int]:
        """The number before a paragraph and its level."""
        listed = own.list if own.list is not None else style.list
        if not listed or listed == "0":
            return None, 0
        level = own.level if own.level is not None else style.level
        if level is None:
            level = self._numbering.level_of_style(listed, name or "") if own.list is None else 0
        return self._numbering.marker(listed, level), level

    def style(self, name: str | None) -> ParagraphStyle:
        return self._styles.get(name)

    @property
    def package(self) -> OfficePackage:
        return self._package

    def remark(self, key: tuple[str, str]) -> tuple[str, str | None]:
        """The text of a note or comment, a line a paragraph, and its author."""
        if key not in self._remarks:
            return "", None
        part, node = self._remarks[key]
        lines = (_line(element) for element in _Story(self, part).of(node))
        return "\n".join(filter(None, lines)), attribute(node, "author")


class _Story:
    """One run of paragraphs and tables: the body, a header, a note, a comment."""

    def __init__(self, document: _Document, part: str) -> None:
        self._document = document
        self._part = part
        self._inline = InlineReader(document.package, part)
        self._page = 0
        self._titled = False

    def stream(self) -> Iterator[Element]:
        """Read the body block by block, so that memory does not grow with it."""
        with self._document.package.open(self._part) as stream:
            if b"lastRenderedPageBreak" in self._document.package.read(self._part):
                self._page = 1
                yield PageStart(1)
            depth = 0
            body = -1
            try:
                for event, node in etree.iterparse(
                    stream, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False
                ):
                    depth += 1 if event == "start" else -1
                    if event == "start" and body < 0 and local(node) == "body":
                        body = depth
                    elif event == "end" and depth == body:
                        yield from self._block(node)
                        _forget(node)
            except etree.XMLSyntaxError as error:
                if not body > 0:
                    raise UnreadableDocument(DAMAGED) from error
                deep = "depth" in str(error)
                raise UnreadableDocument("The file is nested too deeply." if deep else DAMAGED) from error

    def of(self, node: Node) -> Iterator[Element]:
        for child in node:
            yield from self._block(child)

    def _block(self, node: Node) -> Iterator[Element]:
        match local(node):
            case "p":
                yield from self._paragraph(node)
            case "tbl":
                yield from self._table(node)
            case "altChunk":
                yield from self._attached(attribute(node, "id"))
            case name if name in WRAPPERS:
                yield from self.of(node)

    def _paragraph(self, node: Node) -> Iterator[Element]:
        properties = next((each for each in node if local(each) == "pPr"), None)
        parts = {local(each): each for each in properties} if properties is not None else {}
        name = attribute(parts["pStyle"], "val") if "pStyle" in parts else None
        style, own = self._document.style(name), paragraph_properties(properties)
        inline = self._inline.read(node)
        if inline.pages and inline.page_first:
            yield from self._turn(1)
        if inline.text and not (inline.page_number and _PAGE_LINE.fullmatch(inline.text)):
            marker, level = self._document.numbered(style, own, name)
            yield self._written(inline.text, style, own.outline or style.outline, marker, level)
        if inline.pages:
            yield from self._turn(inline.pages - inline.page_first)
        yield from self._anchored(inline)

    def _turn(self, pages: int) -> Iterator[Element]:
        if self._page and pages:
            self._page += pages
            yield PageStart(self._page)

    def _written(
        self, text: str, style: ParagraphStyle, outline: int | None, marker: str | None, level: int
    ) -> Element:
        if style.title and not self._titled:
            self._titled = True
            return Heading(1, text)
        if outline is not None:
            numbered = f"{marker} {text}" if marker and marker != "-" else text
            return Heading(outline + self._titled, numbered)
        if marker is not None:
            return ListItem(text, marker, level) if marker else Paragraph(text)
        return Paragraph(text)

    def _anchored(self, inline: Inline) -> Iterator[Element]:
        """What hangs on a paragraph, after it."""
        for box in inline.boxes:
            yield from self.of(box)
        for node in inline.drawings:
            yield from self._drawing(node)
        for identity in inline.objects:
            yield from self._attached(identity)
        for key in inline.notes:
            yield Note(self._document.remark(key)[0], self._inline.label(key))
        for identity in inline.comments:
            text, author = self._document.remark(("comments", identity))
            if text:
                yield Comment(text, author)

    def _drawing(self, node: Node) -> Iterator[Element]:
        description = ""
        for each in node.iter():
            match local(each):
                case "docPr":
                    description = each.get("descr") or ""
                case "blip" | "imagedata":
                    relation = self._inline.relation(attribute(each, "embed") or attribute(each, "id"))
                    there = (
                        relation is not None
                        and not relation.external
                        and self._document.package.has(relation.target)
                    )
                    content = self._document.package.read(relation.target) if relation and there else b""
                    yield Picture(description or each.get("title") or "", content)
                case "chart":
                    yield from self._data(attribute(each, "id"), drawing.chart)
                case "relIds":
                    yield from self._data(attribute(each, "dm"), drawing.diagram)

    def _data(self, identity: str | None, written: object) -> Iterator[Element]:
        relation = self._inline.relation(identity)
        if relation is not None and self._document.package.has(relation.target) and callable(written):
            yield from written(self._document.package.tree(relation.target))

    def _attached(self, identity: str | None) -> Iterator[Element]:
        relation = self._inline.relation(identity)
        if relation is None or relation.external:
            return
        if self._document.package.has(relation.target):
            yield embedded.unpacked(relation.target, self._document.package.read(relation.target))
        else:
            name = PurePath(relation.target).name
            yield DocumentWarning(WarningKind.ATTACHMENT_UNREAD, f"The attachment {name} is not in the file.", name)

    def _table(self, node: Node) -> Iterator[Element]:
        if is_frame(node):
            for cell in (cell for line in rows_of(node) for cell in cells_of(line)):
                yield from self.of(cell)
            return
        anchored: list[Inline] = []
        yield from table(node, lambda cell: self._cell(cell, anchored))
        for inline in anchored:
            yield from self._anchored(replace(inline, boxes=[]))

    def _cell(self, cell: Node, anchored: list[Inline]) -> str:
        """A cell's text on one line; what hangs on its paragraphs is added to `anchored`."""
        texts: list[str] = []
        for child in cell:
            if local(child) == "p":
                texts.append(self._cell_paragraph(child, anchored))
            elif local(child) == "tbl":
                nested = [[self._cell(inner, anchored) for inner in cells_of(line)] for line in rows_of(child)]
                texts.append(_NESTED.join(" | ".join(filter(None, row)) for row in nested if any(row)))
            elif local(child) in WRAPPERS:
                texts.append(self._cell(child, anchored))
        return clean_line("\n".join(filter(None, texts)))

    def _cell_paragraph(self, node: Node, anchored: list[Inline]) -> str:
        inline = self._inline.read(node)
        anchored.append(inline)
        own = paragraph_properties(next((each for each in node if local(each) == "pPr"), None))
        marker = self._document.numbered(ParagraphStyle(), own, None)[0] if own.list else None
        boxes = [_line(element) for box in inline.boxes for element in self.of(box)]
        text = f"{marker} {inline.text}" if marker and inline.text else inline.text
        return "\n".join(filter(None, [text, *boxes]))


def _line(element: Element) -> str:
    match element:
        case ListItem(text, marker, _):
            return f"{marker} {text}"
        case Heading(text=text) | Paragraph(text=text):
            return text
        case _:
            return ""


def _forget(node: Node) -> None:
    node.clear()
    while (before := node.getprevious()) is not None:
        parent = before.getparent()
        if parent is None:
            return
        parent.remove(before)
