"""Observations of matching by meaning: lookups, would-be hits and labels, for each segment of questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from app.cache.keys import Partition, canonical_json
from app.cache.semantic.calibration import BINS, Decision, Tally, bin_of
from app.domain.retrieval import ServedMatch


@dataclass(frozen=True, slots=True)
class Segment:
    """A collection's questions to one embedding model, and of answers to one chat model.

    Matches are looked for within a partition. But the meaning of a similarity does not depend on `top_k` or
    filters, so partitions that differ in those alone share their labels.
    """

    digest: str
    tenant: str
    collection: int
    namespace: str


@lru_cache(maxsize=4096)
def _digest(*parts: object) -> str:
    return sha256(canonical_json(parts)).hexdigest()


def segment_of(partition: Partition) -> Segment | None:
    """Return the segment of a partition.

    None if its questions never match: they follow from earlier turns, or rest on no corpus.
    """
    if partition.collection is None or partition.conversation:
        return None
    digest = _digest(
        partition.namespace,
        partition.tenant,
        partition.collection,
        partition.embedder,
        partition.embedder_digest,
        partition.reranker,
        partition.chat_model,
        partition.chat_model_digest,
        partition.prompt,
    )
    return Segment(digest, partition.tenant, partition.collection, partition.namespace)


@dataclass(slots=True)
class Counts:
    """`lookups`: requests that the exact cache could not serve. `matches`: by step of similarity."""

    lookups: int = 0
    served: int = 0
    matches: list[int] = field(default_factory=lambda: [0] * BINS)


class Traffic:
    """Counts of each segment since the last `take`."""

    def __init__(self) -> None:
        self._counts: dict[Segment, Counts] = {}

    def note(self, segment: Segment, similarity: float | None, *, served: bool = False) -> None:
        """Count one lookup with the similarity of its match."""
        counts = self._counts.setdefault(segment, Counts())
        counts.lookups += 1
        counts.served += served
        if similarity is not None:
            counts.matches[bin_of(similarity)] += 1

    def take(self) -> dict[Segment, Counts]:
        taken, self._counts = self._counts, {}
        return taken

    def put_back(self, taken: dict[Segment, Counts]) -> None:
        """Add counts again that could not be written."""
        for segment, counts in taken.items():
            current = self._counts.setdefault(segment, Counts())
            current.lookups += counts.lookups
            current.served += counts.served
            current.matches = [a + b for a, b in zip(current.matches, counts.matches, strict=True)]


@dataclass(frozen=True, slots=True)
class LabelVerdict:
    """Whether a cached result would have done. `detail` gives the reason."""

    correct: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A would-be hit with its verdict. `served`: a client got it. `source`: pipeline or person.

    `id` and `created_at` are set when it is stored.
    """

    question: str
    matched: str
    similarity: float
    correct: bool
    served: bool
    source: str
    detail: str = ""
    created_at: datetime | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Observed:
    """A segment with the decision in force and its number of labels."""

    segment: Segment
    collection: str
    threshold: float | None
    reason: str
    since: datetime
    calibrated_at: datetime | None
    labels: int


@dataclass(frozen=True, slots=True)
class SegmentEvidence:
    """The input of a decision. `recent`: whether each checked hit was right, the newest first."""

    tally: Tally
    served: int
    recent: Sequence[bool]


class Observations(Protocol):
    """Traffic, hits, labels, decisions, and pairs kept apart."""

    async def add_traffic(self, taken: Mapping[Segment, Counts]) -> None: ...
    async def add_match(self, match: ServedMatch) -> None: ...
    async def add_label(self, segment: Segment, label: Label) -> None: ...
    async def observed(self, tenant: str | None = ...) -> list[Observed]: ...
    async def evidence(self, digest: str, *, recent: int) -> SegmentEvidence: ...
    async def examples(self, digest: str, *, correct: bool, limit: int) -> list[Label]: ...
    async def judge(self, tenant: str, label: int, *, correct: bool) -> Label | None: ...
    async def decide(self, observed: Observed, decision: Decision) -> None: ...
    async def are_apart(self, tenant: str, question: str, other: str) -> bool: ...
    async def keep_apart(
        self, tenant: str, partition: str, question: str, other: str, similarity: float
    ) -> None: ...
    async def purge(self) -> None: ...
