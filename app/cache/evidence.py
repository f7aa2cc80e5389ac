"""The evidence of a result: the candidates and scores that a change of documents must touch to alter it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Freshness(StrEnum):
    """UNPROVEN: neither fresh nor stale can be shown, so the entry is kept and not served."""

    FRESH = "fresh"
    STALE = "stale"
    UNPROVEN = "unproven"


class MalformedEvidence(ValueError):
    """The stored evidence cannot be read."""


@dataclass(frozen=True, slots=True)
class ArmEvidence:
    """The end of the candidate list of one retriever.

    `last_score` is the score of the last candidate, None without candidates. `exhausted`: fewer chunks matched than
    were asked for, so any further match would have become a candidate.
    """

    last_score: float | None
    exhausted: bool

    def admits(self, score: float, slack: float = 0.0) -> bool:
        """Whether a match of this score would have been a candidate. A tie would."""
        return self.exhausted or self.last_score is None or score >= self.last_score - slack


@dataclass(frozen=True, slots=True)
class Evidence:
    """The candidates that a result was chosen from, and the bar that a new chunk would have to pass.

    Attributes:
        corpus_version: the collection's version, read before retrieval began.
        chunks: ids of every candidate of every retriever, not of the results alone.
        documents: ids of the documents that the chunks belong to.
        vector: the end of the vector retriever's list, None if it did not run; `lexical` likewise.
        query_vector: little-endian float32, empty if the vector retriever did not run.
        lexemes: the lexemes that the lexical retriever searched for.
        filters: the metadata filter that a new chunk would have to pass.
        parameters: further input that the change log needs to rank a chunk, such as the embedding space's id.
            `statistics` among them is the snapshot of corpus statistics that the lexical scores belong to.
    """

    corpus_version: int
    chunks: tuple[int, ...] = ()
    documents: tuple[str, ...] = ()
    vector: ArmEvidence | None = None
    lexical: ArmEvidence | None = None
    query_vector: bytes = b""
    lexemes: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def scored_by(self, statistics: str | None) -> bool:
        """Whether the scores are those of a snapshot of statistics. None: any is as good."""
        return statistics is None or self.parameters.get("statistics") in (None, statistics)

    def to_plain(self) -> tuple[Any, ...]:
        return (
            self.corpus_version,
            self.chunks,
            self.documents,
            self.vector and (self.vector.last_score, self.vector.exhausted),
            self.lexical and (self.lexical.last_score, self.lexical.exhausted),
            self.query_vector,
            self.lexemes,
            dict(self.filters),
            dict(self.parameters),
        )

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "Evidence":
        """Raise MalformedEvidence unless `plain` came from `to_plain`."""
        try:
            version, chunks, documents, vector, lexical, query_vector, lexemes, filters, parameters = plain
            return cls(
                corpus_version=int(version),
                chunks=tuple(chunks),
                documents=tuple(documents),
                vector=ArmEvidence(*vector) if vector else None,
                lexical=ArmEvidence(*lexical) if lexical else None,
                query_vector=bytes(query_vector),
                lexemes=tuple(lexemes),
                filters=dict(filters),
                parameters=dict(parameters),
            )
        except (TypeError, ValueError) as error:
            raise MalformedEvidence(str(error)) from error


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The changes of a collection in a range of versions.

    `documents` were replaced or deleted, or their metadata changed. `added`: some chunk became visible, by a new
    document or by a new version of one.
    """

    documents: frozenset[str]
    added: bool
