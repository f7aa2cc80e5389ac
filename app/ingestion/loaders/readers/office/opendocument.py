"""OpenDocument text, sheets and slides: the XML of content.xml, by the OASIS standard's element names."""

import zipfile
from collections.abc import Iterator
from io import BytesIO

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
    Row,
    linked,
    superscript,
)
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders import media, packages
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.xml_parser import xml_parser

_SKIPPED = frozenset(
    {"tracked-changes", "sequence-decls", "forms", "table-of-content-source", "event-listeners", "variable-decls"}
)
_ASIDE = frozenset({"note", "annotation", "frame", "custom-shape"})
# Repeated empty cells at the end of a sheet's rows number thousands.
_MOST_REPEATS = 256


def read(source: Source) -> Iterator[Element]:
    packages.check_limits(source.content)
    with zipfile.ZipFile(BytesIO(source.content)) as package:
        content, meta = _part(package, "content.xml"), _part(package, "meta.xml")
    if content is None:
        raise UnreadableDocument("The file is truncated or damaged.")
    if meta is not None:
        yield DocumentProperties(_meta(meta, "title"), _meta(meta, "creator"))
    bodies = list(content.iter("{*}body"))
    kind = {media.ODP: "slides", media.ODS: "sheets"}.get(source.media_type, "text")
    for body in bodies:
        yield from _blocks(body, kind=kind, depth=-1)


def _part(package: zipfile.ZipFile, name: str) -> etree._Element | None:
    try:
        data = package.read(name)
    except KeyError:
        return None
    except (RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UnreadableDocument("The file is protected with a password, or damaged.") from error
    try:
        return etree.fromstring(data, xml_parser(huge=True))
    except etree.XMLSyntaxError as error:
        raise UnreadableDocument("The file is protected with a password, or damaged.") from error


def _meta(meta: etree._Element, name: str) -> str | None:
    return next((clean_line(node.text or "") or None for node in meta.iter(f"{{*}}{name}")), None)


def _name(node: etree._Element) -> str:
    return str(etree.QName(node).localname)


def _attribute(node: etree._Element, name: str) -> str | None:
    return next((str(value) for key, value in node.attrib.items() if etree.QName(key).localname == name), None)


def _blocks(parent: etree._Element, *, kind: str, depth: int) -> Iterator[Element]:
    page = 0
    for node in parent:
        match _name(node):
            case "h" | "p":
                yield from _paragraph(node, kind)
            case "list":
                yield from _list(node, kind, depth + 1)
            case "table":
                if kind == "sheets":
                    yield Heading(1, _attribute(node, "name") or "Sheet")
                yield from _table(node, blank_ends=kind == "sheets")
            case "page":
                page += 1
                yield PageStart(page)
                yield from _blocks(node, kind=kind, depth=depth)
            case "notes":
                yield from (Note(text, "Notes") for part in node.iter("{*}p") if (text := _text(part)))
            case "image":
                yield Picture()
            case name if name and name not in _SKIPPED:
                yield from _blocks(node, kind=kind, depth=depth)


def _paragraph(node: etree._Element, kind: str) -> Iterator[Element]:
    text = _text(node)
    if _name(node) == "h":
        yield Heading(int(_attribute(node, "outline-level") or 1), text)
    elif text:
        yield Paragraph(text)
    yield from _asides(node, kind)


def _list(node: etree._Element, kind: str, depth: int) -> Iterator[Element]:
    for item in node:
        first = True
        for element in _blocks(item, kind=kind, depth=depth):
            if first and isinstance(element, Paragraph):
                yield ListItem(element.text, "-", depth)
                first = False
            else:
                yield element


def _text(node: etree._Element) -> str:
    return "\n".join(line.strip() for line in _inline(node).split("\n")).strip()


def _inline(node: etree._Element) -> str:
    parts = [" ".join((node.text or "").split("\n"))]
    for child in node:
        name = _name(child)
        if name == "s":
            parts.append(" " * min(int(_attribute(child, "c") or 1), 80))
        elif name == "tab":
            parts.append("\t")
        elif name == "line-break":
            parts.append("\n")
        elif name == "a":
            parts.append(linked(_inline(child), _attribute(child, "href")))
        elif name == "note":
            citation = next((_text(part) for part in child.iter("{*}note-citation")), "")
            parts.append(superscript(citation))
        elif name and name not in _ASIDE and name not in _SKIPPED:
            parts.append(_inline(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _asides(node: etree._Element, kind: str) -> Iterator[Element]:
    """What is anchored in a paragraph and shown beside it: notes, comments, text frames, pictures."""
    for part in node.iterdescendants():
        match _name(part):
            case "note":
                label = next((_text(found) for found in part.iter("{*}note-citation")), "note")
                yield Note(" ".join(_text(found) for found in part.iter("{*}p")), label)
            case "annotation":
                author = next((found.text for found in part.iter("{*}creator")), None)
                yield Comment(" ".join(_text(found) for found in part.iter("{*}p")), author)
            case "frame" | "custom-shape":
                yield from _blocks(part, kind=kind, depth=-1)


def _table(node: etree._Element, *, blank_ends: bool) -> Iterator[Element]:
    header = len(list(node.findall("{*}table-header-rows/{*}table-row"))) or None
    joined: list[int] = []
    yield from tables_of(_rows(node, joined), joined=joined, blank_ends=blank_ends, header=header)


def _rows(table: etree._Element, joined: list[int]) -> Iterator[Row]:
    """Rows with a merged cell's text in every cell that it covers; the numbers of rows with such go to `joined`."""
    covering: dict[int, tuple[int, str]] = {}
    number = 0
    for node in table.iter("{*}table-row"):
        row: list[str] = []
        for cell in node:
            if _name(cell) == "table-cell":
                text = _cell(cell)
                down, across = (int(_attribute(cell, f"number-{way}-spanned") or 1) for way in ("rows", "columns"))
                if down > 1 or across > 1:
                    joined.append(number)
                    covering.update((len(row) + beside, (number + down, text)) for beside in range(across))
                row += [text] * _repeats(cell, "number-columns-repeated")
            elif _name(cell) == "covered-table-cell":
                for _ in range(_repeats(cell, "number-columns-repeated")):
                    until, text = covering.get(len(row), (0, ""))
                    row.append(text if number < until else "")
        for _ in range(_repeats(node, "number-rows-repeated") if any(row) else 1):
            yield tuple(row)
            number += 1


def _repeats(node: etree._Element, name: str) -> int:
    return min(int(_attribute(node, name) or 1), _MOST_REPEATS)


def _cell(cell: etree._Element) -> str:
    shown = clean_line(" ".join(_text(part) for part in cell.iter("{*}p") if not _within_annotation(part, cell)))
    notes = [clean_line(" ".join(_text(p) for p in note.iter("{*}p"))) for note in cell.iter("{*}annotation")]
    return " ".join([shown, *(f"[Comment] {note}" for note in notes if note)]).strip()


def _within_annotation(part: etree._Element, cell: etree._Element) -> bool:
    return any(_name(above) == "annotation" for above in part.iterancestors() if above is not cell)
