"""Dates, times and durations in a number format; serial numbers are days since the sheet's epoch."""

from datetime import date, datetime, time, timedelta

from app.ingestion.loaders.sheets.number_formats import ISO_DATE, ISO_MOMENT, FormatSection, Token, sections_of
from app.ingestion.loaders.sheets.numbers import general

Moment = datetime | date | time | timedelta

_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - sheets have no zones
_LAST_SERIAL = 2_958_465
_FALSE_LEAP_DAY = 60
_NOON = 12
_UNITS = {"h": 3600, "m": 60, "s": 1}
# Letters that repeat to a name and not to a number.
_NAMES = {"mmm": "%b", "mmmm": "%B", "ddd": "%a", "dddd": "%A"}


def from_serial(value: float, section: FormatSection, *, since_1904: bool) -> str:
    """A serial number as its section writes it; one that is no date as a number."""
    if not 0 <= value <= _LAST_SERIAL:
        return general(value)
    span = timedelta(seconds=round(value * 86_400, 3))
    if section.has("elapsed"):
        return moment(span, section)
    if since_1904:
        return moment(_EPOCH_1904 + span, section)
    # Days before March 1900 are one off: sheets count a 29 February that was none.
    return moment(_EPOCH + span + timedelta(days=1 <= value < _FALSE_LEAP_DAY), section)


def moment(value: Moment, section: FormatSection) -> str:
    """What a section writes; as in ISO 8601 if it has no place for a date or time."""
    if isinstance(value, timedelta):
        at = _EPOCH + value
    elif isinstance(value, time):
        at = datetime.combine(_EPOCH, value)
    else:
        at = value if isinstance(value, datetime) else datetime.combine(value, time())
    if not section.has("date") and not section.has("elapsed"):
        [section] = sections_of(ISO_MOMENT if at.time() != time() else ISO_DATE)
    seconds = int((at - _EPOCH).total_seconds())
    half_days = section.has("noon")
    return "".join(_timed(token, at, seconds, half_days=half_days) for token in section.tokens).strip()


def _timed(token: Token, at: datetime, seconds: int, *, half_days: bool) -> str:
    match token.kind:
        case "literal" | "sign":
            return token.text
        case "noon":
            return "AM" if at.hour < _NOON else "PM"
        case "elapsed":
            return str(seconds // _UNITS[token.text[0]]).rjust(len(token.text), "0")
        case "date":
            return _dated(token.text, at, half_days=half_days)
        case _:
            return ""


def _dated(code: str, at: datetime, *, half_days: bool) -> str:
    if code in _NAMES:
        return at.strftime(_NAMES[code])
    if code == "mmmmm":
        return at.strftime("%B")[0]
    if code[0] in "ye":
        return f"{at.year % 100:02}" if code in {"y", "yy"} else f"{at.year:04}"
    if code[0] == "g":
        return ""
    hour = (at.hour % _NOON or _NOON) if half_days else at.hour
    number = {"m": at.month, "n": at.minute, "d": at.day, "h": hour, "s": at.second}[code[0]]
    return str(number).rjust(min(len(code), 2), "0")
