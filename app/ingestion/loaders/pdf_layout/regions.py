"""A page's rows by what they are: running lines, columns, and tables that no lines are drawn for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.ingestion.loaders.pdf_layout.rows import Row, RowSegment
from app.ingestion.loaders.pdf_layout.words import PageWord

# Of the width of the rows together: a single segment that is wider is a line of running text.
_WIDE = 0.55
# Of a band's rows: where fewer have text there is a gutter.
_SELDOM = 0.12
_LEAST_GUTTER = 4.0
_LEAST_ROWS = 3
_MOST_COLUMNS = 40
# Columns of running text: few, wide, and with long lines.
_MOST_TEXT_COLUMNS = 4
_TEXT_LETTERS = 18
_TEXT_WORDS = 3
_FILLED = 0.5
# In heights of a line: a larger gap ends a table if what follows has other columns, or in any case.
_NEAR, _APART = 1.0, 3.0
# Rows that are looked at beyond the one at hand.
_AHEAD = 2
# A space between columns is this much wider than those between words, and this part of a line's height.
_WIDER, _SPACE = 1.5, 0.4


@dataclass(slots=True)
class TextRows:
    rows: list[Row]


@dataclass(slots=True)
class Columns:
    """Words of columns from left to right, or from right to left where the writing goes so."""

    columns: list[list[PageWord]]


@dataclass(slots=True)
class Grid:
    """A table: the texts of its cells, "" where there is none."""

    rows: list[Row]
    cells: list[tuple[str, ...]]
    bounds: list[tuple[float, float]]


Region = TextRows | Columns | Grid


def regions(rows: Sequence[Row]) -> Iterator[Region]:
    """Split a page's rows into regions from the top down."""
    if not any(len(row.segments) > 1 for row in rows):
        yield TextRows(list(rows))
        return
    wide = _WIDE * (max(row.right for row in rows) - min(row.left for row in rows))
    plain: list[Row] = []
    band: list[Row] = []
    for number, row in enumerate(rows):
        following = rows[number + 1 : number + 1 + _AHEAD]
        if _may_belong(row, following, band, wide) or _is_long_label(row, following, band):
            band.append(row)
            continue
        if band or len(row.segments) > 1:
            yield from _flush(plain, band)
            plain, band = [], []
        (plain if len(row.segments) == 1 else band).append(row)
    yield from _flush(plain, band)


def _may_belong(row: Row, following: Sequence[Row], band: Sequence[Row], wide: float) -> bool:
    gap = row.top - band[-1].bottom if band else 0.0
    if gap > _APART * row.height:
        return False
    if gap > _NEAR * row.height:
        next_one = next((each for each in (row, *following) if len(each.segments) > 1), None)
        if next_one is None or not _fits(next_one, band):
            return False
    if len(row.segments) > 1:
        return True
    return bool(band) and row.segments[0].right - row.segments[0].left <= wide


def _fits(row: Row, band: Sequence[Row]) -> bool:
    """Whether each segment of a row lies in a column of its own of the rows above."""
    above = [each for each in band if len(each.segments) > 1][-_LEAST_ROWS:]
    if len(above) < _LEAST_ROWS:
        return True
    bounds = _column_bounds(above)
    places = [_spanned(segment, bounds) for segment in row.segments] if bounds else []
    return all(len(place) == 1 for place in places) and len({place[0] for place in places}) == len(places)


def _is_long_label(row: Row, following: Sequence[Row], band: Sequence[Row]) -> bool:
    """Whether a line across the columns is the beginning of a label whose numbers stand in the next row."""
    usual = [each for each in band if len(each.segments) > 1]
    if not following or len(usual) < _LEAST_ROWS or len(following[0].segments) < 2:  # noqa: PLR2004
        return False
    after = following[0]
    last = usual[-1].segments[-1]
    aligned = (
        abs(after.segments[-1].right - last.right) <= row.height
        and abs(row.left - usual[-1].left) <= 3 * row.height
    )
    return aligned and after.top - row.bottom < row.height and row.top - band[-1].bottom < row.height


def _flush(plain: list[Row], band: list[Row]) -> Iterator[Region]:
    after: list[Row] = []
    # Short lines at the end of a band are the beginning of what follows.
    while band and len(band[-1].segments) == 1:
        after.insert(0, band.pop())
    region = _region(band) if sum(len(row.segments) > 1 for row in band) >= _LEAST_ROWS else None
    if region is None:
        together = [*plain, *band, *after]
        if together:
            yield TextRows(together)
        return
    if plain:
        yield TextRows(plain)
    yield region
    if after:
        yield TextRows(after)


