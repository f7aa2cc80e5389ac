"""Contenders that take turns, and the table of what they reached: printed, and kept in a file beside others."""

import csv
import statistics
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

Contender = Callable[[], Awaitable[float]]


async def in_turns(contenders: Mapping[str, Contender], turns: int) -> dict[str, float]:
    """The median result of each."""
    results: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, contender in contenders.items():
            results[name].append(await contender())
    return {name: statistics.median(found) for name, found in results.items()}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table. `ratio` is of what `against` names; `aim` is what it should reach, if anything."""

    table: str
    contender: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""
    aim: float | None = None


def show(title: str, figures: Sequence[Figure]) -> None:
    print(f"\n{title}")
    wide = max(len(figure.contender) for figure in figures)
    for figure in figures:
        ratio = "" if figure.ratio is None else f"   {figure.ratio:6.3f} of {figure.against}"
        aim = "" if figure.aim is None else f", aim {figure.aim:.3g}: {'yes' if reached(figure) else 'NO'}"
        print(f"  {figure.contender:<{wide}} {figure.value:10.1f} {figure.unit}{ratio}{aim}", flush=True)


def reached(figure: Figure) -> bool:
    return figure.aim is None or (figure.ratio is not None and figure.ratio >= figure.aim)


def keep(figures: Iterable[Figure], path: Path) -> None:
    """Write the figures into a file, in place of those that it had of the same tables."""
    rows = [[_cell(value) for value in astuple(figure)] for figure in figures]
    renewed = {row[0] for row in rows}
    if path.exists():
        with path.open(newline="") as file:
            _, *before = csv.reader(file, delimiter="\t")
        rows = [row for row in before if row[0] not in renewed] + rows
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(field.name for field in fields(Figure))
        writer.writerows(rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
