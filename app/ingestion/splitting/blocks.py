"""A section's text as units that a chunk may end after: sentences, table rows, list items, lines of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,}).*$")
_BLANK = re.compile(r"[ \t]*")
_ROW = "|"
# One leading class keeps the search fast, and no second stop within a run keeps it linear.
_SENTENCE_END = re.compile(
    r"[.!?…。！？｡।॥؟۔\n](?:"  # noqa: RUF001
    r"(?<=[.!?…])(?<![.!?…]{2})[.!?…]*+[\"'”’»)\]]*+(?=\s+[\"'“‘«(\[]*[^\Wa-z_])"  # noqa: RUF001
    r"|(?<=[。！？｡])[。！？｡]*+[」』”’）)]*+"  # noqa: RUF001
    r"|(?<=[।॥؟۔])"  # noqa: RUF001
    r"|(?<=\n)(?=[ \t]*(?:[-*•‣◦]|\d{1,3}[.)])\s))"
)
_ABBREVIATION = re.compile(r"(?:^|\W)(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|No|vs|Fig|Inc|Eq|al)$")
_ABBREVIATION_LETTERS = 5
_LINE_END = re.compile(r"\n")


@dataclass(slots=True)
class Unit:
    """The span `start:end` of the text. A chunk begun by it repeats `repeats`; one ended by it adds `closes`."""

    start: int
    end: int
    opens: bool = False
    repeats: str = ""
    closes: str = ""


@dataclass(slots=True)
class Block:
    start: int
    end: int
    kind: str


def blocks(text: str) -> Iterator[Block]:
    """Paragraphs, tables and fenced code, in order; blank lines belong to none."""
    current: Block | None = None
    fence = ""
    position = 0
    for line in text.splitlines(keepends=True):
        begin, position = position, position + len(line)
        match = _FENCE.match(line)
        if fence and current is not None:
            current.end = position
            if match and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                yield current
                current, fence = None, ""
            continue
        if match:
            kind, fence = "code", match[1]
        elif _BLANK.fullmatch(line.rstrip("\n")):
            kind = ""
        else:
            kind = "table" if line.startswith(_ROW) else "text"
        if current is not None and current.kind != kind:
            yield current
            current = None
        if current is not None:
            current.end = position
        elif kind:
            current = Block(begin, position, kind)
    if current is not None:
        yield current


def units(text: str, block: Block) -> list[Unit]:
    """Cut a block. The spans cover all of it but white space."""
    ends = _sentence_ends(text, block) if block.kind == "text" else _line_ends(text, block)
    cut: list[Unit] = []
    start = block.start
    for end in [*ends, block.end]:
        span = text[start:end]
        if span.strip():
            indent = len(span) - len(span.lstrip()) if block.kind == "text" else 0
            cut.append(Unit(start + indent, end, opens=not cut))
            start = end
    first = text[block.start : block.end].split("\n", 1)[0].strip()
    for unit in cut[1:]:
        if block.kind != "text":
            unit.repeats = first
    if block.kind == "code":
        for unit in cut[:-1]:
            unit.closes = (_FENCE.match(first) or [None, "```"])[1] or "```"
    return cut


def _line_ends(text: str, block: Block) -> list[int]:
    return [match.end() for match in _LINE_END.finditer(text, block.start, block.end)]


def _sentence_ends(text: str, block: Block) -> list[int]:
    return [
        match.end()
        for match in _SENTENCE_END.finditer(text, block.start, block.end)
        if text[match.start()] != "."
        or not _ABBREVIATION.search(text[max(block.start, match.start() - _ABBREVIATION_LETTERS) : match.start()])
    ]
