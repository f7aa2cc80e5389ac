"""Events of an ingestion while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.documents import Document, Stage


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """`done` of `total` chunks have their embedding.

    Until the document is split, `total` grows and no end is foretold.
    """

    stage: Stage | None
    done: int
    total: int
    embeddings_per_second: float | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class IngestDone:
    document: Document


@dataclass(frozen=True, slots=True)
class IngestFailed:
    problem: Mapping[str, Any]


IngestEvent = IngestProgress | IngestDone | IngestFailed
