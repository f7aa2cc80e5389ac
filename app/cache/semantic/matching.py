"""Whether a question may get the result of another that is near it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.cache.semantic.language.eligibility import refusal
from app.cache.semantic.language.guards import refusals
from app.cache.semantic.language.question import read

# Below this similarity nothing is a would-be hit: no threshold that keeps a budget was ever found there.
FLOOR = 0.85
# How many of the nearest questions are looked at.
CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class MatchCandidate:
    """A cached question near the one that was asked. `similarity` is the cosine of their vectors."""

    key: str
    question: str
    similarity: float


def refused(question: str, candidate: str) -> str | None:
    """The first reason why one must not get the other's result; None if there is none."""
    return refusal(question) or refusal(candidate) or next(refusals(read(question), read(candidate)), None)


def allowed(question: str, candidates: Iterable[MatchCandidate]) -> Iterator[MatchCandidate]:
    """The candidates that no rule and no guard refuses."""
    return (each for each in candidates if refused(question, each.question) is None)
