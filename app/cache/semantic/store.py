"""What is known of how well matching by meaning does, as its store gives and takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.cache.backend import CacheKey
from app.cache.semantic.calibration import Tally
from app.cache.semantic.decision import Decision
from app.cache.semantic.matching import MatchCandidate
from app.cache.semantic.segment import Segment
from app.cache.semantic.traffic import Counts
from app.domain.matches import ServedMatch


@dataclass(frozen=True, slots=True)
class LabelVerdict:
    """Whether a cached result would have done; `detail` says by what."""

    correct: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A would-be hit, judged. `served`: somebody got it. `source`: pipeline or person."""

    question: str
    matched: str
    similarity: float
    correct: bool
    served: bool
    source: str
    detail: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """A stratum with its decision in force and how many labels it has."""

    stratum: Segment
    collection: str
    threshold: float | None
    reason: str
    since: datetime
    calibrated_at: datetime | None
    labels: int


@dataclass(frozen=True, slots=True)
class SegmentEvidence:
    """What a decision is made from. `recent`: whether each hit that was checked was right, the newest first."""

    tally: Tally
    served: int
    recent: Sequence[bool]


class QuestionIndex(Protocol):
    """Cached questions by their vectors, little-endian float32."""

    async def add(self, key: CacheKey, vector: bytes) -> None: ...
    async def nearest(
        self, partition: str, vector: bytes, *, limit: int = ..., least: float = ...
    ) -> list[MatchCandidate]: ...
    async def quarantine(self, key: str) -> bool: ...
    async def build_graphs(self) -> None: ...


class Observations(Protocol):
    """Traffic, hits, labels, decisions, and pairs kept apart."""

    async def add_traffic(self, taken: Mapping[Segment, Counts]) -> None: ...
    async def add_match(self, match: ServedMatch) -> None: ...
    async def add_label(self, stratum: Segment, label: Label) -> None: ...
    async def observed(self, tenant: str | None = ...) -> list[Observed]: ...
    async def evidence(self, digest: str, *, recent: int) -> SegmentEvidence: ...
    async def examples(self, digest: str, *, correct: bool, limit: int) -> list[Label]: ...
    async def decide(self, observed: Observed, decision: Decision) -> None: ...
    async def are_apart(self, tenant: str, question: str, other: str) -> bool: ...
    async def keep_apart(
        self, tenant: str, partition: str, question: str, other: str, similarity: float
    ) -> None: ...
    async def purge(self) -> None: ...
