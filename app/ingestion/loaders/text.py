"""Bytes to text, by the encoding that they are in, with a warning where that is a guess."""

import codecs
import re
from dataclasses import dataclass

from app.domain.reading import DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.loaders.encodings import guessed_encoding, is_within_ascii

_SAMPLE_BYTES = 128 * 1024
_MAX_GARBAGE = 0.1
# UTF-8 in which fewer than one in so many characters beyond ASCII is damaged is still UTF-8.
_DAMAGED_ONE_IN = 10
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Encodings for mail that switch character sets by escape sequences, in bytes that all are ASCII.
_ISO_2022 = re.compile(rb"\x1b\$[)(]?[@A-DG-J]|\x1b\([JI]")
_GARBAGE = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\x80-\x84\x86-\x9f\ufffd\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class DecodedText:
    text: str
    warnings: tuple[DocumentWarning, ...] = ()


def decode(content: bytes, *, declared: str | None = None) -> DecodedText:
    """Decode by byte order mark, UTF-8, `declared`, then statistics.

    Raises:
        UnreadableDocument: no encoding gives readable text.
    """
    decoded = _decoded(content, declared)
    refuse_garbage(decoded.text[:1_000_000])
    return decoded


def is_garbage(text: str) -> bool:
    """Whether text is mostly what a failed decoding leaves."""
    seen = len("".join(text.split()))
    return seen > 0 and len(_GARBAGE.findall(text)) > _MAX_GARBAGE * seen


def refuse_garbage(text: str) -> None:
    """
    Raises:
        UnreadableDocument: for garbage.
    """
    if is_garbage(text):
        raise UnreadableDocument("The file holds no readable text: most of it is not characters.")


def _decoded(content: bytes, declared: str | None) -> DecodedText:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _replacing(content, encoding)
    if b"\x00" not in content and not is_within_ascii(declared) and not _ISO_2022.search(content[:_SAMPLE_BYTES]):
        try:
            return DecodedText(content.decode())
        except UnicodeDecodeError:
            if _is_damaged_utf8(content):
                return _replacing(content, "utf-8")
    try:
        if declared:
            return DecodedText(content.decode(declared))
    except (UnicodeDecodeError, LookupError):
        pass
    return _guessed(content)


def _is_damaged_utf8(content: bytes) -> bool:
    damaged = content.decode(errors="replace").count("\ufffd")
    whole = sum(char > "\x7f" for char in content.decode(errors="ignore"))
    return damaged * _DAMAGED_ONE_IN <= whole


def _replacing(content: bytes, encoding: str) -> DecodedText:
    text = content.decode(encoding, errors="replace")
    damaged = text.count("\ufffd") - content.count("\ufffd".encode())
    if damaged <= 0:
        return DecodedText(text)
    message = f"{damaged} damaged characters were replaced." if damaged > 1 else "A damaged character was replaced."
    return DecodedText(text, (DocumentWarning(WarningKind.BYTES_REPLACED, message),))


def _guessed(content: bytes) -> DecodedText:
    found = guessed_encoding(content)
    if not found:
        raise UnreadableDocument("The text's encoding is not known; save the file as UTF-8.")
    encoding = codecs.lookup(found).name
    decoded = _replacing(content, encoding)
    if encoding.startswith("utf") or encoding == "ascii":
        return decoded
    guess = DocumentWarning(WarningKind.ENCODING_GUESSED, f"The text is taken to be in {found}.")
    return DecodedText(decoded.text, (guess, *decoded.warnings))
