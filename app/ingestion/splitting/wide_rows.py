"""Table rows that no chunk can hold beside their header: cut between columns, then within a cell."""

from collections.abc import Callable, Iterator, Sequence

from app.ingestion.document.model import Row, Table

# Tokens of the bars around one cell, and of those around a row.
_BAR = 1
_SHORTEST_CELL = 8


def narrowed(table: Table, budget: int, count: Callable[[str], int]) -> Iterator[Table]:
    """Yield the table's rows that fit as they stand, and each other row as tables of some of its columns.

    Each of these has the header of its columns and the row's key, so that every piece says what it is of. `count`
    gives the tokens of a text, `budget` is the most that one table may take.
    """
    widths = [_width(row, count) for row in table.header]
    header = sum(widths)
    fitting: list[Row] = []
    continued = table.continued
    for row in table.rows:
        if header <= budget // 2 and header + _width(row, count) <= budget:
            fitting.append(row)
            continue
        if fitting:
            yield Table(tuple(fitting), table.header, table.key, continued)
            fitting, continued = [], True
        yield from _pieces(table, row, budget, count)
    if fitting or not table.rows:
        yield Table(tuple(fitting), table.header, table.key, continued)


def _pieces(table: Table, row: Row, budget: int, count: Callable[[str], int]) -> Iterator[Table]:
    columns = max([len(row), *map(len, table.header)])
    widths = [_column_width(table, row, column, count) for column in range(columns)]
    key = table.key if table.key is not None and table.key < len(row) and row[table.key] else None
    if key is not None and widths[key] > budget // 3:
        key = None
    base = _bars(table) + (widths[key] if key is not None else 0)
    group: list[int] = []
    used = base
    for column in range(columns):
        if column == key or not _text(row, column):
            continue
        if used + widths[column] > budget and group:
            yield _piece(table, row, [key, *group])
            group, used = [], base
        if used + widths[column] > budget:
            yield from _long_cell(table, row, key, column, budget - base, count)
            continue
        group.append(column)
        used += widths[column]
    if group or columns == 1 or not any(_text(row, column) for column in range(columns) if column != key):
        yield _piece(table, row, [key, *group])


def _long_cell(
    table: Table, row: Row, key: int | None, column: int, budget: int, count: Callable[[str], int]
) -> Iterator[Table]:
    heading = sum(count(_text(line, column)) + _BAR for line in table.header)
    if heading > budget // 2:
        table = Table((), (), table.key)
        heading = 0
    room = max(_SHORTEST_CELL, budget - heading - _BAR)
    words: list[str] = []
    used = 0
    for word in _text(row, column).split(" "):
        tokens = count(word)
        if used + tokens > room and words:
            yield _piece(table, _replaced(row, column, " ".join(words)), [key, column])
            words, used = [], 0
        words.append(word)
        used += tokens
    yield _piece(table, _replaced(row, column, " ".join(words)), [key, column])


def _piece(table: Table, row: Row, columns: Sequence[int | None]) -> Table:
    chosen = [column for column in columns if column is not None]
    header = tuple(tuple(_text(line, column) for column in chosen) for line in table.header)
    return Table((tuple(_text(row, column) for column in chosen),), header, None if columns[0] is None else 0)


def _replaced(row: Row, column: int, text: str) -> Row:
    return (*row[:column], text, *row[column + 1 :])


def _text(row: Row, column: int) -> str:
    return row[column] if column < len(row) else ""


def _column_width(table: Table, row: Row, column: int, count: Callable[[str], int]) -> int:
    return sum(count(_text(line, column)) + _BAR for line in (*table.header, row))


def _width(row: Row, count: Callable[[str], int]) -> int:
    return _BAR + sum(count(cell) + _BAR for cell in row)


def _bars(table: Table) -> int:
    return _BAR * (len(table.header) + 1)
