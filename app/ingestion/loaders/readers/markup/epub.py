"""EPUB: the chapters of a package in the order of its spine, each read as HTML."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from lxml import etree

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element
from app.ingestion.loaders import packages
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.markup import html
from app.ingestion.loaders.xml_parser import xml_parser

_HTML = frozenset({"application/xhtml+xml", "text/html"})


def read(source: Source) -> Iterator[Element]:
    packages.check_limits(source.content)
    with zipfile.ZipFile(BytesIO(source.content)) as package:
        opened = _package_document(package)
        if opened is None:
            raise UnreadableDocument("The file is truncated or damaged.")
        name, document = opened
        yield DocumentProperties(_first(document, "title"), _first(document, "creator"))
        for chapter in _chapters(document, dirname(name)):
            content = _member(package, chapter)
            if content is None:
                yield DocumentWarning(WarningKind.PART_FAILED, "A chapter is missing or damaged.", chapter)
                continue
            for element in html.read(Source(content, chapter, "text/html")):
                if not isinstance(element, DocumentProperties):
                    yield element


def _package_document(package: zipfile.ZipFile) -> tuple[str, etree._Element] | None:
    container = _parsed(_member(package, "META-INF/container.xml"))
    names = [] if container is None else [node.get("full-path") for node in container.iter("{*}rootfile")]
    names += [name for name in package.namelist() if name.endswith(".opf")]
    for name in filter(None, names):
        document = _parsed(_member(package, name))
        if document is not None:
            return name, document
    return None


def _chapters(document: etree._Element, folder: str) -> Iterator[str]:
    items = {node.get("id"): node for node in document.iter("{*}item")}
    for reference in document.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and item.get("media-type") in _HTML and item.get("href"):
            yield normpath(join(folder, unquote(item.get("href", "")).partition("#")[0]))


def _member(package: zipfile.ZipFile, name: str) -> bytes | None:
    try:
        return package.read(name)
    except (KeyError, RuntimeError, zipfile.BadZipFile, NotImplementedError, EOFError):
        return None


def _parsed(content: bytes | None) -> etree._Element | None:
    try:
        return None if content is None else etree.fromstring(content, xml_parser(recover=True))
    except etree.XMLSyntaxError:
        return None


def _first(document: etree._Element, name: str) -> str | None:
    return next((clean_line(node.text or "") or None for node in document.iter(f"{{*}}{name}")), None)
