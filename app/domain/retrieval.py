"""Questions put to the index and the passages that come back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from app.domain.documents import Collection

Vector = npt.NDArray[np.float32]

# Embeds a question with the model of a collection.
EmbedQuery = Callable[[Collection, str], Awaitable[Vector]]


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    VECTOR = "vector"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Query:
    """A retrieval request within one tenant and collection.

    `filter` is equality on document metadata; `retrieval` replaces some of the collection's settings of that name.
    """

    tenant: str
    collection: str
    text: str
    top_k: int = 5
    mode: SearchMode = SearchMode.HYBRID
    filter: Mapping[str, Any] = field(default_factory=dict)
    retrieval: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A passage found. `score` orders results; `scores` holds each arm's by its name, and a reranker's logit.

    `document_date` is ISO 8601: the date that the file states, else that of its upload. `unread` are the places in
    the file that were not read: "pages 2-5, notes.zip".
    """

    chunk_id: int
    document_id: UUID
    filename: str
    page: int | None
    section: str | None
    text: str
    score: float
    scores: Mapping[str, float]
    ordinal: int = 0
    token_count: int = 0
    document_date: str | None = None
    unread: str | None = None


class Candidate(NamedTuple):
    """The ranking of one arm, before fusion. A document id as text takes less time to read than a UUID."""

    chunk_id: int
    document_id: str
    score: float


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm's candidates, best first. `exhausted`: fewer matched than were asked for."""

    candidates: tuple[Candidate, ...]
    exhausted: bool


@dataclass(frozen=True, slots=True)
class Term:
    """A lexeme of a question: where it occurs there, and how many chunks of the collection hold it.

    One without a place is not looked for in texts, but in a field: `12/name:roe` in what people call a document of
    collection 12, `12/page:3` among the pages of its chunks.
    """

    lexeme: str
    positions: tuple[int, ...]
    chunk_count: int

    @property
    def occurrences(self) -> int:
        return len(self.positions)

    @property
    def field(self) -> str:
        """`name` or `page`, empty for a word of the text."""
        return "" if self.positions else self.lexeme.partition("/")[2].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A question's terms with the statistics snapshot they were looked up in.

    `average_length` is in bytes of a chunk's text.
    """

    snapshot: int
    chunk_count: int
    average_length: float
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class LexicalPlan:
    """How the lexical arm finds and scores chunks.

    Attributes:
        matches: tsqueries of which a candidate must match one. At most `max_matches` of them are scored.
        weights: the most that each lexeme, quoted as a tsquery, adds to a score.
        saturation, saturation_per_byte: a term that occurs tf times in a text of n bytes gives its weight times
            tf / (tf + saturation + n * saturation_per_byte).
    """

    matches: tuple[str, ...]
    max_matches: int
    weights: tuple[tuple[str, float], ...]
    saturation: float
    saturation_per_byte: float


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Fused results and their evidence, by which the cache knows when they go stale.

    `lexemes` carry their collection's prefix, as they are indexed. `snapshot` is the lexeme statistics'
    version that the lexical scores belong to; scores of two snapshots cannot be compared. `unscored`: a reranker
    should have ordered the results, but gave no scores in time. `shortened`: the middle of the question was not
    embedded, since the embedding model does not read as much.
    """

    results: tuple[ScoredChunk, ...]
    vector: ArmResult | None
    lexical: ArmResult | None
    query_vector: Vector | None
    lexemes: tuple[str, ...]
    corpus_version: int
    timings_ms: Mapping[str, float]
    plan: LexicalPlan | None = None
    snapshot: int | None = None
    unscored: bool = False
    shortened: bool = False


@dataclass(frozen=True, slots=True)
class ServedMatch:
    """A question that got another question's result, with the partition and the entry of that result."""

    query_id: UUID
    segment: str
    tenant: str
    partition: str
    cache_key: str
    query_text: str
    matched_query: str
    similarity: float
