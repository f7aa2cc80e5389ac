"""Elements to text: the sections that the splitter receives."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.ingestion.document.cleaning import clean, clean_line
from app.ingestion.document.model import (
    Body,
    Comment,
    Heading,
    Lines,
    ListItem,
    Note,
    PageStart,
    Paragraph,
    Picture,
    Row,
    ScannedPage,
    Section,
    Table,
)

HEADING_SEPARATOR = " > "
# Characters after which a section ends though its page and heading go on, so that memory does not grow with a file.
_LONG = 200_000


def sections_of(elements: Iterable[Body | PageStart | Picture | ScannedPage]) -> Iterator[Section]:
    """Gather elements into sections: a page, a heading, a picture and a paragraph over two pages each begin one."""
    gathering = _Gathering()
    for element in elements:
        yield from gathering.add(element)
    yield from gathering.flush()


class _Gathering:
    """The blocks of a section in the making, and where it stands."""

    def __init__(self) -> None:
        self._path: list[Heading] = []
        self._page: int | None = None
        self._blocks: list[Body] = []
        self._size = 0

    def add(self, element: Body | PageStart | Picture | ScannedPage) -> Iterator[Section]:
        match element:
            case PageStart(number):
                if number != self._page:
                    yield from self.flush()
                self._page = number
            case Heading():
                yield from self.flush()
                self._enter(element)
            case Picture() | ScannedPage():
                yield from self.flush()
                yield Section("", self._page, self._heading(), picture=element)
            case Paragraph(last_page=int(last_page)):
                yield from self.flush()
                self._blocks.append(element)
                yield from self.flush(last_page)
            case _:
                self._blocks.append(_cleaned(element))
                self._size += _size(self._blocks[-1])
                if self._size > _LONG:
                    yield from self.flush()

    def flush(self, last_page: int | None = None) -> Iterator[Section]:
        text = text_of(self._blocks)
        if text.strip():
            yield Section(text, self._page, self._heading(), last_page, tuple(self._blocks))
        self._blocks.clear()
        self._size = 0

    def _enter(self, heading: Heading) -> None:
        self._path = [step for step in self._path if step.level < heading.level]
        if title := clean_line(heading.text):
            self._path.append(Heading(heading.level, title))
            self._blocks += self._path[-1:] if heading.shown else []

    def _heading(self) -> str | None:
        return HEADING_SEPARATOR.join(step.text for step in self._path) or None


def text_of(blocks: Iterable[Body]) -> str:
    """Blocks as text: a blank line between them, but none between the items of a list."""
    return written(blocks)[0]


def written(blocks: Iterable[Body]) -> tuple[str, list[tuple[int, int, Body]]]:
    """Blocks as text, and where each stands in it; one without text stands nowhere."""
    parts: list[str] = []
    spans: list[tuple[int, int, Body]] = []
    length = 0
    before: Body | None = None
    for block in blocks:
        text = _block_text(block)
        if not text.strip():
            continue
        if before is not None:
            in_list = isinstance(block, ListItem) and isinstance(before, ListItem)
            goes_on = isinstance(block, Table) and block.continued and isinstance(before, Table)
            parts.append("\n" if in_list or goes_on else "\n\n")
            length += len(parts[-1])
            if goes_on and isinstance(block, Table):
                text = table_text(block.rows)
            elif isinstance(block, Table):
                block = replace(block, continued=False)  # noqa: PLW2901 - its header is written again
        parts.append(text)
        spans.append((length, length + len(text), block))
        length += len(text)
        before = block
    return "".join(parts), spans


def _block_text(block: Body) -> str:
    match block:
        case ListItem(text, marker, level):
            indent = "  " * level
            hanging = indent + " " * (len(marker) + 1)
            written = f"{indent}{marker} " + text.strip().replace("\n", f"\n{hanging}")
        case Table(rows, header):
            written = table_text((*header, *rows))
        case Lines(text, language) if language is not None:
            written = f"```{language}\n{text.rstrip()}\n```"
        case Note(text, label):
            written = f"[{label}] {text}"
        case Comment(text, author):
            written = f"[Comment by {author}] {text}" if author else f"[Comment] {text}"
        case _:
            written = block.text
    return written


def table_text(rows: Iterable[Row]) -> str:
    """Rows as lines of `| a | b |`; rows without any text are left out."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows if any(row))


def _cleaned(block: Body) -> Body:
    if isinstance(block, Table):
        return replace(block, rows=_cleaned_rows(block.rows), header=_cleaned_rows(block.header))
    return replace(block, text=clean(block.text))


def _cleaned_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(tuple(map(clean_line, row)) for row in rows)


def _size(block: Body) -> int:
    if isinstance(block, Table):
        return sum(len(cell) for row in block.rows for cell in row)
    return len(block.text)
