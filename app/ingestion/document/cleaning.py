"""Text to what may be stored: normalised, printable, free of payloads."""

import re
import unicodedata

# The shortest base64 that is taken for a payload.
_PAYLOAD = 180
_DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*,[^\s\"'<>)\]]*", re.IGNORECASE)
_BASE64_RUN = re.compile(
    r"(?<![A-Za-z0-9+/])(?:(?:[A-Za-z0-9+/]{60,76}+\n){3,}[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9+/]{400,}+={0,2})"
)
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028]")
_PARAGRAPH_END = re.compile(r"\u2029")
# Ligatures and Arabic presentation forms are glyphs, not letters: nobody types them in a question.
_GLYPH_FORMS = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdfb\ufe70-\ufefc]")
# Controls, soft hyphen, zero-width space and joiner, bidi marks, byte order mark, noncharacters.
# ZWNJ and ZWJ stay: Persian, the Indic scripts and emoji spell with them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*+\n){2,}")
# From the beginning of a run of blanks alone, so that the time does not grow with the square of a run.
_TRAILING = re.compile(r"(?<![ \t])[ \t]++\n")


def clean(text: str) -> str:
    """Make text storable: NFC, printable, lines ended by line feeds, no data URIs and no base64 payloads."""
    if len(text) < _PAYLOAD and text.isascii() and text.isprintable() and "data:" not in text.lower():
        return text
    text = _LINE_END.sub("\n", _PARAGRAPH_END.sub("\n\n", text))
    if "data:" in text or "DATA:" in text:
        text = _DATA_URI.sub("", text)
    text = _BASE64_RUN.sub(_drop_payload, text)
    text = _SURROGATE.sub("\ufffd", text)
    text = _GLYPH_FORMS.sub(lambda form: unicodedata.normalize("NFKC", form[0]), text)
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("\n", text)).strip("\n")


def _drop_payload(match: re.Match[str]) -> str:
    run = match[0]
    mixed = any(map(str.isdigit, run)) and any(map(str.islower, run)) and any(map(str.isupper, run))
    return "" if mixed else run


def clean_line(text: str) -> str:
    """The same on one line, with single spaces."""
    return " ".join(clean(text).split())
