"""What a question is about: a fact, for which passages are searched, or the documents themselves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Subject(StrEnum):
    FILES = "files"
    NEW = "new"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Intent:
    """`since`: of `NEW`, if the question gives a date. `vague`: a summary of what the question does not name."""

    subject: Subject
    since: datetime | None = None
    vague: bool = False


_FILES = re.compile(
    r"^\W*(?:(?:what|which)\s+(?:files|documents|docs)\s+(?:are\s+(?:here|there|in\b)|do\s+(?:you|we)\s+have|have\s+you|exist)"
    r"|(?:list|show)\s+(?:me\s+)?(?:all\s+|the\s+|your\s+|my\s+)*(?:files|documents|docs)\b(?!\s+(?:that|which|about|with|on))"
    r"|(?:welche|was\s+für)\s+(?:dateien|dokumente)\s+(?:gibt|sind|hast|liegen|habe)\b"
    r"|quels\s+(?:fichiers|documents)\b|¿?qué\s+(?:archivos|documentos)\s+(?:hay|tienes)\b)",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"^\W*(?:what(?:'s|’s|\s+is|\s+has)?\s+(?:new|changed|been\s+added|been\s+updated)\b"  # noqa: RUF001 - as typed
    r"|was\s+ist\s+neu\b|quoi\s+de\s+neuf\b|¿?qué\s+hay\s+de\s+nuevo\b)",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"^\W*(?:please\s+|can\s+you\s+|could\s+you\s+)*(?:(?:summari[sz]e|sum\s+up|outline)\b|(?:give|write|make)\s+(?:me\s+)?an?\s+"
    r"(?:short\s+|brief\s+)?(?:summary|overview|outline)\b|(?:a\s+)?(?:summary|overview)\s+of\b|tl;?dr\b"
    r"|fasse?\b.*\bzusammen\b|zusammenfassung\b|r[ée]sume[rz]?\b|resume\b|riassumi\b)",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^\W*(?:what(?:'s|’s|\s+is|\s+are)\s+(?P<what>.{1,80}?)\s+about|worum\s+geht\s+es\b.*"  # noqa: RUF001 - as typed
    r"|de\s+quoi\s+parle\b.*|¿?de\s+qué\s+trata\b.*)\W*$",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"^(?:this|that|it|these|those|(?:this|that|the)\s+(?:document|file|page|pdf|paper|report|text)s?)$",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    rf"\b(\d{{1,2}}\s+)?({'|'.join(_MONTHS)})[a-z]*\.?(?:\s+(\d{{1,2}}),?)?(?:\s+(\d{{4}}))?\b", re.IGNORECASE
)
_AGO = {
    "today": 0,
    "yesterday": 1,
    "last week": 7,
    "this week": 7,
    "last month": 31,
    "this month": 31,
    "last year": 366,
}


def intent_of(question: str, now: datetime | None = None) -> Intent | None:
    """What the question asks of the documents as such; None if it asks for a fact."""
    if _FILES.match(question):
        return Intent(Subject.FILES)
    if _NEW.match(question):
        return Intent(Subject.NEW, since=date_in(question, now or datetime.now(UTC)))
    if _SUMMARY.match(question):
        return Intent(Subject.SUMMARY)
    about = _ABOUT.match(question)
    if about:
        what = about.group("what")
        return Intent(Subject.SUMMARY, vague=what is None or bool(_POINTING.match(what)))
    return None


def date_in(text: str, now: datetime) -> datetime | None:
    """The date that a text gives, the last one of a month or day without a year; None if it gives none."""
    if found := _ISO.search(text):
        year, month, day = map(int, found.groups())
        return _date(year, month, day)
    for words, days in _AGO.items():
        if words in text.lower():
            return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    if found := _MONTH.search(text):
        month = _MONTHS.index(found.group(2).lower()[:3]) + 1
        day = int(found.group(1) or found.group(3) or 1)
        date = _date(int(found.group(4) or now.year), month, day)
        return date.replace(year=date.year - 1) if date and not found.group(4) and date > now else date
    return None


def named_in(question: str, filenames: Sequence[str]) -> list[int]:
    """The places of the files that a question names, with or without folder and ending, longest name first."""
    asked = f" {_plain(question)} "
    found: list[tuple[int, int]] = []
    for place, filename in enumerate(filenames):
        base = filename.rpartition("/")[2]
        for name in (filename, base, base.rpartition(".")[0] or base):
            plain = _plain(name)
            if len(plain) > 1 and f" {plain} " in asked:
                found.append((-len(plain), place))
                break
    return [place for _, place in sorted(found)]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _date(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
