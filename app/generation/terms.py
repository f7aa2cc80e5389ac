"""Splits text into terms and sentences, to compare questions, passages and answers without a model."""

import re
import unicodedata

# Truncation is a stemmer that needs no language; six characters keep `international` and `internet` apart.
_STEM = 6
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+")
# Scripts written without spaces: Thai to Khmer, kana, Han and Hangul.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# A full stop ends a sentence before white space; the full-width ones and a line's end do so at once.
_BREAK = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - full-width on purpose
_STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are aren as at be because been before being below
    between both but by can cannot could couldn did didn do does doesn doing don down during each either
    else few for from further get had hadn has hasn have haven having he her here hers him his how however i
    if in into is isn it its itself just know let like many may me might more most much must my no nor not
    now of off on once one only or other our out over own please same shall she should so some such tell
    than that the their them then there these they this those through to too under until up us use used
    using very via was wasn we were weren what when where whether which while who whom whose why will with
    would yes yet you your
    """.split()  # noqa: SIM905 - a list of words reads better than 150 literals
)


def terms(text: str) -> list[str]:
    """Return the words that carry meaning, folded and stemmed; pairs of characters in scripts without spaces."""
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower()):
        if _UNSPACED.search(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif word[0].isdigit():
            found.append(word.replace(",", ""))
        elif len(word) > 1 and word not in _STOP_WORDS:
            found.append(_stem(word))
    return found


def is_unspaced(text: str) -> bool:
    """Whether some of a text is in a script written without spaces."""
    return bool(_UNSPACED.search(text))


def content_words(text: str) -> list[str]:
    """Return the words that carry meaning, as they are written, each once."""
    words = {word.lower(): word for word in reversed(_WORD.findall(text)) if word.lower() not in _STOP_WORDS}
    return list(reversed(words.values()))


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text. Joined, they are the text."""
    found, start = [], 0
    for gap in _BREAK.finditer(text):
        if text[start : gap.end()].strip():
            found.append(text[start : gap.end()])
            start = gap.end()
    return [*found, text[start:]] if text[start:] else found


def _stem(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):  # noqa: PLR2004
        word = word[:-1]
    return word[:_STEM]
