"""The encoding that a file names, and the one that it is most likely in."""

import codecs
import re
import unicodedata
from math import inf

import chardet

# Enough for the detection of an encoding; more only costs time.
_SAMPLE_BYTES = 128 * 1024
_DECLARED_WITHIN = 4096
_DECLARED = re.compile(rb"""(?:<\?xml[^>]*?\sencoding|charset)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
# Encodings whose bytes all are ASCII, so that they pass for UTF-8: they are what they are declared to be.
_WITHIN_ASCII = frozenset({"utf-7", "hz"})
# Of Western European text by Windows, by DOS and by the Mac: statistics take a few letters of it for anything.
_WESTERN = ("cp1252", "cp850", "mac-roman")
_LATIN_LETTER = re.compile(r"LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE)")
_LETTER = r"[^\W\d_]"
# What is not ASCII beside a letter that is.
_IN_WORD = re.compile(r"(?<=[a-zA-Z])[^\x00-\x7f\s]|[^\x00-\x7f\s](?=[a-zA-Z])")
_UPPER_WITHIN = re.compile(rf"(?<=[a-z])(?=[^\x00-\x7f]){_LETTER}(?=[a-z])")
_APOSTROPHES = frozenset("\u00b4\u2032")
_PUNCTUATION = frozenset({"Pi", "Pf", "Pd", "Po"})


def declared_encoding(content: bytes) -> str | None:
    """The encoding that an XML declaration or a page's `meta` element names."""
    found = _DECLARED.search(content[:_DECLARED_WITHIN])
    return found[1].decode("ascii") if found else None


def is_within_ascii(encoding: str | None) -> bool:
    """Whether its bytes all are ASCII, so that text in it also passes for UTF-8."""
    try:
        return codecs.lookup(encoding or "utf-8").name in _WITHIN_ASCII
    except LookupError:
        return False


def guessed_encoding(content: bytes) -> str | None:
    """The likeliest encoding by statistics; for Western text by how its words look, if those look strange."""
    sample = content[:_SAMPLE_BYTES]
    found = chardet.detect(sample)["encoding"]
    text = _read(sample, found) if found else None
    several_bytes = text is None or len(text) < len(sample)
    if text is None or several_bytes or not _is_mostly_ascii(text) or not _strangeness(text):
        return found
    readings = ((name, _read(sample, name)) for name in (found or "", *_WESTERN))
    return min(readings, key=lambda reading: inf if reading[1] is None else _strangeness(reading[1]))[0]


def _read(sample: bytes, encoding: str) -> str | None:
    """The sample's text; None if it cannot be in this encoding. Its last character may be cut."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except (UnicodeDecodeError, LookupError):
        return None


def _is_mostly_ascii(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(map(str.isascii, letters)) > len(letters)


def _strangeness(text: str) -> int:
    """How many characters stand within words of Latin letters that no such word has there."""
    foreign = [match[0] for match in _IN_WORD.finditer(text) if not _belongs(match[0])]
    return len(foreign) + sum(match[0].isupper() for match in _UPPER_WITHIN.finditer(text))


def _belongs(char: str) -> bool:
    """Whether a character may stand beside a letter of ASCII: another Latin letter, or a mark around words."""
    if char in _APOSTROPHES or unicodedata.category(char) in _PUNCTUATION:
        return True
    return bool(_LATIN_LETTER.match(unicodedata.name(char, "")))
