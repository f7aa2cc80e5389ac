"""Dates as people write them in a question, in ten languages."""

import re
from datetime import UTC, datetime, timedelta

from app.generation.language import ENGLISH, language_of

_NAMES = (
    "january jan januar januari janvier enero ene gennaio gen janeiro styczeń stycznia sty",
    "february feb februar februari février févr febrero febbraio fevereiro fev luty lutego lut",
    "march mar märz mär maart mars marzo março marzec marca",
    "april apr avril avr abril abr aprile kwiecień kwietnia kwi",
    "may mai mei mayo maggio mag maio maj maja",
    "june jun juni juin junio giugno giu junho czerwiec czerwca cze",
    "july jul juli juillet juil julio luglio lug julho lipiec lipca lip",
    "august aug augustus août agosto ago sierpień sierpnia sie",
    "september sep sept septembre septiembre settembre set setembro wrzesień września wrz",
    "october oct oktober okt octobre octubre ottobre ott outubro out październik października paź",
    "november nov novembre noviembre novembro listopad listopada lis",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudzień grudnia gru",
)
_MONTHS = {name: month for month, names in enumerate(_NAMES, 1) for name in names.split()}
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_NUMBERS = re.compile(r"\b(\d{1,2})([./])(\d{1,2})\2(\d{4})\b")
_UNSPACED = re.compile(r"(?:(\d{4})\s*年)?\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号])?")
_MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_MONTH = re.compile(
    rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s+(?:de\s+|of\s+)?)?({_MONTH_NAMES})\b\.?"
    r"(?:\s+(\d{1,2})(?:st|nd|rd|th)?\b,?(?!\d))?(?:\s+(?:de\s+|of\s+)?(\d{4}))?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:since|from|seit|ab|depuis|desde|dal?|sinds|od)\s+(\d{4})\b", re.IGNORECASE)
# Days back, by words.
_AGO = {
    0: r"today|heute|aujourd|hoy|oggi|hoje|vandaag|dziś|dzisiaj|今天|今日",
    1: r"yesterday|gestern|depuis\s+hier|\bayer\b|\bieri\b|\bontem\b|gisteren|wczoraj|昨天|昨日",
    7: r"(?:last|this|past)\s+week|(?:letzte|diese|vergangene)\w*\s+woche|semaine|semana|settimana"
    r"|(?:vorige|deze|afgelopen)\s+week|tygodni|本周|这周|上周|今週|先週",
    31: r"(?:last|this|past)\s+month|(?:letzte|diese|vergangene)\w*\s+monat|\bmois\b|\bmes\b|\bmese\b|\bmês\b"
    r"|(?:vorige|deze|afgelopen)\s+maand|miesiąc|本月|这个月|上个月|今月|先月",
    366: r"(?:last|this|past)\s+year|(?:letzte|diese|vergangene)\w*\s+jahr|\bannée\b|\baño\b|\banno\b|\bano\b"
    r"|(?:vorig|dit|afgelopen)\s+jaar|(?:zeszł|tym|ostatni)\w*\s+rok|今年|去年",
}
_SEVERAL = re.compile(
    r"(\d{1,3})\s*(?:(days?|tage?n?|jours?|días?|giorni|dias?|dagen|dni|天|日間)"
    r"|(weeks?|wochen?|semaines?|semanas?|settimane|weken|tygodni\w*|周|週間?)"
    r"|(months?|monate?n?|mois|meses|mesi|maanden|miesi\w+|个月|か月))",
    re.IGNORECASE,
)
_DAYS_OF = (1, 7, 31)


def date_in(text: str, now: datetime) -> datetime | None:
    """The date that a text gives, the last one of a month or day without a year; None if it gives none.

    Of 3/4/2026 English has the month first, every other language the day.
    """
    if found := _ISO.search(text):
        year, month, day = map(int, found.groups())
        return _date(year, month, day)
    if found := _NUMBERS.search(text):
        return _in_numbers(found, text)
    days = _days_back(text)
    if days is not None:
        return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    if found := _MONTH.search(text):
        month = _MONTHS[found.group(2).lower()]
        return _latest(found.group(4), month, int(found.group(1) or found.group(3) or 1), now)
    if found := _UNSPACED.search(text):
        return _latest(found.group(1), int(found.group(2)), int(found.group(3) or 1), now)
    found = _YEAR.search(text)
    return _date(int(found.group(1)), 1, 1) if found else None


def _days_back(text: str) -> int | None:
    if found := _SEVERAL.search(text):
        unit = next(days for days, name in zip(_DAYS_OF, found.groups()[1:], strict=True) if name)
        return int(found.group(1)) * unit
    return next((days for days, words in _AGO.items() if re.search(words, text, re.IGNORECASE)), None)


def _in_numbers(found: re.Match[str], text: str) -> datetime | None:
    first, mark, second, year = int(found.group(1)), found.group(2), int(found.group(3)), int(found.group(4))
    month_first = mark == "/" and language_of(text) == ENGLISH
    day, month = (second, first) if month_first else (first, second)
    return _date(year, month, day) or _date(year, day, month)


def _latest(year: str | None, month: int, day: int, now: datetime) -> datetime | None:
    date = _date(int(year or now.year), month, day)
    return date.replace(year=date.year - 1) if date and not year and date > now else date


def _date(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
