"""Cells as a spreadsheet shows them, with English names and separators.

Dates in the format that follows the viewer's region are written as in ISO 8601, which is the same everywhere.
"""

from collections.abc import Sequence
from math import isfinite

from app.ingestion.loaders.sheets.moments import Moment, from_serial, moment
from app.ingestion.loaders.sheets.number_formats import FormatSection, sections_of
from app.ingestion.loaders.sheets.numbers import number

Value = bool | int | float | str | Moment | None


def shown(value: Value, code: str | None, *, since_1904: bool = False) -> str:
    """A cell's text. `code` is its number format."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).upper()
    sections = sections_of(code or "General")
    if isinstance(value, str):
        return _text(value, sections)
    if not isinstance(value, int | float):
        return moment(value, sections[0])
    if not isfinite(value):
        return str(value)
    section, value = _choose(value, sections)
    dated = section.has("date") or section.has("elapsed")
    return from_serial(value, section, since_1904=since_1904) if dated else number(value, section).strip()


def _choose(value: float, sections: Sequence[FormatSection]) -> tuple[FormatSection, float]:
    """The section for a number, and the number that it writes: without its sign if the section is for negatives."""
    limited = [section for section in sections if section.condition]
    if limited:
        for section in limited:
            if section.condition and _holds(value, *section.condition):
                return section, value
        rest = [section for section in sections if not section.condition]
        return (rest[0] if rest else limited[0]), value
    if value < 0 and len(sections) > 1:
        return sections[1], -value
    if value == 0 and len(sections) > 2:  # noqa: PLR2004 - positive, negative, zero
        return sections[2], value
    return sections[0], value


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "=": value == limit,
        "<>": value != limit,
    }[sign]


def _text(value: str, sections: Sequence[FormatSection]) -> str:
    section = sections[3] if len(sections) > 3 else sections[-1]  # noqa: PLR2004 - the fourth is for text
    if not any(token.text == "@" for token in section.tokens):
        return value
    written = [token for token in section.tokens if token.kind == "literal" or token.text == "@"]
    return "".join(value if token.text == "@" else token.text for token in written).strip()
