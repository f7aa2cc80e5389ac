"""One query on its way through the stages of a search."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.db.search.filters import Predicate
from app.domain.documents import Collection
from app.domain.retrieval import Query
from app.retrieval.selectivity import Selectivity
from app.retrieval.settings import RetrievalSettings
from app.telemetry import tracing


@dataclass(frozen=True, slots=True)
class SearchRun:
    """A query with its collection, and how deep the retrievers look.

    Attributes:
        query: the query; its text is checked.
        collection: the collection, searched as the query wants it.
        depth: candidates that each retriever gives, if so many match.
        where: the query's filter in SQL; None without one.
        selectivity: how much the filter keeps; None without one.
        timings: milliseconds by stage, filled on the way.
    """

    query: Query
    collection: Collection
    depth: int
    where: Predicate | None = None
    selectivity: Selectivity | None = None
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> RetrievalSettings:
        return RetrievalSettings.of(self.collection)


@contextmanager
def timed(timings: dict[str, float], stage: str, *, span: str = "") -> Iterator[None]:
    """Record how many milliseconds the block takes, in a span of its own."""
    began = time.perf_counter()
    try:
        with tracing.span(span or f"retrieval.{stage}"):
            yield
    finally:
        timings[stage] = round((time.perf_counter() - began) * 1000, 3)
