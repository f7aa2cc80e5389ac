"""Text of Word 97-2003 files by their piece table, as [MS-DOC] 2.4.1 describes."""

import re
import struct

import olefile

from app.errors import UnreadableDocument, UnsupportedMedia

_WORD_97 = 193
_ENCRYPTED, _TABLE_1 = 0x0100, 0x0200
_FIB_CLX = 0x01A2  # fcClx and lcbClx within FibRgFcLcb97
_PRC, _PCDT = 1, 2
_COMPRESSED = 1 << 30
_MARKS = {0x07: "\t", 0x0B: "\n", 0x0C: "\n\n", 0x0D: "\n\n", 0x1E: "-", 0x1F: "", 0xA0: " ", 0x01: "", 0x08: ""}
# Field codes stand between 0x13 and 0x14; what the reader sees follows, up to 0x15.
_FIELD_CODE = re.compile("\x13[^\x13\x14\x15]*(?:\x14|(?=\x15))")


def read_word97(content: bytes) -> str:
    """Return the text of the body, notes, headers and text boxes.

    Raises:
        UnsupportedMedia: older than Word 97.
        UnreadableDocument: protected or damaged.
    """
    try:
        with olefile.OleFileIO(content) as container:
            document = container.openstream("WordDocument").read()
            version, flags = struct.unpack_from("<H", document, 2)[0], struct.unpack_from("<H", document, 10)[0]
            if flags & _ENCRYPTED:
                raise UnreadableDocument("The file is protected with a password.")
            if version < _WORD_97:
                raise UnsupportedMedia("Word files older than Word 97 are not supported: save it as .docx.")
            table = container.openstream("1Table" if flags & _TABLE_1 else "0Table").read()
        start, length = struct.unpack_from("<II", document, _FIB_CLX)
        pieces = _pieces(document, table[start : start + length])
    except (OSError, struct.error, IndexError, ValueError) as error:
        raise UnreadableDocument("The file is truncated or damaged.") from error
    text, replaced = "".join(pieces), 1
    while replaced:
        text, replaced = _FIELD_CODE.subn("", text)
    return text.translate({0x13: "", 0x14: "", 0x15: ""}).translate(_MARKS)


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
