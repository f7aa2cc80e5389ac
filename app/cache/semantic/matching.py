"""Matching: rules and guards decide whether a question may get the result of a near one in the index."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from app.cache.backend import CacheKey
from app.cache.evidence import Evidence
from app.cache.keys import KeySpec
from app.cache.semantic.language.eligibility import refusal
from app.cache.semantic.language.guards import refusals
from app.cache.semantic.language.question import read
from app.cache.semantic.observations import segment_of

_log = logging.getLogger(__name__)

# Candidates below this similarity are ignored: no threshold that keeps a budget was ever found there.
FLOOR = 0.85
# The number of nearest questions that are compared.
CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class MatchCandidate:
    """A cached question near the one that was asked. `similarity` is the cosine of their vectors."""

    key: str
    question: str
    similarity: float


class QuestionIndex(Protocol):
    """Cached questions by their vectors, little-endian float32."""

    async def add(self, key: CacheKey, vector: bytes) -> None: ...
    async def nearest(
        self, partition: str, vector: bytes, *, limit: int = ..., least: float = ...
    ) -> list[MatchCandidate]: ...
    async def quarantine(self, key: str) -> bool: ...
    async def build_graphs(self) -> None: ...


def refused(question: str, candidate: str) -> str | None:
    """Return the first rule or guard that refuses the pair, None if none does."""
    return refusal(question) or refusal(candidate) or next(refusals(read(question), read(candidate)), None)


def allowed(question: str, candidates: Iterable[MatchCandidate]) -> Iterator[MatchCandidate]:
    """Return the candidates that no rule and no guard refuses."""
    return (each for each in candidates if refused(question, each.question) is None)


class QuestionRecorder:
    """Adds questions that may match others to the index. A failure only means that a question is not found."""

    def __init__(self, index: QuestionIndex) -> None:
        self._index = index

    async def stored(self, spec: KeySpec, evidence: Evidence) -> None:
        if not evidence.query_vector or segment_of(spec.partition) is None or refusal(spec.question) is not None:
            return
        try:
            await self._index.add(spec.key, evidence.query_vector)
        except Exception as error:  # noqa: BLE001 - a cache fails open
            _log.info("a question cannot be found by meaning: %r", error)
