"""PowerPoint (.pptx): slides with their titles, text, tables, charts, diagrams, notes and comments."""

from collections.abc import Callable, Iterator

from app.errors import UnreadableDocument
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
from app.ingestion.loaders.office.package import Node, OfficePackage, attribute, local
from app.ingestion.loaders.office.slide_text import TextReader
from app.ingestion.loaders.reader import Source

_TITLES = frozenset({"title", "ctrTitle"})
_BODIES = frozenset({"body", "obj", "subTitle", "half", "tbl"})
# Placeholders with what every slide says: its number and the date.
_ROUTINE = frozenset({"sldNum", "dt", "hdr"})


def read(source: Source) -> Iterator[Element]:
    package = OfficePackage(source.content)
    yield package.properties()
    authors = _authors(package)
    footers: set[str] = set()
    for number, part in enumerate(_slides(package), 1):
        yield PageStart(number)
        yield from _Slide(package, part, authors, footers).elements()


def _slides(package: OfficePackage) -> Iterator[str]:
    """The slides' parts in the order in which they are shown."""
    relations = package.relations(package.main)
    for node in package.tree(package.main).iter():
        if local(node) == "sldId":
            relation = relations.get(attribute_of_relation(node))
            if relation is not None and package.has(relation.target):
                yield relation.target


def attribute_of_relation(node: Node) -> str:
    """A relation's id; the element has an `id` of its own without a namespace."""
    return next((str(value) for key, value in node.attrib.items() if str(key).endswith("}id")), "")


def _authors(package: OfficePackage) -> dict[str, str]:
    parts = [*package.related(package.main, "commentAuthors"), *package.related(package.main, "authors")]
    nodes = (node for part in parts for node in package.tree(part))
    return {node.get("id") or "": node.get("name") or "" for node in nodes}


class _Slide:
    def __init__(self, package: OfficePackage, part: str, authors: dict[str, str], footers: set[str]) -> None:
        self._package = package
        self._part = part
        self._authors = authors
        self._footers = footers
        self._relations = package.relations(part)
        self._text = TextReader(self._relations)

    def elements(self) -> Iterator[Element]:
        tree = self._package.tree(self._part)
        shapes = next((node for node in tree.iter() if local(node) == "spTree"), None)
        if shapes is None:
            raise UnreadableDocument("A slide of the file is damaged.")
        titles = [node for node in shapes if _placeholder(node) in _TITLES]
        # One without text ends the heading of the slide before.
        yield Heading(1, " ".join(each.text for title in titles for each in self._bodies(title, bulleted=False)))
        for node in shapes:
            if _placeholder(node) not in _TITLES:
                yield from self._shape(node)
        yield from self._notes()
        yield from self._comments()

    def _shape(self, node: Node) -> Iterator[Element]:
        match local(node):
            case "sp":
                yield from self._text_shape(node)
            case "grpSp":
                for child in node:
                    yield from self._shape(child)
            case "AlternateContent":
                ways = [each for each in node if len(each)]
                for child in ways[0] if ways else ():
                    yield from self._shape(child)
            case "graphicFrame":
                yield from self._frame(node)
            case "pic":
                yield self._picture(node)

    def _text_shape(self, node: Node) -> Iterator[Element]:
        kind = _placeholder(node)
        if kind in _ROUTINE:
            return
        elements = list(self._bodies(node, bulleted=kind in _BODIES))
        if kind == "ftr":
            said = " ".join(element.text for element in elements)
            if said in self._footers:
                return
            self._footers.add(said)
        yield from elements

    def _bodies(self, node: Node, *, bulleted: bool) -> Iterator[ListItem | Paragraph]:
        for body in (each for each in node if local(each) == "txBody"):
            yield from self._text.paragraphs(body, bulleted=bulleted)

    def _frame(self, node: Node) -> Iterator[Element]:
        objects: dict[str, None] = {}
        for each in node.iter():
            match local(each):
                case "tbl":
                    yield from self._text.table(each)
                case "chart":
                    yield from self._data(attribute(each, "id"), drawing.chart)
                case "relIds":
                    yield from self._data(attribute(each, "dm"), drawing.diagram)
                case "oleObj":
                    objects[attribute_of_relation(each)] = None
        for identity in objects:
            yield from self._object(identity)

    def _data(self, identity: str | None, written: Callable[[Node], Iterator[Element]]) -> Iterator[Element]:
        relation = self._relations.get(identity or "")
        if relation is not None and self._package.has(relation.target):
            yield from written(self._package.tree(relation.target))

    def _object(self, identity: str) -> Iterator[Element]:
        relation = self._relations.get(identity)
        if relation is not None and self._package.has(relation.target):
            yield embedded.unpacked(relation.target, self._package.read(relation.target))

    def _picture(self, node: Node) -> Picture:
        description = next((each.get("descr") or "" for each in node.iter() if local(each) == "cNvPr"), "")
        identity = next((attribute(each, "embed") for each in node.iter() if local(each) == "blip"), None)
        relation = self._relations.get(identity or "")
        there = relation is not None and not relation.external and self._package.has(relation.target)
        return Picture(description, self._package.read(relation.target) if relation and there else b"")

    def _notes(self) -> Iterator[Note]:
        for part in self._package.related(self._part, "notesSlide"):
            text = TextReader(self._package.relations(part))
            for shape in self._package.tree(part).iter():
                if local(shape) == "sp" and _placeholder(shape) == "body":
                    bodies = (each for each in shape if local(each) == "txBody")
                    lines = [line.text for body in bodies for line in text.paragraphs(body, bulleted=False)]
                    if lines:
                        yield Note("\n".join(lines), "Notes")

    def _comments(self) -> Iterator[Comment]:
        for part in self._package.related(self._part, "comments"):
            for node in self._package.tree(part).iter():
                if local(node) in {"cm", "reply"} and (text := _comment_text(node)):
                    yield Comment(text, self._authors.get(node.get("authorId") or "") or None)


def _placeholder(node: Node) -> str | None:
    """The kind of placeholder that a shape fills; None if it is none."""
    for child in node:
        if local(child) == "nvSpPr":
            marks = [each for each in child.iter() if local(each) == "ph"]
            return (marks[0].get("type") or "obj") if marks else None
    return None


def _comment_text(node: Node) -> str:
    """Old comments have a `text`, new ones a text body; replies have their own."""
    for child in node:
        if local(child) == "text":
            return (child.text or "").strip()
        if local(child) == "txBody":
            lines = ("".join(each.text or "" for each in line.iter() if local(each) == "t") for line in child)
            return "\n".join(filter(None, lines))
    return ""
