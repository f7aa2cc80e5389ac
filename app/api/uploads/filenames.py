"""Names of uploaded files, in every way in which clients spell them."""

import re
import unicodedata
from binascii import Error
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes

from app.errors import InvalidInput

_LONGEST = 255
# RFC 2047: =?utf-8?B?4oKs?=
_ENCODED_WORD = re.compile(r"=\?[\w-]+\?[BbQq]\?[^?\s]*\?=")
# RFC 5987: filename*=UTF-8''%e2%82%ac.txt
_EXTENDED = re.compile(rb";\s*filename\*\s*=\s*\"?([\w-]+)'[^']*'([^;\s\"]+)", re.IGNORECASE)
# Control characters, halves of surrogate pairs, separators of lines and paragraphs.
_UNUSABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def filename_of(sent: str | None) -> str:
    """Return the name to store: a relative path, which says where a file belongs, or the end of an absolute one.

    Spaces that do not break, soft hyphens and marks of direction stay: macOS and word processors write them.

    Raises:
        InvalidInput: no name, one that is too long, or one with control characters.
    """
    path = PurePosixPath(_decoded(sent or "").replace("\\", "/").strip())
    drive = bool(path.parts) and path.parts[0].endswith(":")
    name = path.name if path.is_absolute() or drive or ".." in path.parts else str(path)
    unusable = any(unicodedata.category(char) in _UNUSABLE for char in name)
    if path.name in {"", ".."} or len(name) > _LONGEST or unusable:
        raise InvalidInput(
            f"files: each needs a name of 1 to {_LONGEST} characters, none of them a control character."
        )
    return name


def with_plain_filename(disposition: bytes) -> bytes:
    """A Content-Disposition whose `filename*` is its `filename`, since the form's parser knows only that."""
    extended = _EXTENDED.search(disposition)
    if extended is None:
        return disposition
    try:
        name = unquote_to_bytes(extended[2]).decode(extended[1].decode("ascii"))
    except (LookupError, UnicodeDecodeError):
        return disposition
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return disposition + f'; filename="{escaped}"'.encode()


def _decoded(name: str) -> str:
    if not _ENCODED_WORD.search(name):
        return name
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, UnicodeDecodeError, Error):
        return name
