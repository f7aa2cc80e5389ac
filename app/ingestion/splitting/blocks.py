"""A section's text as units that a chunk may end after: sentences, rows, records, list items, lines."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.ingestion.document.model import Body, Lines, ListItem, Section, Table
from app.ingestion.document.sections import table_text, written
from app.ingestion.splitting.wide_rows import narrowed

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
    """The span of a paragraph ("text"), a table, records ("lines") or code.

    `header` is what each chunk with a row of a table says first; `whole`: no cut falls within, if a chunk can hold
    it; `begun`: the header stands in an earlier block.
    """

    start: int
    end: int
    kind: str
    header: str = ""
    whole: bool = False
    begun: bool = False


def blocks_of(section: Section, budget: int, count: Callable[[str], int]) -> tuple[str, list[Block]]:
    """A section's text as it is cut, and its blocks: by what the text was written from where that is known.

    Rows wider than `budget` tokens are written as several narrower ones. `count` gives the tokens of a text.
    """
    if not section.blocks:
        return section.text, list(blocks(section.text))
    bodies: list[Body] = []
    for body in section.blocks:
        bodies.extend(narrowed(body, budget, count) if isinstance(body, Table) else [body])
    text, spans = written(bodies)
    found: list[Block] = []
    for start, end, body in spans:
        match body:
            case Table(rows, header, _, continued):
                head = table_text(header)
                found.append(Block(start, end, "table", head, whole=len(rows) == 1, begun=continued))
            case Lines(_, language):
                found.append(Block(start, end, "lines" if language is None else "code"))
            case ListItem() if found and found[-1].kind == "list":
                found[-1].end = end
            case ListItem():
                found.append(Block(start, end, "list"))
            case _:
                found.append(Block(start, end, "text"))
    return text, found


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
            header = line.strip() if kind == "table" else ""
            current = Block(begin, position, kind, header)
    if current is not None:
        yield current


def units(text: str, block: Block) -> list[Unit]:
    """Cut a block. The spans cover all of it but white space."""
    prose = block.kind in ("text", "list")
    ends = _sentence_ends(text, block) if prose else _line_ends(text, block)
    cut: list[Unit] = []
    start = block.start
    for end in [*ends, block.end]:
        span = text[start:end]
        if span.strip():
            indent = len(span) - len(span.lstrip()) if prose else 0
            cut.append(Unit(start + indent, end, opens=not cut))
            start = end
    if block.kind == "table":
        _repeat_header(block, cut)
    elif block.kind == "code":
        first = text[block.start : block.end].split("\n", 1)[0].strip()
        fence = (_FENCE.match(first) or [None, "```"])[1] or "```"
        for unit in cut[1:]:
            unit.repeats = first
        for unit in cut[:-1]:
            unit.closes = fence
    return cut


def _repeat_header(block: Block, cut: list[Unit]) -> None:
    lines = 0 if block.begun or not block.header else block.header.count("\n") + 1
    for unit in cut[lines:]:
        unit.repeats = block.header


def _line_ends(text: str, block: Block) -> list[int]:
    return [match.end() for match in _LINE_END.finditer(text, block.start, block.end)]


def _sentence_ends(text: str, block: Block) -> list[int]:
    return [
        match.end()
        for match in _SENTENCE_END.finditer(text, block.start, block.end)
        if text[match.start()] != "."
        or not _ABBREVIATION.search(text[max(block.start, match.start() - _ABBREVIATION_LETTERS) : match.start()])
    ]
