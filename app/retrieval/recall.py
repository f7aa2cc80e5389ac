"""What share of what an exact search finds a graph finds, in what time, and the best setting of those tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from app.domain.retrieval import Candidate

# Results that a person looks at; recall is judged by them.
TOP = 10
# Two distances closer than this are the same passage's text twice, or the same number rounded twice.
_EQUAL = 1e-6
_PERCENT = 100
# Of the time of a graph that is there, what another must stay below to be worth its building.
_WORTH_IT = 0.9


@dataclass(frozen=True, slots=True)
class RecallPoint:
    """One way to search, and what came of it: recall as a share, times in milliseconds."""

    m: int
    ef_construction: int
    ef_search: int
    recall_at_10: float
    recall_at_depth: float
    p50_ms: float
    p95_ms: float


def recall(found: Sequence[Candidate], exact: Sequence[Candidate], top: int) -> float:
    """The share of the `top` nearest that was found; what is as near as the last of them counts as well."""
    wanted = exact[:top]
    if not wanted:
        return 1.0
    last = wanted[-1].score - _EQUAL
    return min(1.0, sum(candidate.score >= last for candidate in found[:top]) / len(wanted))


def middle(times: Sequence[float]) -> tuple[float, float]:
    """The median, and the time that 95 % stay below."""
    return median(times), quantiles(times, n=_PERCENT, method="inclusive")[94] if len(times) > 1 else times[0]


def best(trials: Sequence[RecallPoint], *, target: float) -> RecallPoint | None:
    """The fastest that finds `target` of the ten nearest; None if none does.

    Of those of one graph, the one that looks at least: their times grow with it, but for what else the machine did.
    The graph of the first trial is there already, so another must be faster by more than that.
    """
    enough: dict[tuple[int, int], RecallPoint] = {}
    for trial in sorted(trials, key=lambda trial: trial.ef_search):
        if trial.recall_at_10 >= target:
            enough.setdefault((trial.m, trial.ef_construction), trial)
    if not enough:
        return None
    there = enough.get((trials[0].m, trials[0].ef_construction))
    fastest = min(enough.values(), key=lambda trial: trial.p50_ms)
    return there if there is not None and fastest.p50_ms > _WORTH_IT * there.p50_ms else fastest
