"""reStructuredText on docutils, which reads it as Sphinx's authors write it, without touching another file."""

from collections.abc import Iterator

from docutils import nodes
from docutils.core import publish_doctree

from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import (
    Element,
    Heading,
    Lines,
    ListItem,
    Note,
    Paragraph,
    Picture,
    Row,
    Table,
    linked,
)
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.text.plain import paragraphs
from app.ingestion.loaders.text import decode

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 5,
    "input_encoding": "unicode",
    "doctitle_xform": False,
    "syntax_highlight": "none",
    "line_length_limit": 1_000_000,
}
_SILENT = (nodes.comment, nodes.substitution_definition, nodes.target, nodes.pending)


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content)
    yield from decoded.warnings
    try:
        tree = publish_doctree(decoded.text, settings_overrides=_SETTINGS)
    except RecursionError as error:
        raise UnreadableDocument("The document is nested too deeply.") from error
    found = False
    for element in _blocks(tree, level=0, depth=0):
        found = True
        yield element
    if not found:
        yield from paragraphs(decoded.text)


def _blocks(node: nodes.Element, *, level: int, depth: int) -> Iterator[Element]:
    for child in node.children:
        if not isinstance(child, _SILENT):
            yield from _block(child, level=level, depth=depth)


def _block(node: nodes.Node, *, level: int, depth: int) -> Iterator[Element]:
    match node:
        case nodes.section():
            yield from _blocks(node, level=level + 1, depth=depth)
        case nodes.title() | nodes.subtitle():
            yield Heading(max(level, 1), clean_line(_text(node)))
        case nodes.bullet_list() | nodes.enumerated_list():
            yield from _list(node, level, depth)
        case nodes.definition_list_item():
            yield from _definition(node, level, depth)
        case nodes.Admonition():
            yield from _admonition(node, level, depth)
        case nodes.table():
            yield from _table(node)
        case nodes.field():
            yield Paragraph(f"{_text(node.children[0])}: {clean_line(_text(node.children[-1]))}")
        case _:
            yield from _leaf(node, level, depth)


def _leaf(node: nodes.Node, level: int, depth: int) -> Iterator[Element]:
    match node:
        case nodes.literal_block() | nodes.doctest_block() | nodes.math_block():
            yield Lines(node.astext(), " ".join(name for name in node.get("classes", ()) if name != "code"))
        case nodes.line_block():
            yield Lines("\n".join(_text(line) for line in node.findall(nodes.line)))
        case nodes.author() | nodes.version() | nodes.date() | nodes.status() | nodes.copyright() | nodes.contact():
            yield Paragraph(f"{type(node).__name__.capitalize()}: {clean_line(_text(node))}")
        case nodes.footnote() | nodes.citation():
            yield _note(node)
        case nodes.image():
            yield Picture(str(node.get("alt", "")))
        case nodes.system_message():  # what an unknown directive held
            yield from (Lines(part.astext()) for part in node.children if isinstance(part, nodes.literal_block))
        case nodes.TextElement():
            if (text := _text(node)).strip():
                yield Paragraph(text)
        case nodes.Element():
            yield from _blocks(node, level=level, depth=depth)


def _list(node: nodes.Element, level: int, depth: int) -> Iterator[Element]:
    for number, item in enumerate(node.children, int(node.get("start", 1))):
        numbered = isinstance(node, nodes.enumerated_list)
        marker = f"{node.get('prefix', '')}{number}{node.get('suffix', '.')}" if numbered else "-"
        yield from _item(item, marker, level, depth)


def _definition(node: nodes.Element, level: int, depth: int) -> Iterator[Element]:
    terms = [_text(term) for term in node.children if isinstance(term, nodes.term)]
    yield Paragraph(f"{', '.join(terms)}:")
    for part in node.children:
        if isinstance(part, nodes.definition):
            yield from _blocks(part, level=level, depth=depth)


def _admonition(node: nodes.Admonition, level: int, depth: int) -> Iterator[Element]:
    assert isinstance(node, nodes.Element)
    said = _blocks(node, level=level, depth=depth)
    first = next(said, Paragraph(""))
    if isinstance(first, Paragraph) and not isinstance(node, nodes.admonition):
        first = Paragraph(f"{type(node).__name__.capitalize()}: {first.text}")
    yield first
    yield from said


def _note(node: nodes.Element) -> Note:
    label = next((_text(part) for part in node.children if isinstance(part, nodes.label)), "")
    label = label or " ".join(node.get("names", ())) or "*"
    return Note(
        clean_line(" ".join(_text(part) for part in node.children if not isinstance(part, nodes.label))), label
    )


def _item(item: nodes.Node, marker: str, level: int, depth: int) -> Iterator[Element]:
    assert isinstance(item, nodes.Element)
    for number, element in enumerate(_blocks(item, level=level, depth=depth + 1)):
        yield ListItem(element.text, marker, depth) if number == 0 and isinstance(element, Paragraph) else element


def _text(node: nodes.Node) -> str:
    if isinstance(node, nodes.Text):
        return str(node)
    if isinstance(node, (*_SILENT, nodes.system_message)):
        return ""
    text = "".join(map(_text, node.children))
    if isinstance(node, nodes.reference):
        return linked(text, node.get("refuri"))
    return text


def _table(table: nodes.table) -> Iterator[Element]:
    for title in table.findall(nodes.title):
        yield Paragraph(_text(title))
    head: list[Row] = []
    body: list[Row] = []
    for row in table.findall(nodes.row):
        cells: list[str] = []
        for entry in row.children:
            assert isinstance(entry, nodes.Element)
            cells += [clean_line(" ".join(map(_text, entry.children)))] * (int(entry.get("morecols", 0)) + 1)
        (head if isinstance(row.parent, nodes.thead) else body).append(tuple(cells))
    if not head and len(body) > 1:
        head, body = body[:1], body[1:]
    yield Table(tuple(body), tuple(head))
