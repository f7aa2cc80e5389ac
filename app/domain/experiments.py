"""Experiments: the same questions answered in several ways, to see which is better."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.evaluation.shares import Share

_PARTS = 2**64


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of answering. `settings` are values for fields of an `AnswerRequest` that the client left open.

    The variant receives `weight / sum(weights)` of the units.
    """

    name: str
    weight: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """The first variant is the one that the others are compared with. It runs until `stopped_at`."""

    id: UUID
    name: str
    collection: str
    variants: Sequence[Variant]
    created_at: datetime
    stopped_at: datetime | None = None

    def variant_of(self, unit: str) -> Variant:
        """The variant of a unit, such as a user: always the same, on every replica."""
        digest = hashlib.blake2b(unit.encode(), key=self.id.bytes, digest_size=8).digest()
        total = sum(variant.weight for variant in self.variants)
        point = int.from_bytes(digest, "big") * total // _PARTS
        for variant in self.variants:
            point -= variant.weight
            if point < 0:
                return variant
        raise AssertionError("the weights are not below their own sum")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A question's place in an experiment. `unit` names the asker, whose variant never changes."""

    experiment: Experiment
    variant: Variant
    unit: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """How one question in an experiment ended. Times in milliseconds, None if no answer began.

    `outcome` is answered, no_context, refused, error or cancelled; `cached`, that it came from the cache.
    """

    variant: str
    unit: str
    query_id: UUID
    outcome: str
    cached: bool
    ttft_ms: float | None
    total_ms: float
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of times in milliseconds; None if there is none."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class VariantResult:
    """The results of one variant.

    Attributes:
        units: how many took part, with how many `questions`.
        answered: questions that got an answer from documents, of those that did not fail by the client's doing.
        approved: answers whose last verdict is `up`, of those with a verdict.
        cached: answers from the cache, of all.
        ttft_ms, total_ms: of answers that were made, not found in the cache.
        output_tokens: the mean of those.
    """

    name: str
    units: int
    questions: int
    answered: Share
    approved: Share
    cached: Share
    ttft_ms: Percentiles
    total_ms: Percentiles
    output_tokens: float | None
