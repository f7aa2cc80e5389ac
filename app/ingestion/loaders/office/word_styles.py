"""What Word's paragraph styles mean for reading: headings, and lists that a style belongs to."""

import re
from dataclasses import dataclass

from app.ingestion.loaders.office.package import Node, attribute, local

# Built-in styles have these names in every language (ECMA-376 part 1, 17.7.4.9).
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BODY_LEVEL = 9
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """`outline` is a heading's level from 1; `list` and `level` say which list numbers its paragraphs."""

    outline: int | None = None
    title: bool = False
    list: str | None = None
    level: int | None = None
    hidden: bool = False


class Styles:
    def __init__(self, tree: Node | None) -> None:
        nodes = [node for node in (tree if tree is not None else ()) if local(node) == "style"]
        self._nodes = {attribute(node, "styleId") or "": node for node in nodes}
        self._known: dict[str, ParagraphStyle] = {}
        self._default = next(
            (
                name
                for name, node in self._nodes.items()
                if is_on(attribute(node, "default")) and _type(node) == "paragraph"
            ),
            "",
        )

    def get(self, name: str | None) -> ParagraphStyle:
        """A paragraph's style, with what it inherits."""
        name = name or self._default
        if name not in self._known:
            self._known[name] = self._read(name, 0)
        return self._known[name]

    def _read(self, name: str, depth: int) -> ParagraphStyle:
        node = self._nodes.get(name)
        if node is None or depth > _DEEPEST:
            return ParagraphStyle()
        parts = {local(each): each for each in node}
        base = attribute(parts["basedOn"], "val") if "basedOn" in parts else None
        above = self._read(base, depth + 1) if base else ParagraphStyle()
        title = (attribute(parts["name"], "val") or "") if "name" in parts else ""
        own = paragraph_properties(parts.get("pPr"))
        heading = _HEADING.fullmatch(title)
        return ParagraphStyle(
            outline=own.outline or (int(heading[1]) if heading else above.outline),
            title=title.lower() == "title",
            list=own.list if own.list is not None else above.list,
            level=own.level if own.level is not None else above.level,
        )


def paragraph_properties(node: Node | None) -> ParagraphStyle:
    """What a `pPr` says by itself."""
    outline = listed = level = None
    for each in node if node is not None else ():
        if local(each) == "outlineLvl":
            value = int(attribute(each, "val") or _BODY_LEVEL)
            outline = value + 1 if value < _BODY_LEVEL else None
        elif local(each) == "numPr":
            for part in each:
                if local(part) == "numId":
                    listed = attribute(part, "val")
                elif local(part) == "ilvl":
                    level = int(attribute(part, "val") or 0)
    return ParagraphStyle(outline=outline, list=listed, level=level)


def is_on(value: str | None) -> bool:
    """An on/off value that is given (ECMA-376 part 1, 22.9.2.7)."""
    return value in {"1", "true", "on"}


def _type(node: Node) -> str | None:
    return attribute(node, "type")
