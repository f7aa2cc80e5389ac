"""What a benchmark of the cache found: figures in a file, beside what was aimed at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.performance.shared.timing import Compared

HEADER = ("part", "case", "subject", "measure", "value")
_Name = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Aim:
    """A bound on one figure."""

    text: str
    figure: _Name
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""

    def judge(self, value: float) -> str:
        met = value <= self.at_most if self.at_most is not None else value >= (self.at_least or 0)
        return "met" if met else "missed"

    @property
    def bound(self) -> str:
        return f"≤ {self.at_most:g}{self.unit}" if self.at_most is not None else f"≥ {self.at_least:g}{self.unit}"


class Report:
    """Figures by part, case, subject and measure. Starts from what earlier runs of other parts left in the file."""

    def __init__(self, folder: Path, parts: Iterable[str], name: str = "cache") -> None:
        self._file = folder / f"{name}.tsv"
        self._measured = set(parts)
        self.figures: dict[_Name, float] = {}
        if self._file.exists():
            for line in self._file.read_text().splitlines()[1:]:
                part, case, subject, measure, value = line.split("\t")
                if part not in self._measured:
                    self.figures[part, case, subject, measure] = float(value)

    def add(self, part: str, case: str, subject: str, measure: str, value: float) -> None:
        self.figures[part, case, subject, measure] = value

    def compared(self, part: str, case: str, found: Mapping[str, Compared], *, ratios: bool = True) -> None:
        print(f"\n{part}: {case}", flush=True)
        for subject, each in found.items():
            line = (
                f"  {subject:<38} p50 {each.p50_us:9.1f} us  p99 {each.p99_us:9.1f} us  {each.per_second:10,.0f}/s"
            )
            print(
                line + (f"  p50 x{each.time_ratio:5.2f}  rate x{each.rate_ratio:5.2f}" if ratios else ""),
                flush=True,
            )
            self.add(part, case, subject, "p50_us", each.p50_us)
            self.add(part, case, subject, "p99_us", each.p99_us)
            self.add(part, case, subject, "per_second", each.per_second)
            if ratios:
                self.add(part, case, subject, "p50_ratio", each.time_ratio)
                self.add(part, case, subject, "rate_ratio", each.rate_ratio)
                self.add(part, case, subject, "cost_ratio", 1 / each.rate_ratio)

    def aims(self, aims: Sequence[Aim]) -> list[tuple[str, str, str, str]]:
        """Text, bound, value and verdict of each aim whose figure there is."""
        return [
            (aim.text, aim.bound, f"{self.figures[aim.figure]:.3g}{aim.unit}", aim.judge(self.figures[aim.figure]))
            for aim in aims
            if aim.figure in self.figures
        ]

    def save(self) -> None:
        rows = ["\t".join((*name, f"{value:.6g}")) for name, value in self.figures.items()]
        self._file.write_text("\n".join(["\t".join(HEADER), *rows, ""]))
