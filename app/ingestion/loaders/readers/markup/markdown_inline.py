"""The text within a block of Markdown: links with their address, no marks of emphasis, HTML as it is shown."""

import re
from collections.abc import Sequence

from markdown_it.token import Token

from app.ingestion.document.model import linked, superscript

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
_INLINE_TAG = re.compile(r"""<(/?)(a|sup)\b(?:[^>]*?\shref\s*=\s*["']?([^"'\s>]+))?[^>]*>""", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"""\salt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def inline_text(children: Sequence[Token], addresses: set[str]) -> str:
    """Return the text. The addresses of its links are added to `addresses`."""
    parts: list[str] = []
    links: list[tuple[str, int]] = []
    marks: list[int] = []
    open_tags: list[tuple[str, str, int]] = []
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
            addresses.add(address)
            parts[start:] = [linked("".join(parts[start:]), address)]
        elif child.type == "html_inline" and (tag := _INLINE_TAG.match(child.content)):
            _tagged(tag, parts, open_tags)
        else:
            parts.append(_said(child))
    return "".join(parts).strip()


def _tagged(tag: re.Match[str], parts: list[str], open_tags: list[tuple[str, str, int]]) -> None:
    """A raised text and a link that are written in HTML."""
    closing, name, address = tag[1], tag[2].lower(), tag[3] or ""
    if not closing:
        open_tags.append((name, address, len(parts)))
    elif open_tags and open_tags[-1][0] == name:
        _, address, start = open_tags.pop()
        said = "".join(parts[start:])
        parts[start:] = [linked(said, address) if name == "a" else superscript(said)]


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
        if name == "img" and (alternative := _ALTERNATIVE.search(token.content)):
            return f"[Picture: {alternative[1] or alternative[2]}]"
        return "" if name in _TAGS or token.content.startswith("<!") else token.content
    if token.type == "footnote_ref":
        return f"[{token.meta.get('label') or token.meta.get('id')}]"
    return "" if token.type == "image" else token.content
