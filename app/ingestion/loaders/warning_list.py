"""The warnings of one document, told briefly however many there are."""

import re
from collections.abc import Iterable

from app.domain.reading import DocumentWarning, WarningKind

# Different messages that are kept, and places that are named in each.
_MOST_MESSAGES = 100
_MOST_PLACES = 50
_NUMBERED = re.compile(r"(\w+) (\d+)")


class WarningList:
    """Collects warnings. Those that say the same of several places become one: "pages 2-5, page 9"."""

    def __init__(self) -> None:
        self._places: dict[tuple[WarningKind, str], dict[str, None]] = {}

    def add(self, warning: DocumentWarning) -> None:
        places = self._places.setdefault((warning.kind, warning.message), {})
        if warning.where:
            places[warning.where] = None

    def all(self) -> tuple[DocumentWarning, ...]:
        told = [
            DocumentWarning(kind, message, _joined(places) or None)
            for (kind, message), places in self._places.items()
        ]
        told.sort(key=lambda warning: not warning.kind.missing)
        if len(told) <= _MOST_MESSAGES:
            return tuple(told)
        left = told[_MOST_MESSAGES:]
        kind = WarningKind.PART_FAILED if any(warning.kind.missing for warning in left) else left[0].kind
        return (*told[:_MOST_MESSAGES], DocumentWarning(kind, f"{len(left)} more warnings are not listed."))


def _joined(places: Iterable[str]) -> str:
    """Runs of numbers are drawn together."""
    runs: list[tuple[str, int, int]] = []
    for place in places:
        match = _NUMBERED.fullmatch(place)
        unit, number = (match[1], int(match[2])) if match else (place, -1)
        if match and runs and runs[-1][0] == unit and runs[-1][2] == number - 1:
            runs[-1] = (unit, runs[-1][1], number)
        else:
            runs.append((unit, number, number))
    told = [
        unit if first < 0 else f"{unit} {first}" if first == last else f"{unit}s {first}-{last}"
        for unit, first, last in runs
    ]
    more = [f"{len(told) - _MOST_PLACES} more"] if len(told) > _MOST_PLACES else []
    return ", ".join(told[:_MOST_PLACES] + more)
