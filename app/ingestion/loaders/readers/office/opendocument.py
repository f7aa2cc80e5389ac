"""OpenDocument text, sheets, slides and drawings: their XML, by the OASIS standard's element names."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from posixpath import normpath

from lxml import etree

from app.domain.reading import DocumentProperties
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
    linked,
    superscript,
)
from app.ingestion.loaders import media, packages
from app.ingestion.loaders.office.opendocument_styles import OpenDocumentStyles, number_of
from app.ingestion.loaders.office.opendocument_tables import opendocument_table
from app.ingestion.loaders.office.package import Node, attribute, local
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.xml_parser import xml_parser

_SKIPPED = frozenset(
    {
        "tracked-changes",
        "sequence-decls",
        "forms",
        "table-of-content-source",
        "event-listeners",
        "variable-decls",
        "page-thumbnail",
    }
)
_ASIDE = frozenset({"note", "annotation", "frame", "custom-shape"})
_KINDS = {media.ODP: "slides", media.ODG: "slides", media.ODS: "sheets"}
_LEVELS = 10
# What is left of "Page 1 of 3" without its numbers.
_PAGE_LINE = re.compile(r"\W*(?:\w{1,12}\W+)?(?:\w{1,4})?\W*")


def read(source: Source) -> Iterator[Element]:
    packages.check_limits(source.content)
    with zipfile.ZipFile(BytesIO(source.content)) as package:
        content, meta = _part(package, "content.xml"), _part(package, "meta.xml")
        if content is None:
            raise UnreadableDocument("The file is truncated or damaged.")
        if meta is not None:
            yield DocumentProperties(_meta(meta, "title"), _meta(meta, "creator"))
        yield from _Document(package, content, _KINDS.get(source.media_type, "text")).elements()


def _part(package: zipfile.ZipFile, name: str) -> Node | None:
    data = _member(package, name)
    if data is None:
        return None
    try:
        return etree.fromstring(data, xml_parser(huge=True))
    except etree.XMLSyntaxError as error:
        raise UnreadableDocument("The file is protected with a password, or damaged.") from error


def _member(package: zipfile.ZipFile, name: str) -> bytes | None:
    try:
        return package.read(name)
    except KeyError:
        return None
    except (RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UnreadableDocument("The file is protected with a password, or damaged.") from error


def _meta(meta: Node, name: str) -> str | None:
    return next((clean_line(node.text or "") or None for node in meta.iter(f"{{*}}{name}")), None)


class _Document:
    def __init__(self, package: zipfile.ZipFile, content: Node, kind: str) -> None:
        self._package = package
        self._content = content
        self._kind = kind
        self._master = _part(package, "styles.xml")
        self._styles = OpenDocumentStyles.of([part for part in (self._master, content) if part is not None])

    def elements(self) -> Iterator[Element]:
        yield from self._margins("header")
        for body in self._content.iter("{*}body"):
            yield from self._blocks(body)
        yield from self._margins("footer")

    def _margins(self, name: str) -> Iterator[Element]:
        """Each different header or footer of a text once, without page numbers."""
        told: set[str] = set()
        nodes = () if self._master is None or self._kind != "text" else self._master.iter(f"{{*}}{name}")
        for element in (element for node in nodes for element in self._blocks(node)):
            if repr(element) not in told:
                told.add(repr(element))
                yield element

    def _blocks(self, nodes: Iterable[Node], depth: int = 0, style: str = "") -> Iterator[Element]:
        """`depth` is the level of the list around, from 1; `style` is that list's."""
        page = 0
        for node in nodes:
            match local(node):
                case "h" | "p":
                    yield from self._paragraph(node)
                case "list":
                    yield from self._list(node, depth + 1, style)
                case "table":
                    yield from self._table(node)
                case "page":
                    page += 1
                    yield PageStart(page)
                    yield from self._blocks(node)
                case "notes":
                    texts = (self._text(part) for part in node.iter("{*}p"))
                    yield from (Note(text, "Notes") for text in texts if text)
                case "frame":
                    yield from self._frame(node)
                case name if name and name not in _SKIPPED:
                    yield from self._blocks(node, depth, style)

    def _paragraph(self, node: Node) -> Iterator[Element]:
        text = self._text(node)
        if local(node) == "h":
            level = number_of(node, "outline-level")
            numbered = (
                self._styles.heading(min(level, _LEVELS)) if attribute(node, "is-list-header") is None else ""
            )
            yield Heading(level, f"{numbered} {text}".strip())
        elif text and not (_PAGE_LINE.fullmatch(text) and next(node.iter("{*}page-number"), None) is not None):
            yield Paragraph(text)
        yield from self._asides(node)

    def _list(self, node: Node, depth: int, around: str) -> Iterator[Element]:
        depth = min(depth, _LEVELS)
        style = attribute(node, "style-name") or around
        goes_on = attribute(node, "continue-numbering") == "true" or attribute(node, "continue-list") is not None
        self._styles.begin(style, depth, go_on=goes_on)
        for item in node:
            marker = "" if local(item) == "list-header" else None
            for element in self._blocks(item, depth, style):
                if marker is None and isinstance(element, Paragraph):
                    start = attribute(item, "start-value")
                    marker = self._styles.marker(style, depth, int(start) if start and start.isdigit() else None)
                    yield ListItem(element.text, marker, depth - 1) if marker else element
                else:
                    yield element

    def _frame(self, node: Node) -> Iterator[Element]:
        """A box with text, a table, a picture, or a chart with its data; a slide's title is its heading."""
        described = " ".join(
            clean_line(part.text or "") for part in node if local(part) in ("title", "desc") and part.text
        )
        inner = next((part for part in node if local(part) == "object"), None)
        if inner is not None:
            embedded = _part(self._package, normpath(f"{attribute(inner, 'href') or ''}/content.xml"))
            if embedded is not None:
                yield from (Paragraph(text) for text in [described] if text)
                yield from self._blocks(embedded)
                return
        for part in node:
            if local(part) == "image":
                yield Picture(described, _member(self._package, attribute(part, "href") or "") or b"")
                continue
            for element in self._blocks([part]):
                titled = attribute(node, "class") == "title" and isinstance(element, Paragraph)
                yield Heading(1, element.text) if titled and isinstance(element, Paragraph) else element

    def _text(self, node: Node) -> str:
        return "\n".join(line.strip() for line in self._inline(node).split("\n")).strip()

    def _inline(self, node: Node) -> str:
        parts = [" ".join((node.text or "").split("\n"))]
        for child in node:
            parts.append(self._within(child, "".join(parts)))
            parts.append(child.tail or "")
        return "".join(parts)

    def _within(self, child: Node, before: str) -> str:
        match local(child):
            case "s":
                text = " " * min(number_of(child, "c"), 80)
            case "tab":
                text = "\t"
            case "line-break":
                text = "\n"
            case "a":
                text = linked(self._inline(child), attribute(child, "href"))
            case "page-number" | "page-count":
                text = ""
            case "note":
                text = superscript(next((self._text(part) for part in child.iter("{*}note-citation")), ""))
            case "span":
                style = attribute(child, "style-name")
                text = "" if style in self._styles.hidden else self._inline(child)
                text = superscript(text) if style in self._styles.raised and before[-1:].strip() else text
            case name if name and name not in _ASIDE and name not in _SKIPPED:
                text = self._inline(child)
            case _:
                text = ""
        return text

    def _asides(self, node: Node) -> Iterator[Element]:
        """What is anchored in a paragraph and shown beside it: notes, comments, text frames, pictures."""
        for part in _hung(node):
            match local(part):
                case "note":
                    label = next((self._text(found) for found in part.iter("{*}note-citation")), "note")
                    yield Note(" ".join(self._text(found) for found in part.iter("{*}p")), label)
                case "annotation":
                    author = next((found.text for found in part.iter("{*}creator")), None)
                    yield Comment(" ".join(self._text(found) for found in part.iter("{*}p")), author)
                case "frame":
                    yield from self._frame(part)
                case _:
                    yield from self._blocks(part)

    def _table(self, node: Node) -> Iterator[Element]:
        if self._kind == "sheets":
            yield Heading(1, attribute(node, "name") or "Sheet")
        yield from opendocument_table(node, self._text, blank_ends=self._kind == "sheets")
        for shapes in (part for part in node if local(part) == "shapes"):
            yield from self._blocks(shapes)


def _hung(node: Node) -> Iterator[Node]:
    """The nearest elements within a paragraph that are no part of its text."""
    for child in node:
        if local(child) in _ASIDE:
            yield child
        else:
            yield from _hung(child)
