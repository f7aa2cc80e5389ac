"""Tables that are drawn with lines: the lines of a page, the grid that they make, and the words in its cells."""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pypdfium2
from pypdfium2 import raw

from app.ingestion.loaders.pdf_layout.rows import rows_of
from app.ingestion.loaders.pdf_layout.words import PageRotation, PageWord

_THIN = 2.5
_SHORTEST = 4.0
_NEAR = 3.0
_MOST_SEGMENTS = 2000
# More lines than this make a drawing.
_MOST_RULES = 600
_MOST_OBJECTS = 20_000
# Of a table's cells: at least so many have text.
_FILLED = 0.2
_LEAST_CELLS = 4
# Rows of a cell that fall into columns: with so many it is a table of its own.
_LEAST_APART = 3


@dataclass(slots=True)
class Rule:
    """A line from `start` to `end`: across the page `at` a height, or down it `at` a distance from the left."""

    at: float
    start: float
    end: float


@dataclass(slots=True)
class Drawn:
    """What is drawn on a page. `covered` is the part of it that its largest picture covers, from 0 to 1."""

    across: list[Rule]
    down: list[Rule]
    covered: float = 0.0
    objects: int = 0


@dataclass(slots=True)
class RuledTable:
    """`places` are the words of each cell of the grid; merged cells have theirs in each place that they cover."""

    left: float
    top: float
    right: float
    bottom: float
    places: list[list[list[PageWord]]]
    joined: set[int]


def drawn_on(page: pypdfium2.PdfPage, view: PageRotation) -> Drawn:
    count = raw.FPDFPage_CountObjects(page.raw)
    drawn = Drawn([], [], objects=count)
    for number in range(min(count, _MOST_OBJECTS)):
        each = raw.FPDFPage_GetObject(page.raw, number)
        kind = raw.FPDFPageObj_GetType(each)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            _add_path(drawn, each, view)
        elif kind in {raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM} and view.width and view.height:
            left, top, right, bottom = _bounds(each, view)
            covered = max(0.0, right - left) * max(0.0, bottom - top) / (view.width * view.height)
            drawn.covered = max(drawn.covered, covered if kind == raw.FPDF_PAGEOBJ_IMAGE else 0.0)
    return drawn


def _bounds(each: raw.FPDF_PAGEOBJECT, view: PageRotation) -> tuple[float, float, float, float]:
    edges = [ctypes.c_float() for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(each, *map(ctypes.byref, edges)):
        return 0.0, 0.0, 0.0, 0.0
    left, bottom, right, top = (edge.value for edge in edges)
    return view.seen(left, bottom, right, top)


def _add_path(drawn: Drawn, path: raw.FPDF_PAGEOBJECT, view: PageRotation) -> None:
    fill, stroke = ctypes.c_int(), raw.FPDF_BOOL()
    raw.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke))
    if not fill.value and not stroke.value:
        return
    left, top, right, bottom = _bounds(path, view)
    if bottom - top <= _THIN and right - left >= _SHORTEST:
        drawn.across.append(Rule((top + bottom) / 2, left, right))
    elif right - left <= _THIN and bottom - top >= _SHORTEST:
        drawn.down.append(Rule((left + right) / 2, top, bottom))
    elif stroke.value or raw.FPDFPath_CountSegments(path) > 5:  # noqa: PLR2004 - more than one rectangle
        _add_segments(drawn, path, view, stroked=bool(stroke.value))


def _add_segments(drawn: Drawn, path: raw.FPDF_PAGEOBJECT, view: PageRotation, *, stroked: bool) -> None:
    """The lines of a path that has several, or of the outlines of its shapes. A filled shape's must be thin."""
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(path, ctypes.byref(matrix))
    for shape in _shapes(path, matrix):
        xs, ys = [x for x, _ in shape], [y for _, y in shape]
        left, top, right, bottom = view.seen(min(xs), min(ys), max(xs), max(ys))
        if bottom - top <= _THIN and right - left >= _SHORTEST:
            drawn.across.append(Rule((top + bottom) / 2, left, right))
        elif right - left <= _THIN and bottom - top >= _SHORTEST:
            drawn.down.append(Rule((left + right) / 2, top, bottom))
        elif stroked and len({round(x, 1) for x in xs}) == len({round(y, 1) for y in ys}) == 2:  # noqa: PLR2004
            drawn.across += [Rule(top, left, right), Rule(bottom, left, right)]
            drawn.down += [Rule(left, top, bottom), Rule(right, top, bottom)]


def _shapes(path: raw.FPDF_PAGEOBJECT, matrix: raw.FS_MATRIX) -> Iterator[list[tuple[float, float]]]:
    shape: list[tuple[float, float]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(min(raw.FPDFPath_CountSegments(path), _MOST_SEGMENTS)):
        segment = raw.FPDFPath_GetPathSegment(path, number)
        if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_MOVETO and shape:
            yield shape
            shape = []
        raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        shape.append(
            (
                matrix.a * x.value + matrix.c * y.value + matrix.e,
                matrix.b * x.value + matrix.d * y.value + matrix.f,
            )
        )
    if shape:
        yield shape


def ruled_tables(drawn: Drawn, words: Sequence[PageWord]) -> Iterator[RuledTable]:
    """Grids of at least two rows and two columns that hold words."""
    across, down = _merged(drawn.across), _merged(drawn.down)
    if not 2 < len(across) + len(down) <= _MOST_RULES:  # noqa: PLR2004
        return
    for lines, columns in _connected(across, down):
        xs = _distinct([rule.at for rule in columns] + [end for rule in lines for end in (rule.start, rule.end)])
        ys = _distinct([rule.at for rule in lines] + [end for rule in columns for end in (rule.start, rule.end)])
        if len(xs) > 2 and len(ys) > 2 and columns:  # noqa: PLR2004
            table = _table(xs, ys, lines, columns, words)
            if table is not None:
                yield table


def _merged(rules: Iterable[Rule]) -> list[Rule]:
    """Rules on one line that touch become one."""
    merged: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: (round(rule.at / _NEAR), rule.start)):
        last = merged[-1] if merged else None
        if last is not None and abs(last.at - rule.at) <= _NEAR and rule.start <= last.end + _NEAR:
            last.end = max(last.end, rule.end)
        else:
            merged.append(Rule(rule.at, rule.start, rule.end))
    return merged


