"""HTML on lxml: what a browser shows, in reading order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

import lxml.html
from lxml import etree

from app.domain.reading import DocumentProperties
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import (
    Element,
    Heading,
    Lines,
    ListItem,
    Paragraph,
    Picture,
    linked,
    superscript,
)
from app.ingestion.loaders.encodings import declared_encoding
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.markup.html_table import table_elements
from app.ingestion.loaders.text import decode

_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_HIDDEN = frozenset({"script", "style", "template", "noscript", "head", "datalist", "svg", "iframe"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "button",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "meter",
        "nobr",
        "output",
        "q",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SCRIPT = re.compile(r"<(script|style|template|noscript)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"[ \t\n\r\f]+")


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content, declared=declared_encoding(source.content))
    yield from decoded.warnings
    yield from elements(decoded.text)


def elements(text: str) -> Iterator[Element]:
    """Blocks of a page or a fragment of one."""
    text = _XML_DECLARATION.sub("", text.replace("\x00", ""))
    parser = lxml.html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = lxml.html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return  # nothing in it but tags that close nothing
    title = clean_line(root.findtext(".//title") or "")
    body = list(_Walk().blocks(root)) or list(_without_tags(text))
    if title:
        yield DocumentProperties(title)
        if not any(title in getattr(block, "text", "") for block in body[:10]):
            yield Heading(1, title)
    yield from body


def _without_tags(text: str) -> Iterator[Paragraph]:
    """Text that is nested more deeply than the library follows."""
    for part in re.split(r"\n\s*\n", unescape(_TAG.sub("\n", _SCRIPT.sub("", text)))):
        if part.strip():
            yield Paragraph(part.strip())


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int
    style: str


@dataclass(slots=True)
class _Walk:
    """`inline` gathers the text of the block that is being read."""

    inline: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    marker: str | None = None
    heading: int = 0
    links: list[tuple[str, int]] = field(default_factory=list)

    def blocks(self, root: etree._Element) -> Iterator[Element]:
        events = etree.iterwalk(root, events=("start", "end"))
        for event, node in events:
            tag = node.tag if isinstance(node.tag, str) else ""
            if event == "start":
                if tag in _HIDDEN or _is_hidden(node):
                    events.skip_subtree()
                elif tag == "table" and not _is_layout(node):
                    yield from self._flush()
                    yield from table_elements(node, _shown)
                    events.skip_subtree()
                elif tag == "pre":
                    yield from self._flush()
                    yield Lines(node.text_content().strip("\n"), _language(node))
                    events.skip_subtree()
                else:
                    yield from self._open(tag, node)
                    self._say(node.text)
            else:
                yield from self._close(tag)
                self._say(node.tail)
        yield from self._flush()

    def _say(self, text: str | None) -> None:
        if text:
            self.inline.append(_SPACE.sub(" ", text))

    def _open(self, tag: str, node: etree._Element) -> Iterator[Element]:
        if tag == "br":
            self.inline.append("\n")
        elif tag == "a":
            self.links.append((node.get("href") or "", len(self.inline)))
        elif tag == "sup":
            self.links.append(("", len(self.inline)))
        elif tag == "img":
            yield Picture(clean_line(node.get("alt") or ""))
        elif tag in ("input", "option"):
            self.inline.append(_control(node))
        elif tag not in _INLINE:
            yield from self._flush()
            if tag in ("ul", "ol", "menu"):
                start = node.get("start") or ""
                number = int(start) if start.lstrip("-").isdigit() else 1
                self.lists.append(_List(tag == "ol", number, node.get("type") or "1"))
            elif tag == "li":
                self.marker = self._next_marker(node)
            elif tag in _HEADINGS:
                self.heading = _HEADINGS[tag]

    def _close(self, tag: str) -> Iterator[Element]:
        if tag == "a" and self.links:
            address, start = self.links.pop()
            said = "".join(self.inline[start:])
            self.inline[start:] = [linked(said, address if not address.lower().startswith("javascript:") else "")]
        elif tag == "sup" and self.links:
            _, start = self.links.pop()
            said = "".join(self.inline[start:]).strip()
            self.inline[start:] = [superscript(said)] if said else []
        elif tag in ("td", "th"):
            self.inline.append(" ")
        elif tag == "dt":
            self.inline.append(":")
            yield from self._flush()
        elif tag and tag not in _INLINE and tag not in ("br", "img", "input", "option"):
            yield from self._flush()
            if tag in ("ul", "ol", "menu") and self.lists:
                self.lists.pop()
            elif tag in _HEADINGS:
                self.heading = 0
            elif tag == "li":
                self.marker = None

    def _next_marker(self, node: etree._Element) -> str:
        if not self.lists or not self.lists[-1].ordered:
            return "-"
        within = self.lists[-1]
        value = node.get("value") or ""
        number = int(value) if value.lstrip("-").isdigit() else within.number
        within.number = number + 1
        return f"{_lettered(number, within.style)}."

    def _flush(self) -> Iterator[Element]:
        text = "\n".join(line.strip() for line in "".join(self.inline).split("\n")).strip()
        self.inline.clear()
        self.links.clear()
        if not text:
            return
        if self.heading:
            yield Heading(self.heading, text)
        elif self.marker is not None:
            yield ListItem(text, self.marker, max(0, len(self.lists) - 1))
            self.marker = None
        else:
            yield Paragraph(text)


def _lettered(number: int, style: str) -> str:
    if style in "aA" and 1 <= number <= 26:  # noqa: PLR2004 - letters of the alphabet
        return chr(ord(style) + number - 1)
    return str(number)


def _is_hidden(node: etree._Element) -> bool:
    style = (node.get("style") or "").replace(" ", "").lower()
    return node.get("hidden") is not None or "display:none" in style or "visibility:hidden" in style


def _is_layout(table: etree._Element) -> bool:
    """Whether a table only places other blocks on the page."""
    return table.find(".//table") is not None or table.get("role") == "presentation"


def _language(node: etree._Element) -> str:
    classes = " ".join(filter(None, [node.get("class"), *(child.get("class") for child in node.iter("code"))]))
    found = re.search(r"(?:lang(?:uage)?|highlight-source)-(\w+)", classes)
    return found[1] if found else ""


def _control(node: etree._Element) -> str:
    if node.tag == "option":
        return " "
    kind = (node.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return "[x] " if node.get("checked") is not None else "[ ] "
    return f" {node.get('value') or ''} " if kind in ("text", "number", "date", "email", "tel") else ""


def _shown(node: etree._Element) -> str:
    """A cell or a caption on one line."""
    return clean_line(" ".join(getattr(block, "text", "") for block in _Walk().blocks(node)))
