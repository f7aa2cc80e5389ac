"""JSON, JSON Lines and XML: one line a record where it is short, each with its names."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from app.domain.reading import DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, Lines, Paragraph
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.text.plain import paragraphs
from app.ingestion.loaders.text import decode
from app.ingestion.loaders.xml_parser import xml_parser

_ENCODING = re.compile(rb"""encoding\s*=\s*["']\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>")
# Characters of a record that stay on one line, so that no cut falls within it.
_SHORT = 500
# Lines in one block, so that memory does not grow with the file.
_MOST_LINES = 500


def read(source: Source) -> Iterator[Element]:
    if source.media_type == media.XML:
        yield from _read_xml(source.content)
    else:
        yield from _read_json(source.content)


def _read_json(content: bytes) -> Iterator[Element]:
    decoded = decode(content)
    yield from decoded.warnings
    text = decoded.text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        yield from _read_json_lines(text)
        return
    records = value if isinstance(value, list) else [value]
    yield from _blocks(line for record in records for line in _json_lines(record))


def _read_json_lines(text: str) -> Iterator[Element]:
    """One value a line; text that is neither is read as it stands."""
    lines = [line for line in text.splitlines() if line.strip()]
    records: list[Any] = []
    for line in lines:
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError):
            if not records:
                break
            records.append(line)
    if len(records) == len(lines):
        yield from _blocks(written for record in records for written in _json_lines(record))
        return
    yield DocumentWarning(WarningKind.STRUCTURE_GUESSED, "The file is not valid JSON; it is read as plain text.")
    yield from paragraphs(text)


def _json_lines(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= _SHORT:
        return [flat]
    return json.dumps(value, ensure_ascii=False, indent=1).splitlines()


def _blocks(lines: Iterator[str]) -> Iterator[Element]:
    block: list[str] = []
    for line in lines:
        block.append(line)
        if len(block) == _MOST_LINES:
            yield Lines("\n".join(block))
            block = []
    if block:
        yield Lines("\n".join(block))


def _read_xml(content: bytes) -> Iterator[Element]:
    declared = _ENCODING.search(content[:200])
    decoded = decode(content, declared=declared[1].decode("ascii") if declared else None)
    yield from decoded.warnings
    parser = xml_parser(recover=True, huge=True)
    try:
        root = etree.fromstring(_DECLARATION.sub("", decoded.text).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableDocument("The file is not XML.") from error
    if root is None:
        raise UnreadableDocument("The file is not XML.")
    if parser.error_log:
        yield DocumentWarning(WarningKind.STRUCTURE_GUESSED, "The XML has errors; it is read as far as it goes.")
    yield from _xml_elements(root)


def _xml_elements(root: etree._Element) -> Iterator[Element]:
    waiting = [root]
    lines: list[str] = []
    while waiting:
        node = waiting.pop()
        if _is_mixed(node):
            yield from _blocks(iter(lines))
            lines = []
            yield Paragraph(clean_line("".join(_texts(node))))
        elif _size(node) <= _SHORT and (node is not root or not len(node)):
            lines.append(_record(node))
        else:
            head = _own(node)
            if head:
                lines.append(f"{_name(node)}: {head}")
            waiting.extend(reversed(_children(node)))
    yield from _blocks(iter(lines))


def _texts(node: etree._Element) -> Iterator[str]:
    for part in node.itertext(with_tail=False):
        yield str(part)


def _is_mixed(node: etree._Element) -> bool:
    """Whether text stands between the children, as in a document and not in a record."""
    return len(node) > 0 and any((child.tail or "").strip() for child in node)


def _size(node: etree._Element) -> int:
    size = 0
    for part in node.iter():
        size += len(part.text or "") + len(part.tail or "") + sum(len(k) + len(v) for k, v in part.attrib.items())
        if size > _SHORT:
            break
    return size


def _children(node: etree._Element) -> list[etree._Element]:
    """The elements within: an entity that is not expanded is a node too."""
    return list(node.iterchildren(etree.Element))


def _name(node: etree._Element) -> str:
    return str(etree.QName(node).localname)


def _own(node: etree._Element) -> str:
    attributes = [clean_line(f"{etree.QName(name).localname} {value!s}") for name, value in node.attrib.items()]
    text = clean_line(node.text or "")
    if text and attributes:
        return f"{text} ({', '.join(attributes)})"
    return text or " ".join(attributes)


def _record(node: etree._Element) -> str:
    parts = [_own(node)]
    parts.extend(map(_record, _children(node)))
    said = ", ".join(filter(None, parts))
    return f"{_name(node)}: {said}" if said else ""
