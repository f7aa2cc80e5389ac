"""A sheet's rows as text, with merged cells filled."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.ingestion.document.model import Row

# A longer text stands in the first of its merged cells alone: it is a note, not a label.
_LABEL = 80
# A cell that is merged over more columns than this is a line across the sheet, however wide its rows are.
_WIDE = 100


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged range, its bounds counted from 1 and included."""

    top: int
    left: int
    bottom: int
    right: int


def joined_rows(merged: Iterable[Merged]) -> set[int]:
    """Rows, counted from 0, with a cell that is merged with one beside or below it."""
    found: set[int] = set()
    for area in merged:
        found.add(area.top - 1)
    return found


def filled(rows: Iterable[Sequence[str]], merged: Iterable[Merged]) -> Iterator[Row]:
    """Write a merged cell's label into every cell that it covers."""
    waiting = sorted(merged, key=lambda area: area.top)
    waiting.reverse()
    open_areas: list[tuple[Merged, str]] = []
    for number, row in enumerate(rows, 1):
        open_areas = [(area, label) for area, label in open_areas if area.bottom >= number]
        while waiting and waiting[-1].top <= number:
            area = waiting.pop()
            label = row[area.left - 1] if area.top == number and area.left <= len(row) else ""
            if label and len(label) <= _LABEL:
                open_areas.append((area, label))
        if not open_areas:
            yield tuple(row)
            continue
        cells = list(row)
        for area, label in open_areas:
            wide = area.right - area.left >= _WIDE
            cells += [""] * (0 if wide else area.right - len(cells))
            for column in range(area.left - 1, min(area.right, len(cells))):
                cells[column] = cells[column] or label
        yield tuple(cells)
