"""JSON, JSON Lines and XML: one line a record where it is short, each with its names."""

import json
import re
from collections.abc import Iterator, Sequence
from html.entities import html5
from typing import Any

from lxml import etree

from app.domain.reading import DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, Lines, Paragraph
from app.ingestion.loaders import media
from app.ingestion.loaders.encodings import declared_encoding
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.text.plain import paragraphs
from app.ingestion.loaders.text import decode
from app.ingestion.loaders.xml_parser import xml_parser

_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>")
# A number as the file spells it, on its way through the parser: 2.50 stays 2.50.
_KEPT = re.compile('"\ue000([^"\ue000]*)\ue000"')
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(?:"([^"&%<]{1,200})"|'([^'&%<]{1,200})')\s*>""")
_REFERENCE = re.compile(r"&([\w.-]+);")
_XML_SIGNS = frozenset("&<>\"'")
_DTD_WITHIN, _MOST_ENTITIES = 65_536, 100_000
# Characters of a record that stay on one line, so that no cut falls within it.
_SHORT = 500
# Containers in one another that are shown by indentation.
_DEEPEST = 100
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
        value = _parsed_json(text)
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
            records.append(_parsed_json(line))
        except (ValueError, RecursionError):
            if not records:
                break
            records.append(line)
    if len(records) == len(lines):
        yield from _blocks(written for record in records for written in _json_lines(record))
        return
    yield DocumentWarning(WarningKind.STRUCTURE_GUESSED, "The file is not valid JSON; it is read as plain text.")
    yield from paragraphs(text)


def _parsed_json(text: str) -> Any:
    return json.loads(text, parse_float=lambda number: f"\ue000{number}\ue000")


def _json_lines(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return [value.strip("\ue000")]
    flat = _KEPT.sub(r"\1", json.dumps(value, ensure_ascii=False))
    if len(flat) <= _SHORT or _is_deep(value):
        return [flat]
    return _KEPT.sub(r"\1", json.dumps(value, ensure_ascii=False, indent=1)).splitlines()


def _is_deep(value: Any) -> bool:
    """Whether so many containers stand in one another that indentation would be most of the text."""
    level: list[Any] = [[value]]
    for _ in range(_DEEPEST):
        inner = (item for each in level for item in (each.values() if isinstance(each, dict) else each))
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return False
    return True


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
    decoded = decode(content, declared=declared_encoding(content))
    yield from decoded.warnings
    parser = xml_parser(recover=True, huge=True)
    text = _with_entities(_DECLARATION.sub("", decoded.text))
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableDocument("The file is not XML.") from error
    if root is None:
        raise UnreadableDocument("The file is not XML.")
    if parser.error_log:
        yield DocumentWarning(WarningKind.STRUCTURE_GUESSED, "The XML has errors; it is read as far as it goes.")
    yield from _xml_elements(root)


def _with_entities(text: str) -> str:
    """Put in the short plain texts that a file defines as entities, and the letters that HTML names.

    The parser expands none, since they may nest.
    """
    defined: dict[str, str] = {name: one or other for name, one, other in _ENTITY.findall(text[:_DTD_WITHIN])}

    def said(found: re.Match[str]) -> str:
        name = str(found[1])
        letter = html5.get(f"{name};", f"&{name};")
        return defined.get(name, f"&{name};" if letter in _XML_SIGNS else letter)

    return _REFERENCE.sub(said, text, count=_MOST_ENTITIES) if "&" in text else text


def _xml_elements(root: etree._Element) -> Iterator[Element]:
    waiting = [root]
    lines: list[str] = []
    while waiting:
        node = waiting.pop()
        if _is_mixed(node):
            yield from _blocks(iter(lines))
            lines = []
            yield Paragraph(_mixed(node))
        elif _size(node) <= _SHORT and (node is not root or not len(node)):
            lines.append(_record(node))
        else:
            head = _own(node)
            if head:
                lines.append(f"{_name(node)}: {head}")
            waiting.extend(reversed(_children(node)))
    yield from _blocks(iter(lines))


def _running(node: etree._Element) -> str:
    """Text with the elements within it in their place, each with its attributes behind it."""
    parts = [node.text or ""]
    for child in node:
        if isinstance(child.tag, str):
            parts.append(_running(child))
            if attributes := _attributes(child):
                parts.append(f" ({attributes})")
        parts.append(child.tail or "")
    return "".join(parts)


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


def _attributes(node: etree._Element) -> str:
    return ", ".join(clean_line(f"{etree.QName(name).localname} {value!s}") for name, value in node.attrib.items())


def _own(node: etree._Element) -> str:
    text, attributes = clean_line(node.text or ""), _attributes(node)
    return f"{text} ({attributes})" if text and attributes else text or attributes


def _mixed(node: etree._Element) -> str:
    text, attributes = clean_line(_running(node)), _attributes(node)
    return f"{text} ({attributes})" if attributes else text


def _record(node: etree._Element) -> str:
    if _is_mixed(node):
        return f"{_name(node)}: {_mixed(node)}"
    parts = [_own(node)]
    parts.extend(map(_record, _children(node)))
    said = ", ".join(filter(None, parts))
    return f"{_name(node)}: {said}" if said else ""
