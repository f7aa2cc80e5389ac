"""Zip-based documents: limits before they are parsed, and the text that the parser passes over."""

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree as ET

from app.errors import UnreadableDocument

MAX_MEMBERS = 20_000
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
# Deflate cannot do better than 1032:1, and spreadsheets of repeated rows reach some 100:1.
MAX_RATIO = 200
_RATIO_APPLIES_FROM = 16 * 1024 * 1024

_PARTS = re.compile(
    r"word/(?:document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
    r"|ppt/(?:slides|notesSlides|diagrams|charts)/\w+\.xml"
    r"|xl/drawings/drawing\d+\.xml"
    r"|content\.xml"
)
_FALLBACK = "Fallback"  # mc:AlternateContent repeats its choice for old readers
_MAX_DEPTH = 1000


def check_limits(content: bytes) -> None:
    """Refuse a decompression bomb by its central directory, before anything is unpacked.

    Raises:
        UnreadableDocument: too many members, too large unpacked, overlapping, or encrypted.
    """
    with zipfile.ZipFile(BytesIO(content)) as package:
        members = package.infolist()
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED_BYTES:
        raise UnreadableDocument("The file unpacks to more than the limit.")
    if packed > len(content):
        raise UnreadableDocument("The file's parts overlap, as in a decompression bomb.")
    if unpacked > _RATIO_APPLIES_FROM and unpacked > MAX_RATIO * max(packed, 1):
        raise UnreadableDocument("The file unpacks to far more than its size, as a decompression bomb does.")
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableDocument("The file is protected with a password.")


def missing_paragraphs(content: bytes, found: str) -> list[str]:
    """Paragraphs of the package's XML that `found` lacks: beside text boxes, in headers, notes and diagrams."""
    squashed = _squash(found)
    missing: dict[str, None] = {}
    with zipfile.ZipFile(BytesIO(content)) as package:
        for member in package.infolist():
            if _PARTS.fullmatch(member.filename):
                with package.open(member) as part:
                    missing |= dict.fromkeys(
                        text
                        for pieces in _paragraphs(part)
                        if (text := "".join(pieces).strip())
                        and not all(_squash(piece) in squashed for piece in pieces)
                    )
    return list(missing)


def _paragraphs(part: object) -> Iterator[list[str]]:
    """Each paragraph's runs of text, cut where another paragraph, a note or a formula stands between."""
    stack: list[list[str]] = []
    depth = skipped = 0
    try:
        for event, element in ET.iterparse(part, events=("start", "end")):  # type: ignore[call-overload]  # noqa: S314
            name = element.tag.rpartition("}")[2]
            if event == "start":
                depth += 1
                if depth > _MAX_DEPTH:
                    raise UnreadableDocument("The file's XML is nested too deeply.")
                skipped += name == _FALLBACK
                if name in {"p", "h"}:
                    stack.append([""])
                continue
            depth -= 1
            if name in {"p", "h"} and stack:
                pieces = stack.pop()
                if not skipped:
                    yield pieces
            elif stack:
                _take(name, element, stack[-1])
            skipped -= name == _FALLBACK
            if not stack:
                element.clear()
    except ET.ParseError as error:
        raise UnreadableDocument("The file is truncated or damaged.") from error


def _take(name: str, element: ET.Element, pieces: list[str]) -> None:
    if name == "t":
        pieces[-1] += element.text or ""
    elif name in {"tab", "br", "cr"}:
        pieces[-1] += " "
    elif name in {"footnoteReference", "endnoteReference", "oMath", "drawing", "pict"}:
        pieces.append("")


def _squash(text: str) -> str:
    return re.sub(r"\[\^\w+\]|[\W_]+", "", text)
