"""Whether an entry still equals what a fresh computation would give, after documents have changed.

Retrieval ranks the candidates of each arm, and everything after it sees only those. So a result can change
only if a document among its candidates changed, or if a new chunk would have ranked among them. Any doubt
counts as a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class MalformedEvidence(ValueError):
    """Stored evidence that cannot be read."""


@dataclass(frozen=True, slots=True)
class ArmEvidence:
    """The end of one arm's candidate list.

    `last_score` is the score of its last candidate, None if there was none. `exhausted`: fewer matched than
    were asked for, so that any further match would have entered.
    """

    last_score: float | None
    exhausted: bool

    def admits(self, score: float, slack: float = 0.0) -> bool:
        """Whether a match of this score would have been a candidate; a tie would."""
        return self.exhausted or self.last_score is None or score >= self.last_score - slack


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a result rests on.

    Attributes:
        corpus_version: the collection's version read before retrieval began.
        chunks: ids of every candidate of every arm, not of the results alone.
        documents: ids of the documents those chunks belong to.
        vector: the vector arm's end, None if it was not used; `lexical` likewise.
        query_vector: little-endian float32, empty without a vector arm.
        lexemes: what the lexical arm searched for.
        filters: the metadata filter a new chunk would have to pass.
        parameters: what else the change log needs to rank a chunk, such as the embedding space's id.
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
    """What happened to a collection in a range of versions.

    `documents` were replaced, deleted, or had their metadata changed; `added` tells whether any chunk became
    visible, by a new document or by a new version of one.
    """

    documents: frozenset[str]
    added: bool


class ChangeLog(Protocol):
    """The history of a collection, as the database has it."""

    async def changes(self, collection: int, after: int, upto: int) -> ChangeSet | None:
        """Return the changes in versions (after, upto], or None if that history is no longer complete."""

    async def admits(self, collection: int, after: int, upto: int, evidence: Evidence) -> bool:
        """Tell whether a chunk made visible in (after, upto] would have been a candidate of either arm.

        A chunk that does not match `evidence.filters` would not. Where the answer is uncertain it is True.
        """


class EvidenceVerdict(StrEnum):
    FRESH = "fresh"
    STALE = "stale"


class FreshnessGuard:
    """Decides whether an entry can be carried forward to a later version of its collection."""

    def __init__(self, changes: ChangeLog) -> None:
        self._changes = changes

    async def assess(self, collection: int, evidence: Evidence, upto: int) -> EvidenceVerdict:
        """Return FRESH only if the result at version `upto` is provably the one the evidence belongs to.

        Raises what the change log raises when it cannot be asked.
        """
        after = evidence.corpus_version
        if after >= upto:
            return EvidenceVerdict.FRESH
        changes = await self._changes.changes(collection, after, upto)
        if changes is None or not changes.documents.isdisjoint(evidence.documents):
            return EvidenceVerdict.STALE
        if changes.added and await self._changes.admits(collection, after, upto, evidence):
            return EvidenceVerdict.STALE
        return EvidenceVerdict.FRESH
