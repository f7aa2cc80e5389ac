"""A page's words to elements: tables in their place, columns in their order, lines gathered into paragraphs."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from statistics import median

from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Heading, ListItem, Paragraph, Table
from app.ingestion.document.model import Row as Cells
from app.ingestion.document.tables import tables_of
from app.ingestion.loaders.pdf_layout.columns import text_columns
from app.ingestion.loaders.pdf_layout.hyphens import joined, without_soft
from app.ingestion.loaders.pdf_layout.regions import Columns, Grid, TextRows, regions
from app.ingestion.loaders.pdf_layout.rows import Row, rows_of
from app.ingestion.loaders.pdf_layout.ruled import RuledTable
from app.ingestion.loaders.pdf_layout.words import OVERLAID, SOFT, PageText, PageWord

Block = Heading | ListItem | Paragraph | Table

_BULLET = re.compile(r"[•▪‣◦●○■□➢✓☐☑\u2013*-]\s+(?=\S)")
_NUMBERED = re.compile(r"(?:\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\d{1,2}(?:\.\d{1,2}){1,4}\.?)\s+\S")
# Dots that lead the eye from an entry to its page.
_LEADERS = re.compile(r"(?:\s?\.){4,}\s?")
_GOES_ON = re.compile(r"[a-z\u00df-\u00f6\u00f8-\u00ff]{2}")
# Of a column's width: a line that ends nearer to its edge goes on in the next one.
_SHORT = 0.14
# In heights of a line.
_LOOSE, _INDENT, _DOUBLE = 0.5, 0.8, 1.2
# Of the height of the document's running text.
_LARGE, _LARGER, _LARGEST = 1.2, 1.45, 1.8
_LONGEST_HEADING = 120
_LABEL = 80
_MOST_HEADINGS = 2


@dataclass(slots=True)
class Style:
    """What a document's pages have in common. `height` is that of its running text, `known` are its words.

    `titles` are the headings of the page at hand by their text, if the document has an outline.
    """

    height: float
    known: Container[str]
    outlined: bool = False
    titles: dict[str, tuple[int, str]] = field(default_factory=dict)


def page_blocks(page: PageText, tables: Iterable[RuledTable], style: Style) -> Iterator[Block]:
    words = list(page.words)
    for table in tables:
        inside = {id(word) for row in table.places for cell in row for word in cell}
        words = [word for word in words if id(word) not in inside]
        elements = list(_ruled(table, style))
        stand_in = PageWord("", table.left, table.top, table.right, table.top + 1, table=elements)
        words.insert(next((n for n, word in enumerate(words) if word.top > table.top), len(words)), stand_in)
    groups = (_group_blocks(group, style) for group in text_columns(words, page.width))
    yield from _with_fewer_headings(chain.from_iterable(groups))
    if page.sideways:
        yield Paragraph(without_soft(" ".join(each.text for each in page.sideways), style.known))


def _with_fewer_headings(blocks: Iterable[Block]) -> Iterator[Block]:
    """A heading over several lines is one; large lines that follow each other, as on a cover, are no headings."""
    run: list[Heading] = []
    for block in chain(blocks, [None]):
        if isinstance(block, Heading):
            if run and run[-1].level == block.level and len(run[-1].text) + len(block.text) < _LONGEST_HEADING:
                run[-1] = Heading(block.level, f"{run[-1].text} {block.text}")
            else:
                run.append(block)
            continue
        yield from run[:1]
        yield from run[1:] if len(run) <= _MOST_HEADINGS else (Paragraph(each.text) for each in run[1:])
        run = []
        if block is not None:
            yield block


def _group_blocks(words: Sequence[PageWord], style: Style) -> Iterator[Block]:
    rows: list[Row] = []
    for row in rows_of(words):
        tables = [word.table for segment in row.segments for word in segment.words if word.table is not None]
        if tables:
            yield from _row_blocks(rows, style)
            rows = []
            for table in tables:
                yield from table
        else:
            rows.append(row)
    yield from _row_blocks(rows, style)


def _row_blocks(rows: Sequence[Row], style: Style) -> Iterator[Block]:
    for region in regions(rows) if rows else ():
        match region:
            case TextRows(lines):
                yield from _paragraphs(lines, style)
            case Columns(columns):
                for column in columns:
                    yield from _group_blocks(column, style)
            case Grid(cells=cells):
                yield from _grid(cells, style)


def _ruled(table: RuledTable, style: Style) -> Iterator[Table | Paragraph]:
    rows: list[Cells] = []
    notes: set[int] = set()
    for places in table.places:
        texts = []
        for cell in places:
            text = _cell_text(cell, style) if id(cell) not in notes else ""
            if len(text) > _LABEL:
                # A note in a merged cell is no label of all that it covers.
                notes.add(id(cell))
            texts.append(text)
        rows.append(tuple(texts))
    yield from tables_of(rows, joined=table.joined)


def _cell_text(words: Sequence[PageWord], style: Style) -> str:
    text = ""
    for row in rows_of(words):
        text = joined(text, row.text, style.known) if text else row.text
    return clean_line(_LEADERS.sub(" … ", without_soft(text, style.known)))


def _grid(rows: Sequence[Cells], style: Style) -> Iterator[Table | Paragraph]:
    """Rows above the first with a label are the header; without such, it is found as in any table."""
    texts = [
        tuple(clean_line(_LEADERS.sub(" … ", without_soft(cell, style.known))) for cell in row) for row in rows
    ]
    depth = next((n for n, row in enumerate(texts) if row[0]), 0)
    yield from tables_of(_spread(texts, depth), header=depth or None)


def _spread(rows: Sequence[Cells], depth: int) -> list[Cells]:
    """Let the texts of a header row stand above all the columns that they head, if they divide evenly."""
    spread = list(rows)
    columns = len(rows[0]) - 1
    for number, row in enumerate(rows[:depth]):
        said = [cell for cell in row[1:] if cell]
        if 1 < len(said) < columns and columns % len(said) == 0:
            each = columns // len(said)
            spread[number] = (row[0], *(text for text in said for _ in range(each)))
    return spread


def _paragraphs(rows: Sequence[Row], style: Style) -> Iterator[Block]:
    left, right = min(row.left for row in rows), max(row.right for row in rows)
    gaps = [after.top - before.bottom for before, after in pairwise(rows)]
    usual = median(gaps) if gaps else 0.0
    text = ""
    before: Row | None = None
    for row in rows:
        level = _heading_level(row, style)
        starts = before is None or _starts(row, before, usual, (left, right))
        if level or starts or not text:
            if text:
                yield _block(text, style)
            text = ""
        if level:
            yield Heading(level, without_soft(row.text, style.known))
            before = None
            continue
        if not text:
            text = row.text
        elif before is not None and (_is_full(before, left, right) or _is_cut(text) or _GOES_ON.match(row.text)):
            text = joined(text, row.text, style.known)
        else:
            text = f"{text}\n{row.text}"
        before = row
    if text:
        yield _block(text, style)


def _starts(row: Row, before: Row, usual: float, column: tuple[float, float]) -> bool:
    """Whether a row begins a paragraph: by its distance, its mark, or its indent."""
    if row.top - before.bottom > min(max(usual, 0.0), _DOUBLE * row.height) + _LOOSE * row.height:
        return True
    text = row.text
    if _BULLET.match(text) or (_NUMBERED.match(text) and not _is_full(before, *column)):
        return True
    return row.left > before.left + _INDENT * row.height and _is_full(before, *column) and not _is_item(before.text)


def _is_item(text: str) -> bool:
    return bool(_BULLET.match(text) or _NUMBERED.match(text))


def _is_full(row: Row, left: float, right: float) -> bool:
    return row.right >= right - _SHORT * (right - left)


def _is_cut(text: str) -> bool:
    """Whether a line ends within a word."""
    return text.endswith(SOFT) or (text.endswith(("-", "\u2013", "/")) and text[-2:-1].isalnum())


def _heading_level(row: Row, style: Style) -> int:
    text = row.text
    if style.outlined:
        return style.titles.pop(title_key(text), (0, ""))[0]
    heights = [word.height for each in row.segments for word in each.words if word.place < OVERLAID]
    ratio = median(heights) / style.height if style.height and heights else 0.0
    if ratio < _LARGE or len(text) > _LONGEST_HEADING or not any(map(str.isalpha, text)):
        return 0
    return 1 if ratio >= _LARGEST else 2 if ratio >= _LARGER else 3


def title_key(text: str) -> str:
    """A heading's text without its number, to be found in the outline."""
    words = re.sub(r"^[\dIVX.\s]+(?=\D)", "", text).split() or text.split()
    return " ".join(words).lower()


def _block(text: str, style: Style) -> Block:
    text = _LEADERS.sub(" … ", without_soft(text, style.known))
    bullet = _BULLET.match(text)
    if bullet and text[0] not in "☐☑":
        return ListItem(text[bullet.end() :])
    return Paragraph(text)
