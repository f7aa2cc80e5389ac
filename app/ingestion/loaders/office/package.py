"""An Office file as a package of parts (ECMA-376 part 2): XML trees, and what each part refers to.

Elements go by their local names: strict documents (ISO 29500) have the same ones in other namespaces.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import IO

from lxml import etree

from app.domain.reading import DocumentProperties
from app.errors import UnreadableDocument
from app.ingestion.loaders import packages
from app.ingestion.loaders.xml_parser import xml_parser

# The library has no other name for the type of its elements.
Node = etree._Element  # noqa: SLF001

DAMAGED = "The file is truncated or damaged."
_BROKEN = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Relation:
    """`kind` is the last word of the relation's type; `target` a part's name, or an address if `external`."""

    kind: str
    target: str
    external: bool


class OfficePackage:
    """Raises UnreadableDocument for a file that is damaged, protected or larger than its limits."""

    def __init__(self, content: bytes) -> None:
        packages.check_limits(content)
        self._zip = zipfile.ZipFile(BytesIO(content))
        self._names = {name.lower().lstrip("/"): name for name in self._zip.namelist()}
        main = [each for each in self.relations("").values() if each.kind == "officeDocument"]
        if not main:
            raise UnreadableDocument(DAMAGED)
        self.main = main[0].target

    def has(self, part: str) -> bool:
        return part.lower() in self._names

    def read(self, part: str) -> bytes:
        with self.open(part) as stream:
            return stream.read()

    @contextmanager
    def open(self, part: str) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(self._names[part.lower()]) as stream:
                yield stream
        except (*_BROKEN, KeyError) as error:
            raise UnreadableDocument(DAMAGED) from error

    def tree(self, part: str) -> Node:
        try:
            return etree.fromstring(self.read(part), xml_parser())
        except etree.XMLSyntaxError as error:
            raise UnreadableDocument(DAMAGED) from error

    def relations(self, part: str) -> dict[str, Relation]:
        """What a part refers to, by id. "" is the package itself."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self.has(rels):
            return {}
        found = {}
        for each in self.tree(rels):
            external = each.get("TargetMode") == "External"
            target = each.get("Target", "")
            if not external:
                target = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
            found[each.get("Id", "")] = Relation(each.get("Type", "").rpartition("/")[2], target, external)
        return found

    def related(self, part: str, kind: str) -> list[str]:
        """The parts that a part refers to by this kind of relation and that are there."""
        found = (each for each in self.relations(part).values() if each.kind == kind and not each.external)
        return [each.target for each in found if self.has(each.target)]

    def properties(self) -> DocumentProperties:
        core = next(iter(self.related("", "core-properties")), None)
        if core is None:
            return DocumentProperties()
        try:
            said = {local(each): (each.text or "").strip() for each in self.tree(core)}
        except UnreadableDocument:
            return DocumentProperties()
        return DocumentProperties(
            said.get("title") or None, said.get("creator") or None, _moment(said.get("created"))
        )


def local(node: Node) -> str:
    """An element's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


def attribute(node: Node, name: str) -> str | None:
    """An attribute by its local name, whatever its namespace."""
    for key, value in node.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
