"""Running headers and footers: what stands at one height on many pages is told once."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.ingestion.loaders.pdf_layout.rows import Row, rows_of
from app.ingestion.loaders.pdf_layout.words import PageText

# Of a page's height, at the top and at the bottom.
_MARGIN = 0.12
_MOST_LINES = 4
_LEAST_PAGES = 3
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b")
_SAME_HEIGHT = 4.0
# So many distances between lines, which differ by less than this share: what follows is the text or a table.
_ALIKE, _UNEVEN = 3, 0.1
# Of "Seite 1 von 2".
_FEW_LETTERS = 10


@dataclass(frozen=True, slots=True)
class _Line:
    page: int
    text: str
    shape: str
    height: int
    row: Row


class RunningLines:
    """Remembers, from run to run of pages, which lines were told."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def remove(self, pages: Mapping[int, PageText]) -> None:
        """Take repeated lines from their pages: those of one text but for the first, and those that count pages."""
        least = min(_LEAST_PAGES, max(len(pages), 2))
        alike: dict[tuple[str, int], list[_Line]] = defaultdict(list)
        for number, page in pages.items():
            for line in _margin_lines(number, page):
                alike[line.shape, line.height].append(line)
        gone: dict[int, set[int]] = defaultdict(set)
        for lines in alike.values():
            if len({line.page for line in lines}) >= least or any(line.text in self._told for line in lines):
                for line in self._repeated(lines, least):
                    gone[line.page] |= {id(word) for segment in line.row.segments for word in segment.words}
        for number, words in gone.items():
            page = pages[number]
            page.words = [word for word in page.words if id(word) not in words]

    def _repeated(self, lines: Sequence[_Line], least: int) -> list[_Line]:
        repeated = []
        counting = _counts_pages(lines) and (least == _LEAST_PAGES or all(map(_names_its_page, lines)))
        for line in lines:
            if line.text in self._told or counting:
                repeated.append(line)
            elif sum(other.text == line.text for other in lines) >= least:
                self._told.add(line.text)
        if counting and lines[0].shape not in self._told and any(map(str.isalpha, lines[0].shape)):
            # Its words are told once.
            self._told.add(lines[0].shape)
            repeated.remove(lines[0])
        return repeated


def _margin_lines(number: int, page: PageText) -> list[_Line]:
    top, bottom = _MARGIN * page.height, (1 - _MARGIN) * page.height
    inner = 2 * top, page.height - 2 * top
    rows = rows_of(word for word in page.words if word.bottom < inner[0] or word.top > inner[1])
    above = [row for row in rows if row.bottom < inner[0]]
    below = [row for row in reversed(rows) if row.top > inner[1]]
    upper = [row for at, row in enumerate(above[:_MOST_LINES]) if row.bottom < top and not _in_text(above, at)]
    lower = [row for at, row in enumerate(below[:_MOST_LINES]) if row.top > bottom and not _in_text(below, at)]
    return [
        _Line(number, row.text, _NUMBER.sub("#", row.text), round(row.top / _SAME_HEIGHT), row)
        for row in (*upper, *lower)
    ]


def _in_text(rows: Sequence[Row], at: int) -> bool:
    """Whether the lines from here inwards stand one like the other, as rows of a table and lines of a text do."""
    tops = [row.top for row in rows[at : at + _ALIKE + 1]]
    gaps = [abs(after - before) for before, after in pairwise(tops)]
    return len(gaps) == _ALIKE and max(gaps) - min(gaps) <= _UNEVEN * max(gaps)


def _names_its_page(line: _Line) -> bool:
    """Whether a line says its page's number and little else; on two pages alone, others only look like it."""
    numbers = re.findall(r"\d+", line.text)
    return bool(numbers) and int(numbers[0]) == line.page and sum(map(str.isalpha, line.text)) <= _FEW_LETTERS


def _counts_pages(lines: Sequence[_Line]) -> bool:
    """Whether numbers in a line grow with the pages, one by one."""
    if all(line.text == line.shape for line in lines) or len({line.text for line in lines}) == 1:
        return False
    steps = [
        (line.page, [int(number) for number in re.findall(r"\d+", line.text)])
        for line in lines
        if re.search(r"\d", line.text)
    ]
    if not steps:
        return "#" in lines[0].shape
    shifts = {tuple(number - page for number in numbers) for page, numbers in steps}
    places = range(len(steps[0][1]))
    constant = [len({numbers[place] for _, numbers in steps if place < len(numbers)}) == 1 for place in places]
    counted = [len({shift[place] for shift in shifts if place < len(shift)}) == 1 for place in places]
    return any(counted) and all(each or same for each, same in zip(counted, constant, strict=True))
