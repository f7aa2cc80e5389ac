"""RTF on striprtf, which leaves out headers, footers and notes unless they are made part of the text first."""

import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from app.ingestion.document.model import Element, Paragraph, Row
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.text.plain import paragraphs
from app.ingestion.loaders.text import refuse_garbage

_ASIDE = re.compile(r"\{(?:\\\*)?\\(header|footer|footnote|annotation)[lrf]?(?![a-z])")
_PARAGRAPH_END = re.compile(r"\\par(?![a-z])")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_LABELS = {"footnote": "[Note] ", "annotation": "[Comment] "}
# The mark of a note is raised too, but it has no text here.
_RAISED = re.compile(r"\\super(?![a-z0-9]) ?(?!\s*\\chftn)")
# What the library writes for a link.
_LINK = re.compile(r'\("([^"()\s]+)"\)')


def read(source: Source) -> Iterator[Element]:
    marked = _RAISED.sub(r"\\super ^", _shown_beside(source.content.decode("latin-1")))
    text = rtf_to_text(marked, errors="replace")  # type: ignore[no-untyped-call]  # the library has no types
    refuse_garbage(text)
    text = _LINK.sub(r" <\1>", text)
    rows: list[Row] = []
    prose: list[str] = []
    for line in text.split("\n"):
        if line.endswith("|") and line.count("|") > 1:  # the library ends each cell so
            yield from _prose(prose)
            prose = []
            rows.append(tuple(cell.strip() for cell in line[:-1].split("|")))
            continue
        if rows:
            yield from tables_of(rows)
            rows = []
        prose.append(line)
    yield from tables_of(rows)
    yield from _prose(prose)


def _prose(lines: list[str]) -> Iterator[Element]:
    """A line of RTF's text is a paragraph."""
    for block in paragraphs("\n\n".join(lines)):
        yield Paragraph(block.text.strip())


def _shown_beside(source: str) -> str:
    """Make notes, comments, headers and footers paragraphs of their own, behind the one in which they stand."""
    parts: list[str] = []
    waiting: list[str] = []
    position = 0
    while aside := _ASIDE.search(source, position):
        end = _group_end(source, aside.end())
        parts += [*_flushed(source[position : aside.start()], waiting), "{}"]
        said = f"{{\\par {_LABELS.get(aside[1], '')}{source[aside.end() : end]}\\par "
        (waiting if aside[1] in _LABELS else parts).append(said)
        position = end
    parts += _flushed(source[position:], waiting)
    before, brace, after = parts.pop().rpartition("}")
    return "".join([*parts, before, *waiting, brace, after])


def _flushed(text: str, waiting: list[str]) -> list[str]:
    """The text with what waits behind the first end of a paragraph in it."""
    found = _PARAGRAPH_END.search(text)
    if not waiting or found is None:
        return [text]
    beside = "".join(waiting)
    waiting.clear()
    return [text[: found.end()], beside, text[found.end() :]]


def _group_end(source: str, position: int) -> int:
    """The end of the group that was opened before a position."""
    depth = 1
    for brace in _BRACE.finditer(source, position):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return brace.end()
    return len(source)
