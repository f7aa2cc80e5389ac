"""What stands beside the cells of an .xlsx sheet: merged ranges, links, comments, formulas without a value."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from app.errors import UnreadableDocument
from app.ingestion.document.model import superscript
from app.ingestion.loaders.office.package import DAMAGED, Node, OfficePackage, local
from app.ingestion.loaders.sheets.grid import Merged

_MAX_COLUMNS, _MAX_ROWS = 16_384, 1_048_576
_LETTERS = 26
# What Excel writes into the old comment of a threaded one, for old versions.
_THREADED = "[Threaded comment]"


@dataclass(slots=True)
class Sheet:
    """`name` is shown on its tab, `part` its place in the file."""

    name: str
    part: str


@dataclass(slots=True)
class Beside:
    """By the cell's name: `links` to addresses, `comments` as they are written, `formulas` that have no value."""

    merged: list[Merged] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    formulas: dict[str, str] = field(default_factory=dict)


def sheets_of(package: OfficePackage) -> Iterator[Sheet]:
    relations = package.relations(package.main)
    for node in package.tree(package.main).iter():
        if local(node) == "sheet":
            identity = next((str(value) for key, value in node.attrib.items() if str(key).endswith("}id")), "")
            relation = relations.get(identity)
            if relation is not None and relation.kind == "worksheet" and package.has(relation.target):
                yield Sheet(node.get("name") or "", relation.target)


def beside(package: OfficePackage, sheet: Sheet) -> Beside:
    scan = _Scan()
    with package.open(sheet.part) as stream:
        scan.run(stream)
    relations = package.relations(sheet.part)
    found = Beside(merged=[area for area in map(_area, scan.merged) if area], formulas=scan.formulas)
    for cell, identity in scan.links:
        relation = relations.get(identity)
        if relation is not None and relation.external:
            found.links[cell.partition(":")[0]] = relation.target
    for part in package.related(sheet.part, "comments"):
        found.comments |= dict(_comments(package.tree(part)))
    people = {
        node.get("id"): node.get("displayName") or ""
        for part in package.related(package.main, "person")
        for node in package.tree(part)
    }
    for part in package.related(sheet.part, "threadedComment"):
        for node in package.tree(part):
            text = _note("".join(_texts(node)), people.get(node.get("personId"), ""))
            before = found.comments.get(node.get("ref") or "")
            found.comments[node.get("ref") or ""] = f"{before} {text}" if before else text
    return found


def raised_texts(package: OfficePackage) -> dict[str, str]:
    """Texts of cells in which some letters are raised, by what they are without their format: 106 is 10^6."""
    found: dict[str, str] = {}
    for part in package.related(package.main, "sharedStrings"):
        if b'"superscript"' not in package.read(part):
            continue
        for item in package.tree(part):
            runs = [(_is_raised(run), "".join(_texts(run))) for run in item if local(run) == "r"]
            if any(raised for raised, _ in runs):
                plain = "".join(text for _, text in runs)
                found[plain] = "".join(superscript(text) if raised else text for raised, text in runs)
    return found


def _is_raised(run: Node) -> bool:
    return any(local(each) == "vertAlign" and each.get("val") == "superscript" for each in run.iter())


class _Scan:
    """Goes over a sheet's XML once, keeping what is needed of it."""

    def __init__(self) -> None:
        self.merged: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.formulas: dict[str, str] = {}
        self._cell = ""
        self._formula: list[str] | None = None
        self._value = False
        self._within = ""

    def run(self, stream: IO[bytes]) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.ParseFile(stream)
        except expat.ExpatError as error:
            raise UnreadableDocument(DAMAGED) from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "c":
            self._cell, self._formula, self._value = attributes.get("r", ""), None, False
        elif name == "f":
            self._within, self._formula = name, []
        elif name in {"v", "t"}:
            self._within = name
        elif name == "mergeCell":
            self.merged.append(attributes.get("ref", ""))
        elif name == "hyperlink":
            identity = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            self.links.append((attributes.get("ref", ""), identity))

    def _end(self, tag: str) -> None:
        self._within = ""
        if self._formula and not self._value and tag.endswith(" c"):
            self.formulas[self._cell] = "=" + "".join(self._formula)

    def _text(self, text: str) -> None:
        if self._within == "f" and self._formula is not None:
            self._formula.append(text)
        elif self._within:
            self._value = True


def _comments(tree: Node) -> Iterator[tuple[str, str]]:
    authors = [(node.text or "").strip() for node in tree.iter() if local(node) == "author"]
    for node in tree.iter():
        if local(node) == "comment":
            author = int(node.get("authorId") or -1)
            name = authors[author] if 0 <= author < len(authors) else ""
            text = "".join(_texts(node)).strip().removeprefix(f"{name}:").strip()
            if text and not text.startswith(_THREADED):
                yield node.get("ref") or "", _note(text, name)


def _texts(node: Node) -> Iterator[str]:
    return (each.text or "" for each in node.iter() if local(each) in {"t", "text"} and not len(each))


def _note(text: str, author: str) -> str:
    return f"[Comment by {author}: {text.strip()}]" if author else f"[Comment: {text.strip()}]"


def cell_name(row: int, column: int) -> str:
    """A cell's name by its row and column, both counted from 1: B2."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def _area(reference: str) -> Merged | None:
    first, _, last = reference.replace("$", "").partition(":")
    bounds = [_place(name) for name in (first, last or first)]
    if None in bounds:
        return None
    (top, left), (bottom, right) = (bound for bound in bounds if bound)
    return Merged(top, left, min(bottom, _MAX_ROWS), min(right, _MAX_COLUMNS))


def _place(name: str) -> tuple[int, int] | None:
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    if not letters.isascii() or not letters.isalpha() or not digits or len(letters) > 3:  # noqa: PLR2004
        return None
    column = 0
    for letter in letters.upper():
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    return int(digits), column
