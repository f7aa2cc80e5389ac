"""Files that are embedded in Office files, mostly inside a compound file of their own."""

import struct
from pathlib import PurePath, PureWindowsPath

import olefile

from app.ingestion.document.model import Attachment

_NATIVE = "\x01Ole10Native"
_WHOLE = ("Package", "CONTENTS")
_BEFORE_NAMES = 6
_BROKEN = (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error)


def unpacked(part: str, content: bytes) -> Attachment:
    """The embedded file under its own name, or what is there under the part's name."""
    name = PurePath(part).name
    if content.startswith(olefile.MAGIC):
        try:
            with olefile.OleFileIO(content) as container:
                for stream in filter(container.exists, _WHOLE):
                    return Attachment(name, container.openstream(stream).read())
                if container.exists(_NATIVE):
                    return _native(name, container.openstream(_NATIVE).read())
        except _BROKEN:
            return Attachment(name, content)
    return Attachment(name, content)


def _native(part: str, stream: bytes) -> Attachment:
    """A stream of [MS-OLEDS] 2.3.6 as the packager writes it: two names, a path by its length, the file by its."""
    label_end = stream.index(0, _BEFORE_NAMES)
    name_end = stream.index(0, label_end + 1)
    path_length = struct.unpack_from("<I", stream, name_end + 5)[0]
    start = name_end + 9 + path_length
    size = struct.unpack_from("<I", stream, start)[0]
    label = stream[_BEFORE_NAMES:label_end].decode("cp1252", "replace")
    return Attachment(PureWindowsPath(label).name or part, stream[start + 4 : start + 4 + size])
