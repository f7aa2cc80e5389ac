"""Replay of a log of questions against an empty cache: the hits and errors that matching by meaning would give."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.cache.keys import normalise
from app.cache.semantic.calibration import BINS, Point, Tally, bin_of, calibrate, curve
from app.cache.semantic.language.eligibility import refusal
from app.cache.semantic.matching import CANDIDATES, FLOOR, MatchCandidate, allowed

# Decides whether the second question's result would have done for the first.
Judge = Callable[[str, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request that the exact cache could not serve. `correct` is None if nothing matched."""

    question: str
    matched: str | None = None
    similarity: float = 0.0
    correct: bool | None = None


@dataclass(slots=True)
class Replayed:
    """All `requests`: `exact` of them repeat an earlier one word for word, the rest are `outcomes`."""

    requests: int = 0
    exact: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    def curve(self) -> list[Point]:
        """Return the effect of serving from each similarity, the strictest first."""
        return list(curve(_tally(self.outcomes))) if self.outcomes else []


@dataclass(frozen=True, slots=True)
class ServedOutcome:
    """A budget calibrated on the first half of the misses, and served in the second.

    `threshold` is None if the first half shows none that is safe. Of the second half's `requests`, `hits` got
    another question's result, `wrong` of them one that is not right.
    """

    budget: float
    threshold: float | None
    requests: int
    hits: int
    wrong: int


async def replay(
    questions: Sequence[str],
    vectors: Mapping[str, NDArray[np.float32]],
    judge: Judge,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Ask the questions in their order. `vectors` are of unit length, by normalised question.

    As in shadow mode, a would-be hit is judged, and its question is cached all the same.
    """
    done = Replayed()
    known: set[str] = set()
    cached = _Cached(len(vectors))
    for question in map(normalise, questions):
        done.requests += 1
        if question in known:
            done.exact += 1
        else:
            known.add(question)
            done.outcomes.append(await _ask(question, vectors[question], cached, judge))
        progress(done.requests)
    return done


def serve(replayed: Replayed, budget: float) -> ServedOutcome:
    half = len(replayed.outcomes) // 2
    seen, rest = replayed.outcomes[:half], replayed.outcomes[half:]
    point = calibrate(_tally(seen), budget) if seen else None
    hits = [] if point is None else [each for each in rest if _matches(each, point.threshold)]
    wrong = sum(not each.correct for each in hits)
    return ServedOutcome(budget, point.threshold if point else None, len(rest), len(hits), wrong)


async def _ask(question: str, vector: NDArray[np.float32], cached: "_Cached", judge: Judge) -> Outcome:
    if refusal(question) is not None:
        return Outcome(question)
    match = next(allowed(question, cached.nearest(vector)), None)
    cached.add(question, vector)
    if match is None:
        return Outcome(question)
    return Outcome(question, match.question, match.similarity, await judge(question, match.question))


def _matches(outcome: Outcome, threshold: float) -> bool:
    return outcome.matched is not None and bin_of(outcome.similarity) >= bin_of(threshold)


def _tally(outcomes: Sequence[Outcome]) -> Tally:
    matches, right, wrong = ([0] * BINS for _ in range(3))
    for each in outcomes:
        if each.matched is not None:
            place = bin_of(each.similarity)
            matches[place] += 1
            (right if each.correct else wrong)[place] += 1
    return Tally(len(outcomes), matches, right, wrong)


class _Cached:
    """The questions so far, with room for `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._questions: list[str] = []
        self._vectors: NDArray[np.float32] | None = None

    def add(self, question: str, vector: NDArray[np.float32]) -> None:
        if self._vectors is None:
            self._vectors = np.empty((self._most, len(vector)), dtype=np.float32)
        self._vectors[len(self._questions)] = vector
        self._questions.append(question)

    def nearest(self, vector: NDArray[np.float32]) -> list[MatchCandidate]:
        """The nearest first, as the lookup gives them."""
        if self._vectors is None:
            return []
        cosines = self._vectors[: len(self._questions)] @ vector
        places = np.argsort(-cosines)[:CANDIDATES]
        return [
            MatchCandidate("", self._questions[place], float(cosines[place]))
            for place in places
            if cosines[place] >= FLOOR
        ]
