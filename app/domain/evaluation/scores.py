"""What the outcomes of an evaluation add up to."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.evaluation.shares import Interval, Share

# What is counted of outcomes; of questions without an answer, `refused` is what is wanted.
MEASURES = ("found_first", "found", "right", "cited")


@dataclass(frozen=True, slots=True)
class ComparedShare:
    """A share, and how far it is above the first variant's on the same questions; None for the first variant."""

    share: Share
    above_first: Interval | None


@dataclass(frozen=True, slots=True)
class VariantScore:
    """What a variant achieved.

    Attributes:
        shares: by name: `MEASURES`, `refused_rightly` of the questions without an answer, `refused_wrongly` of the
            others that were answered.
        reciprocal_rank: the mean of 1 over the place of the first expected document, 0 where there is none.
        failed: questions that ended in an error; they count as missed.
        milliseconds: the median.
    """

    name: str
    shares: Mapping[str, ComparedShare]
    reciprocal_rank: float | None
    failed: int
    milliseconds: float | None
