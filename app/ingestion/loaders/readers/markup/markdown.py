"""Markdown on markdown-it: CommonMark with tables, notes, definition lists and front matter."""

import re
from collections.abc import Callable, Iterator, Sequence
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
    linked,
)
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.markup import html
from app.ingestion.loaders.text import decode

_NESTING = 200
# Elements that Markdown's authors write; anything else between angle brackets is text, such as <timeout>.
_TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "br",
        "center",
        "cite",
        "code",
        "del",
        "details",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "picture",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "source",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "video",
    ]
)


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
        text = self._text(token.children or ())
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

    def _text(self, children: Sequence[Token]) -> str:
        parts: list[str] = []
        links: list[tuple[str, int]] = []
        marks: list[int] = []
        for place, child in enumerate(children):
            if child.type in ("em_open", "strong_open"):
                marks.append(len(parts))
                parts.append("")
            elif child.type in ("em_close", "strong_close") and marks:
                start = marks.pop()
                if _is_literal(child.markup, "".join(parts[:start]), "".join(parts[start:]), children[place + 1 :]):
                    parts[start:] = [child.markup, *parts[start:], child.markup]
            elif child.type == "link_open":
                links.append((str(child.attrGet("href") or ""), len(parts)))
            elif child.type == "link_close" and links:
                address, start = links.pop()
                self.addresses.add(address)
                parts[start:] = [linked("".join(parts[start:]), address)]
            else:
                parts.append(_said(child))
        return "".join(parts).strip()

    def _code(self, token: Token) -> Iterator[Element]:
        yield Lines(token.content.rstrip("\n"), token.info.strip().split(" ", 1)[0])

    def _html(self, token: Token) -> Iterator[Element]:
        if token.content.strip().startswith("<!--") and token.content.strip().endswith("-->"):
            return
        yield from html.elements(token.content)


def _is_literal(mark: str, before: str, within: str, after: Sequence[Token]) -> bool:
    """Whether stars and underscores are no emphasis: 2*3*4, __init__."""
    following = next((token.content for token in after if token.content), "")
    inside_a_word = before[-1:].isalnum() and following[:1].isalnum()
    return inside_a_word or (mark == "__" and re.fullmatch(r"[a-z]\w*", within) is not None)


def _said(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "html_inline":
        name = token.content.strip("</> ").split(" ", 1)[0].rstrip("/").lower()
        if name == "br":
            return "\n"
        return "" if name in _TAGS or token.content.startswith("<!") else token.content
    if token.type == "footnote_ref":
        return f"[{token.meta.get('label') or token.meta.get('id')}]"
    return "" if token.type == "image" else token.content
