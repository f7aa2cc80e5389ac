"""The numbers that Word puts before paragraphs (ECMA-376 part 1, 17.9): they stand in no text."""

import re
from dataclasses import dataclass, field

from app.ingestion.loaders.office.package import Node, attribute, local

_LEVELS = 9
_PLACE = re.compile(r"%(\d)")
_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
)
_ROMAN_DIGITS = (*_ROMAN, (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_LETTERS = 26
_MOST_ROMAN = 4000


@dataclass(frozen=True, slots=True)
class _Level:
    format: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int | None = None
    legal: bool = False
    style: str | None = None


@dataclass(slots=True)
class _List:
    """One abstract list: its levels, and how far each has counted."""

    levels: dict[int, _Level]
    counts: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)


class Numbering:
    """Counts the paragraphs of a document's lists in the order in which they are asked for."""

    def __init__(self, tree: Node | None) -> None:
        self._lists: dict[str, _List] = {}
        self._numbers: dict[str, str] = {}
        self._overrides: dict[str, dict[int, _Level]] = {}
        self._starts: dict[str, dict[int, int]] = {}
        for each in tree if tree is not None else ():
            if local(each) == "abstractNum":
                levels = {int(attribute(lvl, "ilvl") or 0): _level(lvl) for lvl in each if local(lvl) == "lvl"}
                self._lists[attribute(each, "abstractNumId") or ""] = _List(levels)
            elif local(each) == "num":
                self._add_number(each)

    def _add_number(self, node: Node) -> None:
        number = attribute(node, "numId") or ""
        for each in node:
            if local(each) == "abstractNumId":
                self._numbers[number] = attribute(each, "val") or ""
            elif local(each) == "lvlOverride":
                level = int(attribute(each, "ilvl") or 0)
                for change in each:
                    if local(change) == "lvl":
                        self._overrides.setdefault(number, {})[level] = _level(change)
                    elif local(change) == "startOverride":
                        self._starts.setdefault(number, {})[level] = int(attribute(change, "val") or 1)

    def level_of_style(self, number: str, style: str) -> int:
        """The level of a list that a paragraph style stands for."""
        known = self._lists.get(self._numbers.get(number, ""))
        levels = known.levels if known else {}
        return next((level for level, each in levels.items() if each.style == style), 0)

    def marker(self, number: str, level: int) -> str | None:
        """What stands before the next paragraph of a list; "-" for a bullet, None if there is no such list."""
        known = self._lists.get(self._numbers.get(number, ""))
        if known is None or not 0 <= level < _LEVELS:
            return None
        levels = {**known.levels, **self._overrides.get(number, {})}
        start = self._starts.get(number, {}).pop(level, None)
        self._count(known, levels, level, start)
        own = levels.get(level, _Level())
        if own.format == "bullet":
            return "-"
        return _PLACE.sub(lambda place: _place(known, levels, own, int(place[1]) - 1), own.text).strip()

    def _count(self, known: _List, levels: dict[int, _Level], level: int, start: int | None) -> None:
        before = known.counts[level]
        if start is not None or before is None:
            known.counts[level] = start if start is not None else levels.get(level, _Level()).start
        else:
            known.counts[level] = before + 1
        for above in range(level):
            if known.counts[above] is None:
                known.counts[above] = levels.get(above, _Level()).start
        for below in range(level + 1, _LEVELS):
            restart = levels.get(below, _Level()).restart
            if restart is None or level < restart:
                known.counts[below] = None


def _place(known: _List, levels: dict[int, _Level], own: _Level, level: int) -> str:
    if not 0 <= level < _LEVELS:
        return ""
    kind = "decimal" if own.legal else levels.get(level, _Level()).format
    return written(known.counts[level] or 0, kind)


def _level(node: Node) -> _Level:
    said = {local(each): attribute(each, "val") for each in node}
    restart = said.get("lvlRestart")
    return _Level(
        said.get("numFmt") or "decimal",
        said.get("lvlText") or "",
        int(said.get("start") or 1),
        int(restart) if restart else None,
        "isLgl" in said,
        said.get("pStyle"),
    )


def written(number: int, kind: str) -> str:
    """A number as a list shows it; kinds that are not known are written in digits."""
    match kind:
        case "none" | "bullet":
            return ""
        case "decimalZero":
            return f"{number:02}"
        case "lowerLetter" | "upperLetter" if number > 0:
            letter = chr(ord("a") + (number - 1) % _LETTERS) * ((number - 1) // _LETTERS + 1)
            return letter.upper() if kind == "upperLetter" else letter
        case "lowerRoman" | "upperRoman" if 0 < number < _MOST_ROMAN:
            roman = ""
            for value, digits in _ROMAN_DIGITS:
                roman += digits * (number // value)
                number %= value
            return roman.upper() if kind == "upperRoman" else roman
        case _:
            return str(number)
