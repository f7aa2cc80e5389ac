"""Markdown to sections: plain text under heading paths, with tables, lists and code kept as blocks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.ingestion.document.cleaning import clean
from app.ingestion.document.model import Section

_NESTING = 200
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_SCRIPT = ("script", "style", "template", "noscript")
_BREAKING = frozenset(
    {"p", "br", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre"}
)


class _TagStripper(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in _SCRIPT
        if tag in _BREAKING:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _SCRIPT and self._hidden > 0
        if tag in _BREAKING:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


class _Parser(MarkdownIt):
    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        """Leave links as they are: they are not kept, and encoding them takes time."""
        return url


def sections_of(source: str, *, page: int | None = None, indented_code: bool = True) -> list[Section]:
    """Parse CommonMark with tables. `indented_code`: four spaces begin code, as the standard says."""
    parser = _Parser("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    if not indented_code:
        parser.disable("code")
    matter = _FRONT_MATTER.match(source)
    blocks = _Renderer().render(parser.parse(source[matter.end() :] if matter else source))
    return list(by_heading([(0, matter[1]), *blocks] if matter else blocks, page))


def by_heading(blocks: Iterable[tuple[int, str]], page: int | None = None) -> Iterator[Section]:
    """Gather (level, text) blocks into sections: a level above 0 is a heading, which is kept in the text."""
    path: list[tuple[int, str]] = []
    texts: list[str] = []

    def flush() -> Iterator[Section]:
        text = clean("\n\n".join(texts))
        if text.strip():
            yield Section(text=text, page=page, heading=" > ".join(step for _, step in path) or None)
        texts.clear()

    for level, text in blocks:
        if level:
            yield from flush()
            heading = " ".join(clean(text).split())
            path = [step for step in path if step[0] < level]
            if heading:
                path.append((level, heading))
        texts.append(text)
    yield from flush()


def table_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as lines of `| a | b |`, the header first; empty rows are left out."""
    lines = []
    for row in rows:
        cells = [" ".join(cell.split()).replace("|", "¦") for cell in row]
        if any(cells):
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


class _Renderer:
    """Turns a flat list of tokens into (heading level or 0, text) blocks. Lists are one block each."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, str]] = []
        self._level = 0
        self._rows: list[list[str]] | None = None
        self._items: list[str] = []
        self._markers: list[str] = []

    def render(self, tokens: Iterable[Token]) -> list[tuple[int, str]]:
        for token in tokens:
            handle = getattr(self, f"_on_{token.type}", None)
            if handle is not None:
                handle(token)
        return self._blocks

    def _emit(self, text: str, level: int = 0) -> None:
        if self._markers:
            self._items.append(text)
        elif text.strip():
            self._blocks.append((level, text))

    def _on_heading_open(self, token: Token) -> None:
        self._level = int(token.tag[1])

    def _on_heading_close(self, _: Token) -> None:
        self._level = 0

    def _on_table_open(self, _: Token) -> None:
        self._rows = []

    def _on_tr_open(self, _: Token) -> None:
        if self._rows is not None:
            self._rows.append([])

    def _on_table_close(self, _: Token) -> None:
        rows, self._rows = self._rows or [], None
        self._emit(table_text(rows))

    def _on_bullet_list_open(self, _: Token) -> None:
        self._markers.append("")

    def _on_bullet_list_close(self, _: Token) -> None:
        self._markers.pop()
        if not self._markers:
            items, self._items = self._items, []
            self._emit("\n".join(filter(None, items)))

    _on_ordered_list_open = _on_bullet_list_open
    _on_ordered_list_close = _on_bullet_list_close

    def _on_list_item_open(self, token: Token) -> None:
        mark = f"{token.info}{token.markup}" if token.info else "-"
        self._markers[-1] = "  " * (len(self._markers) - 1) + mark + " "

    def _on_inline(self, token: Token) -> None:
        text = _inline(token)
        if self._rows:
            self._rows[-1].append(text)
        elif self._markers:
            self._emit(self._markers[-1] + text)
            self._markers[-1] = " " * len(self._markers[-1])
        else:
            self._emit(text, self._level)

    def _on_fence(self, token: Token) -> None:
        self._emit(f"```{token.info.strip()}\n{token.content.rstrip()}\n```")

    _on_code_block = _on_fence

    def _on_html_block(self, token: Token) -> None:
        self._emit(strip_tags(token.content))


def _inline(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or ():
        if child.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif child.type == "html_inline":
            parts.append("\n" if child.content.lower().startswith("<br") else "")
        else:
            parts.append(child.content)
    return "".join(parts).strip()


def strip_tags(source: str) -> str:
    """The readable text of a piece of HTML."""
    stripper = _TagStripper()
    stripper.feed(source)
    stripper.close()
    return re.sub(r"\s*\n\s*", "\n", "".join(stripper.parts)).strip()