def _region(band: list[Row]) -> Region | None:
    bounds = _column_bounds(band)
    if not 1 < len(bounds) <= _MOST_COLUMNS:
        return None
    columns = [_within(band, bound) for bound in bounds]
    running = all(_is_running_text(column, bound) for column, bound in zip(columns, bounds, strict=True))
    if running and len(bounds) <= _MOST_TEXT_COLUMNS:
        texts = [[word for segment in column for word in segment.words] for column in columns]
        if sum(each.from_right for each in columns[0]) * 2 > len(columns[0]):
            texts.reverse()
        return Columns(texts)
    return Grid(band, [_cells(row, bounds) for row in band], bounds)


def _column_bounds(band: Sequence[Row]) -> list[tuple[float, float]]:
    """Stretches of x in which many rows have text, with gutters between in which hardly any has."""
    events: list[tuple[float, int]] = []
    for row in band:
        for segment in row.segments:
            events += [(segment.left, 1), (segment.right, -1)]
    events.sort()
    seldom = _SELDOM * len(band)
    bounds: list[tuple[float, float]] = []
    depth = 0
    start: float | None = None
    for at, step in events:
        depth += step
        if depth > seldom and start is None:
            start = at
        elif depth <= seldom and start is not None:
            bounds.append((start, at))
            start = None
    return _merged(bounds)


def _merged(bounds: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for bound in bounds:
        if merged and bound[0] - merged[-1][1] < _LEAST_GUTTER:
            merged[-1] = (merged[-1][0], bound[1])
        else:
            merged.append(bound)
    return merged


def _within(band: Sequence[Row], bound: tuple[float, float]) -> list[RowSegment]:
    """The segments that lie in a column more than in any other."""
    return [
        segment
        for row in band
        for segment in row.segments
        if min(segment.right, bound[1]) - max(segment.left, bound[0]) > (segment.right - segment.left) / 2
    ]


def _is_running_text(column: Sequence[RowSegment], bound: tuple[float, float]) -> bool:
    """Whether most lines of a column are as long as running text is, and end near its edge."""
    if len(column) < _LEAST_ROWS:
        return False
    width = bound[1] - bound[0]
    long = sum(len(each.text) >= _TEXT_LETTERS and len(each.words) >= _TEXT_WORDS for each in column)
    full = sum(each.right - each.left >= 0.8 * width for each in column)
    return long >= _FILLED * len(column) and full >= _FILLED * len(column)


def _cells(row: Row, bounds: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Each segment in the column that it lies in; one that spans several stands in each of them."""
    if len(row.segments) == 1 and row.left < bounds[0][1]:
        return (row.text, *("" for _ in bounds[1:]))
    cells: list[list[str]] = [[] for _ in bounds]
    for segment in row.segments:
        for part in _parts(segment, bounds, row.height):
            for number in _spanned(part, bounds):
                cells[number].append(part.text)
    return tuple(" ".join(cell) for cell in cells)


def _spanned(segment: RowSegment, bounds: Sequence[tuple[float, float]]) -> list[int]:
    own = segment.right - segment.left
    spanned = [
        number
        for number, (left, right) in enumerate(bounds)
        if min(segment.right, right) - max(segment.left, left) > min(right - left, own) / 2
    ]
    if spanned:
        return spanned
    middle = (segment.left + segment.right) / 2
    return [min(range(len(bounds)), key=lambda number: abs(middle - sum(bounds[number]) / 2))]


def _parts(segment: RowSegment, bounds: Sequence[tuple[float, float]], height: float) -> list[RowSegment]:
    """Cut a segment where it crosses into another column at a space that is wider than its others."""
    if len(segment.words) < 2 or len(_spanned(segment, bounds)) < 2:  # noqa: PLR2004
        return [segment]
    least = min(max(0.0, b.left - a.right) for a, b in pairwise(segment.words))
    parts = [[segment.words[0]]]
    for before, word in pairwise(segment.words):
        crosses = any(before.right <= left + 1 and word.right > left for left, _ in bounds[1:])
        if crosses and word.left - before.right > max(_WIDER * least, _SPACE * height):
            parts.append([word])
        else:
            parts[-1].append(word)
    return [RowSegment(words, words[0].left, words[-1].right) for words in parts]
