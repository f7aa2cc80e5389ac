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
    Row,
    Section,
    Table,
)

HEADING_SEPARATOR = " > "
# Characters after which a section ends though its page and heading go on, so that memory does not grow with a file.
_LONG = 200_000


def sections_of(elements: Iterable[Body | PageStart]) -> Iterator[Section]:
    """Gather elements into sections: a page, a heading and a paragraph over two pages each begin one."""
    path: list[Heading] = []
    page: int | None = None
    blocks: list[Body] = []
    size = 0

    def flush(last_page: int | None = None) -> Iterator[Section]:
        nonlocal size
        text = text_of(blocks)
        if text.strip():
            heading = HEADING_SEPARATOR.join(step.text for step in path) or None
            yield Section(text, page, heading, last_page, tuple(blocks))
        blocks.clear()
        size = 0

    for element in elements:
        match element:
            case PageStart(number):
                if number != page:
                    yield from flush()
                page = number
            case Heading(level, text, shown):
                yield from flush()
                path = [step for step in path if step.level < level]
                if title := clean_line(text):
                    path.append(Heading(level, title))
                    blocks += path[-1:] if shown else []
            case Paragraph(last_page=int(last_page)):
                yield from flush()
                blocks.append(element)
                yield from flush(last_page)
            case _:
                blocks.append(_cleaned(element))
                size += _size(blocks[-1])
                if size > _LONG:
                    yield from flush()
    yield from flush()


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
