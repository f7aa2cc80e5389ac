"""Lines to running text: hyphens of line breaking go, those of a word stay."""

import re
from collections.abc import Container

from app.ingestion.loaders.pdf_layout.words import SOFT

_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uff01-\uff60]")
_LAST_WORD = re.compile(r"[^\s(\[\"'“„]*$")
_FIRST_WORD = re.compile(r"\w+")
_HYPHEN = "-"
# Words that are joined to the next one by a hyphen, and endings that make them another word.
_JOINING = frozenset({"well", "half", "self"})
_ENDINGS = ("ish", "less", "ness")
_DASHES = ("-", "\u2013", "/")


def joined(left: str, right: str, known: Container[str]) -> str:
    """Two lines of a paragraph as one. `known` are words of the document, in lower case."""
    if left.endswith(SOFT):
        return left[:-1] + ("" if _is_break(left[:-1], right, known) else _HYPHEN) + right
    if left.endswith(_DASHES) and left[-2:-1].isalnum() and right[:1].isalnum():
        return left + right
    if left and right and _EAST_ASIAN.match(left[-1]) and _EAST_ASIAN.match(right[0]):
        return left + right
    return f"{left} {right}"


def without_soft(text: str, known: Container[str]) -> str:
    """Decide on the hyphens that stand within a text."""
    while SOFT in text:
        left, _, right = text.partition(SOFT)
        text = joined(left + SOFT, right.lstrip(), known) if right else f"{left}{_HYPHEN}"
    return text


def _is_break(left: str, right: str, known: Container[str]) -> bool:
    """Whether a hyphen at the end of a line is there only because the line ends."""
    match = _LAST_WORD.search(left)
    head = match[0] if match else ""
    tail_match = _FIRST_WORD.match(right)
    tail = tail_match[0] if tail_match else ""
    if not head or not tail or not tail[0].islower() or not head[-1].islower():
        return False
    if (head + tail).lower() in known:
        return True
    if f"{head}-{tail}".lower() in known:
        return False
    if head.lower() in _JOINING and not tail.startswith(_ENDINGS):
        return False
    return len(head) > 1 and _HYPHEN not in head and not any(map(str.isdigit, head))
