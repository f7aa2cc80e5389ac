"""Word 97-2003 (.doc): the text by its piece table, as [MS-DOC] 2.4.1 describes."""

import re
import struct
from collections.abc import Iterator

import olefile

from app.domain.reading import DocumentProperties
from app.errors import UnreadableDocument, UnsupportedMedia
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element, Paragraph, Picture, Table, linked
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.reader import Source

_WORD_97 = 193
_ENCRYPTED, _TABLE_1 = 0x0100, 0x0200
_FIB_CLX = 0x01A2  # fcClx and lcbClx within FibRgFcLcb97
_PRC, _PCDT = 1, 2
_COMPRESSED = 1 << 30
_MARKS = {0x09: " ", 0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x1E: "-", 0x1F: "", 0xA0: " ", 0x01: "", 0x08: ""}
_MARKS |= dict.fromkeys((0x13, 0x14, 0x15), "")
# Field codes stand between 0x13 and 0x14; what the reader sees follows, up to 0x15.
_FIELD = re.compile("\x13([^\x13\x14\x15]*)(?:\x14([^\x13\x14\x15]*))?\x15")
_LINK = re.compile(r'\s*HYPERLINK\s+"([^"]+)"')
_PICTURES = ("\x01", "\x08")
_CELL, _PARAGRAPH = "\x07", "\r"


def read(source: Source) -> Iterator[Element]:
    """Yield the paragraphs of the body, notes, headers and text boxes.

    Raises:
        UnsupportedMedia: older than Word 97.
        UnreadableDocument: protected or damaged.
    """
    try:
        with olefile.OleFileIO(source.content) as container:
            said = container.get_metadata()
            document = container.openstream("WordDocument").read()
            version, flags = struct.unpack_from("<H", document, 2)[0], struct.unpack_from("<H", document, 10)[0]
            if flags & _ENCRYPTED:
                raise UnreadableDocument("The file is protected with a password.")
            if version < _WORD_97:
                raise UnsupportedMedia("Word files older than Word 97 are not supported: save it as .docx.")
            table = container.openstream("1Table" if flags & _TABLE_1 else "0Table").read()
        start, length = struct.unpack_from("<II", document, _FIB_CLX)
        text = "".join(_pieces(document, table[start : start + length]))
    except (OSError, struct.error, IndexError, ValueError) as error:
        raise UnreadableDocument("The file is truncated or damaged.") from error
    yield DocumentProperties(_said(said.title), _said(said.author), said.create_time)
    replaced = 1
    while replaced:
        text, replaced = _FIELD.subn(_field, text)
    yield from (Picture() for mark in _PICTURES for _ in range(text.count(mark)))
    yield from _blocks(text)


def _blocks(text: str) -> Iterator[Element]:
    """Paragraphs, and the cells between them: a cell ends with its mark, a row with one more."""
    cells: list[str] = []
    *marked, rest = text.split(_CELL)
    for part in marked:
        before, _, first = part.rpartition(_PARAGRAPH)
        if before.strip() and (not cells or not cells[-1]):
            yield from _table(cells)
            yield from _paragraphs(before)
            cells = [first]
        else:
            cells.append(part)
    yield from _table(cells)
    yield from _paragraphs(rest)


def _paragraphs(text: str) -> Iterator[Paragraph]:
    for paragraph in text.split(_PARAGRAPH):
        if written := paragraph.translate(_MARKS).strip("\n"):
            yield Paragraph(written)


def _table(cells: list[str]) -> Iterator[Paragraph | Table]:
    """Rows by the one width that puts an empty mark behind each; a line of its cells if they differ in width."""
    texts = [clean_line(cell.translate(_MARKS)) for cell in cells]
    for width in range(1, len(texts)):
        if not len(texts) % (width + 1) and not any(texts[width :: width + 1]):
            rows = [tuple(texts[start : start + width]) for start in range(0, len(texts), width + 1)]
            yield from tables_of(rows)
            return
    if any(texts):
        yield Paragraph(" | ".join(filter(None, texts)))


def _field(match: re.Match[str]) -> str:
    link = _LINK.match(match[1])
    return linked(match[2] or "", link[1] if link else None)


def _said(value: bytes | None) -> str | None:
    return value.decode("cp1252", "replace").strip("\x00 ") or None if value else None


def _pieces(document: bytes, clx: bytes) -> list[str]:
    offset = 0
    while clx[offset] == _PRC:
        offset += 3 + struct.unpack_from("<H", clx, offset + 1)[0]
    if clx[offset] != _PCDT:
        raise ValueError("no piece table")
    size = struct.unpack_from("<I", clx, offset + 1)[0]
    table = clx[offset + 5 : offset + 5 + size]
    count = (size - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", table)
    pieces = []
    for index in range(count):
        place = struct.unpack_from("<I", table, 4 * (count + 1) + 8 * index + 2)[0]
        length = bounds[index + 1] - bounds[index]
        if place & _COMPRESSED:
            begin = (place & ~_COMPRESSED) // 2
            pieces.append(document[begin : begin + length].decode("cp1252", errors="replace"))
        else:
            pieces.append(document[place : place + 2 * length].decode("utf-16-le", errors="replace"))
    return pieces
