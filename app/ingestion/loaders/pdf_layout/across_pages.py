"""What goes on from one page to the next: a sentence becomes one passage, a table keeps its header."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from app.ingestion.document.model import PageStart, Paragraph, Table
from app.ingestion.loaders.pdf_layout.blocks import Block
from app.ingestion.loaders.pdf_layout.hyphens import joined
from app.ingestion.loaders.pdf_layout.words import SOFT

_ENDED = re.compile(r"[.!?:;…。！？][\"'”’»)\]\d^]*$")  # noqa: RUF001 - also full-width ones
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“‘«(\[]*[^\Wa-z_])|(?<=[。！？])")  # noqa: RUF001
_GOES_ON = re.compile(r"[a-zà-öø-ÿ(]|\d[\d.,]*\s+[a-zà-öø-ÿ]|[\u3040-\u30ff\u3400-\u9fff]")
_OPEN_END = (",", "-", "\u2013")
# Letters of a passage that is carried over: more is no sentence.
_LONGEST = 1500


class AcrossPages:
    """Takes the pages in order, and holds back a page's last paragraph until the next page is known."""

    def __init__(self) -> None:
        self._page: int | None = None
        self._held: Paragraph | None = None
        self._table: Table | None = None

    def page(self, number: int, blocks: Sequence[Block], known: Container[str]) -> Iterator[Block | PageStart]:
        rest = list(blocks)
        if rest and isinstance(rest[0], Paragraph) and self._held is not None and number == (self._page or 0) + 1:
            yield from self._carried(number, rest, known)
        yield from self.end()
        self._page = number
        yield PageStart(number)
        if rest and isinstance(rest[0], Table):
            rest[0] = self._continued(rest[0])
        self._table = rest[-1] if rest and isinstance(rest[-1], Table) else None
        if rest and isinstance(rest[-1], Paragraph):
            self._held = rest.pop()  # type: ignore[assignment] # it is one
        yield from rest

    def end(self) -> Iterator[Paragraph]:
        """What is held back, since nothing goes on with it."""
        if self._held is not None:
            yield self._held
            self._held = None

    def _carried(self, number: int, rest: list[Block], known: Container[str]) -> Iterator[Paragraph]:
        first = rest[0]
        assert self._held is not None
        assert isinstance(first, Paragraph)
        if not _goes_on(self._held.text, first.text):
            return
        before, opened = _cut(self._held.text, last=True)
        closing, after = _cut(first.text, last=False)
        if len(opened) + len(closing) > _LONGEST:
            return
        if before:
            yield Paragraph(before)
        if opened.endswith("-"):
            opened = opened[:-1] + SOFT
        yield Paragraph(joined(opened, closing, known), last_page=number)
        self._held = None
        rest[:1] = [Paragraph(after)] if after else []

    def _continued(self, table: Table) -> Table:
        before = self._table
        if before is None or not before.header or not table.rows:
            return table
        if table.header in {(), before.header} and len(table.rows[0]) == len(before.header[0]):
            return replace(table, header=before.header, continued=True)
        return table


def _goes_on(before: str, after: str) -> bool:
    before = before.rstrip()
    if _ENDED.search(before) or not before:
        return False
    return bool(_GOES_ON.match(after)) or before.endswith(_OPEN_END)


def _cut(text: str, *, last: bool) -> tuple[str, str]:
    """Cut a text before its last sentence or after its first one."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    at = (ends[-1] if last else ends[0]) if ends else (0 if last else len(text))
    return text[:at].rstrip(), text[at:].lstrip()
