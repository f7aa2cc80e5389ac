"""Bytes to text, by the encoding that they are in."""

import re

from charset_normalizer import from_bytes

from app.errors import UnreadableDocument

# Enough for charset detection; more only costs time.
_SAMPLE_BYTES = 128 * 1024
_MAX_GARBAGE = 0.1
_CENTRAL_EUROPEAN = frozenset({"Polish", "Czech", "Hungarian", "Slovak", "Slovene", "Croatian", "Romanian"})
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Which bytes of each four are mostly NUL.
_WIDE_BY_NULS = {
    "x000": "utf-32-le",
    "000x": "utf-32-be",
    "x0x0": "utf-16-le",
    "0x0x": "utf-16-be",
}

_GARBAGE = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffd\ue000-\uf8ff]")


def decode(content: bytes, *, declared: str | None = None) -> str:
    """Decode by byte order mark, UTF-8, the pattern of NULs, `declared`, then statistics.

    Raises:
        UnreadableDocument: no encoding gives text.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    wide = _unmarked_wide(content)
    if wide is not None:
        return wide
    for encoding in filter(None, ("utf-8", declared)):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode(_guess(content), errors="replace")


def _unmarked_wide(content: bytes) -> str | None:
    """Latin text in UTF-16 or UTF-32 without a mark shows as NULs at fixed places."""
    sample = content[: _SAMPLE_BYTES - _SAMPLE_BYTES % 4]
    nuls = "".join("0" if sample[place::4].count(0) * 4 > 0.7 * len(sample) else "x" for place in range(4))
    encoding = _WIDE_BY_NULS.get(nuls)
    if encoding is None:
        return None
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _guess(content: bytes) -> str:
    matches = from_bytes(content[:_SAMPLE_BYTES])
    best = matches.best()
    if best is None:
        raise UnreadableDocument("The text's encoding is not known; save the file as UTF-8.")
    # Windows' Western and Central European pages differ in few letters, so statistics often tie;
    # the Western one is the web's default, and a Central European language settles it otherwise.
    if best.encoding == "cp1250" and best.language not in _CENTRAL_EUROPEAN:
        return "cp1252"
    return best.encoding


def refuse_garbage(text: str) -> None:
    """Raise UnreadableDocument for text that is mostly what a failed decoding leaves."""
    seen = len("".join(text.split()))
    if seen and len(_GARBAGE.findall(text)) > _MAX_GARBAGE * seen:
        raise UnreadableDocument("The file holds no readable text: most of it is not characters.")