def _connected(across: Sequence[Rule], down: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Groups of rules that cross or touch each other."""
    left = set(range(len(down)))
    free = set(range(len(across)))
    while left:
        columns, lines = {left.pop()}, set[int]()
        grown = True
        while grown:
            new_lines = {n for n in free if any(_touch(across[n], down[column]) for column in columns)}
            lines |= new_lines
            free -= new_lines
            new_columns = {n for n in left if any(_touch(across[line], down[n]) for line in lines)}
            columns |= new_columns
            left -= new_columns
            grown = bool(new_lines or new_columns)
        if lines:
            yield [across[n] for n in sorted(lines)], [down[n] for n in sorted(columns)]


def _touch(line: Rule, column: Rule) -> bool:
    return (
        line.start - _NEAR <= column.at <= line.end + _NEAR
        and column.start - _NEAR <= line.at <= column.end + _NEAR
    )


def _distinct(places: Iterable[float]) -> list[float]:
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > _NEAR:
            found.append(place)
    return found


def _table(
    xs: Sequence[float],
    ys: Sequence[float],
    lines: Sequence[Rule],
    columns: Sequence[Rule],
    words: Sequence[PageWord],
) -> RuledTable | None:
    cells, joined = _cells(xs, ys, lines, columns)
    texts: dict[tuple[int, int], list[PageWord]] = {}
    for word in words:
        middle = (word.left + word.right) / 2
        if xs[0] <= middle <= xs[-1] and ys[0] <= word.middle <= ys[-1]:
            row = next(n for n in range(len(ys) - 1) if word.middle <= ys[n + 1])
            column = next(n for n in range(len(xs) - 1) if middle <= xs[n + 1])
            texts.setdefault(cells[row][column], []).append(word)
    count = len({place for row in cells for place in row})
    if count < _LEAST_CELLS or len(texts) < _FILLED * count or not all(map(_is_one_cell, texts.values())):
        return None
    table = RuledTable(xs[0], ys[0], xs[-1], ys[-1], [], set())
    for number, row_cells in enumerate(cells):
        places = [texts.get(place, []) for place in row_cells]
        if number in joined:
            table.joined.add(len(table.places))
        table.places += _by_line(places) if len(set(row_cells)) == len(row_cells) else [places]
    return table


def _cells(
    xs: Sequence[float], ys: Sequence[float], lines: Sequence[Rule], columns: Sequence[Rule]
) -> tuple[list[list[tuple[int, int]]], set[int]]:
    """For each place of the grid the first place of its cell, and the rows with a cell that covers several."""
    cells: list[list[tuple[int, int]]] = []
    joined: set[int] = set()
    before: list[tuple[int, int]] = []
    for row in range(len(ys) - 1):
        starts = [
            column
            for column in range(len(xs) - 1)
            if not column or _parted(columns, xs[column], ys[row], ys[row + 1])
        ]
        runs = list(zip(starts, [*starts[1:], len(xs) - 1], strict=True))
        if any(end - start > 1 for start, end in runs):
            joined.add(row)
        places: list[tuple[int, int]] = []
        for start, end in runs:
            goes_on = (start, end) in before and not _parted(lines, ys[row], xs[start], xs[end])
            if goes_on:
                joined.add(row - 1)
            places += [cells[-1][start] if goes_on else (row, start)] * (end - start)
        cells.append(places)
        before = runs
    return cells, joined


def _by_line(places: Sequence[list[PageWord]]) -> list[list[list[PageWord]]]:
    """Cut a row between two rules into its lines, if those are rows of numbers."""
    words = [word for cell in places for word in cell]
    lines = rows_of(words)
    numbers = sum(any(map(str.isdigit, word.text)) for word in words)
    if len(lines) < _LEAST_APART or 2 * numbers < len(words):
        return [list(places)]
    column = {id(word): number for number, cell in enumerate(places) for word in cell}
    cut = []
    for line in lines:
        cells: list[list[PageWord]] = [[] for _ in places]
        for word in (word for segment in line.segments for word in segment.words):
            cells[column[id(word)]].append(word)
        cut.append(cells)
    full = sum(sum(map(bool, cells)) * 2 > len(places) for cells in cut)
    return cut if 2 * full > len(cut) else [list(places)]


def _is_one_cell(words: Sequence[PageWord]) -> bool:
    """Whether words are one text, and not a table whose rows and columns have no rules."""
    if len(words) < _LEAST_APART:
        return True
    return sum(len(row.segments) > 1 for row in rows_of(words)) < _LEAST_APART


def _parted(rules: Iterable[Rule], at: float, start: float, end: float) -> bool:
    """Whether a rule runs along most of a cell's side."""
    return any(
        abs(rule.at - at) <= _NEAR and min(rule.end, end) - max(rule.start, start) > (end - start) / 2
        for rule in rules
    )
