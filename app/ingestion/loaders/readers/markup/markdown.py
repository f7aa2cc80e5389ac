"""Markdown on markdown-it: CommonMark with tables, notes, definition lists and front matter."""

from collections.abc import Callable, Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from app.ingestion.document.model import (
    Element,
    Heading,
    Lines,
    ListItem,
    Note,
    Paragraph,
    Picture,
    Row,
    Table,
)
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.markup import html
from app.ingestion.loaders.readers.markup.markdown_inline import inline_text
from app.ingestion.loaders.text import decode

_NESTING = 200


class _Parser(MarkdownIt):
    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        """Leave addresses as they were written."""
        return url


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content)
    yield from decoded.warnings
    yield from elements(decoded.text)


def elements(text: str) -> Iterator[Element]:
    parser = _Parser("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    parser.use(front_matter_plugin).use(footnote_plugin, inline=False).use(deflist_plugin)
    environment: dict[str, Any] = {}
    walk = _Walk()
    for token in parser.parse(text, environment):
        yield from walk.take(token)
    yield from _unused(environment.get("references") or {}, walk.addresses)


def _unused(references: dict[str, dict[str, Any]], used: set[str]) -> Iterator[Element]:
    """Definitions that no link refers to are text that a person sees in the source: [API]: Application."""
    for label, reference in references.items():
        if reference["href"] not in used:
            yield Paragraph(" ".join(filter(None, [f"[{label}]: {reference['href']}", reference.get("title")])))


class _Walk:
    """Takes the parser's tokens one after the other."""

    def __init__(self) -> None:
        self.addresses: set[str] = set()
        self._lists: list[tuple[str, bool]] = []
        self._pending: str | None = None
        self._level = 0
        self._rows: list[Row] | None = None
        self._cells: list[str] = []
        self._header = 0
        self._note: str | None = None
        self._term = ""
        self._handlers: dict[str, Callable[[Token], Iterator[Element]]] = {
            "front_matter": self._front_matter,
            "heading_open": self._heading_open,
            "heading_close": self._heading_close,
            "bullet_list_open": self._list_open,
            "ordered_list_open": self._list_open,
            "bullet_list_close": self._list_close,
            "ordered_list_close": self._list_close,
            "list_item_open": self._item_open,
            "table_open": self._table_open,
            "tr_close": self._row_close,
            "thead_close": self._head_close,
            "table_close": self._table_close,
            "footnote_open": self._note_open,
            "footnote_close": self._note_close,
            "dt_open": self._term_open,
            "inline": self._inline,
            "fence": self._code,
            "code_block": self._code,
            "html_block": self._html,
        }

    def take(self, token: Token) -> Iterator[Element]:
        handler = self._handlers.get(token.type)
        if handler is not None:
            yield from handler(token)

    def _front_matter(self, token: Token) -> Iterator[Element]:
        yield Lines(token.content)

    def _heading_open(self, token: Token) -> Iterator[Element]:
        self._level = int(token.tag[1])
        yield from ()

    def _heading_close(self, _: Token) -> Iterator[Element]:
        self._level = 0
        yield from ()

    def _list_open(self, token: Token) -> Iterator[Element]:
        self._lists.append(("", token.type.startswith("ordered")))
        yield from ()

    def _list_close(self, _: Token) -> Iterator[Element]:
        self._lists.pop()
        self._pending = None
        yield from ()

    def _item_open(self, token: Token) -> Iterator[Element]:
        self._pending = f"{token.info}{token.markup}" if token.info else "-"
        yield from ()

    def _table_open(self, _: Token) -> Iterator[Element]:
        self._rows, self._cells, self._header = [], [], 0
        yield from ()

    def _row_close(self, _: Token) -> Iterator[Element]:
        if self._rows is not None:
            self._rows.append(tuple(self._cells))
        self._cells = []
        yield from ()

    def _head_close(self, _: Token) -> Iterator[Element]:
        self._header = len(self._rows or ())
        yield from ()

    def _table_close(self, _: Token) -> Iterator[Element]:
        rows, self._rows = self._rows or [], None
        yield Table(tuple(rows[self._header :]), tuple(rows[: self._header]))

    def _note_open(self, token: Token) -> Iterator[Element]:
        self._note = str(token.meta.get("label") or token.meta.get("id"))
        yield from ()

    def _note_close(self, _: Token) -> Iterator[Element]:
        self._note = None
        yield from ()

    def _term_open(self, _: Token) -> Iterator[Element]:
        self._term = "term"
        yield from ()

    def _inline(self, token: Token) -> Iterator[Element]:
        text = inline_text(token.children or (), self.addresses)
        if self._rows is not None:
            self._cells.append(text)
        elif not text.strip():
            pass
        elif self._level:
            yield Heading(self._level, text)
        elif self._note is not None:
            yield Note(text, self._note)
        elif self._lists:
            marker, self._pending = self._pending, None
            depth = len(self._lists) - 1
            yield ListItem(text, marker, depth) if marker else Paragraph(text)
        else:
            yield Paragraph(f"{text}:" if self._term else text)
            self._term = ""
        for child in token.children or ():
            if child.type == "image":
                yield Picture(child.content)

    def _code(self, token: Token) -> Iterator[Element]:
        yield Lines(token.content.rstrip("\n"), token.info.strip().split(" ", 1)[0])

    def _html(self, token: Token) -> Iterator[Element]:
        if token.content.strip().startswith("<!--") and token.content.strip().endswith("-->"):
            return
        shown = list(html.elements(token.content))
        yield from shown
        if not shown and "=" in token.content:  # a component of the page's own, which says things in its attributes
            yield Lines(token.content.strip())
