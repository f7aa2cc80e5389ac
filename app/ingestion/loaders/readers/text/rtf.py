"""RTF on striprtf, which leaves out headers, footers and notes unless they are made part of the text first."""

import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from app.ingestion.document.model import Element, Paragraph, Row
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.text.plain import paragraphs
from app.ingestion.loaders.text import refuse_garbage

_ASIDE = re.compile(r"\{\\(header|footer|footnote|annotation)[lrf]?(?![a-z])")


def read(source: Source) -> Iterator[Element]:
    marked = _ASIDE.sub(_shown, source.content.decode("latin-1"))
    text = rtf_to_text(marked, errors="replace")  # type: ignore[no-untyped-call]  # the library has no types
    refuse_garbage(text)
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
        yield Paragraph(block.text)


def _shown(found: re.Match[str]) -> str:
    return "{\\par [Note] " if found[1] == "footnote" else "{\\par "
