"""The two arms of a search. Each holds a connection of its own, so they run at once."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.db.database import Database, PooledConnection
from app.db.search import lexical_index, vector_index
from app.domain.documents import Collection
from app.domain.retrieval import ArmResult, Candidate, EmbedQuery, LexicalPlan, Lexicon, Vector
from app.errors import InputTooLong
from app.retrieval import lexical
from app.retrieval.selectivity import Selectivity
from app.telemetry import tracing


@dataclass(frozen=True, slots=True)
class RetrieverQuery:
    """What both arms are asked. `timings` is filled in milliseconds by stage; `ef_search` as in the settings."""

    collection: Collection
    text: str
    depth: int
    filter: Mapping[str, Any]
    selectivity: Selectivity | None
    timings: dict[str, float]
    ef_search: int | None = None


class VectorRetriever:
    """The chunks nearest in meaning."""

    def __init__(self, database: Database, embed_query: EmbedQuery) -> None:
        self._database = database
        self._embed_query = embed_query

    async def run(self, ask: RetrieverQuery) -> tuple[Vector, ArmResult]:
        with timed(ask.timings, "embed"):
            vector = await self._embed(ask.collection, ask.text)
        with timed(ask.timings, "vector"):
            async with self._database.reading() as connection:
                candidates = await self._nearest(connection, ask, vector)
        return vector, _result(candidates, ask.depth)

    async def _nearest(self, connection: PooledConnection, ask: RetrieverQuery, vector: Vector) -> list[Candidate]:
        space = ask.collection.space
        if ask.selectivity is None or not ask.selectivity.scan_vectors(ask.depth):
            found = await vector_index.nearest(
                connection, space, vector, limit=ask.depth, metadata=ask.filter, ef_search=ask.ef_search
            )
            if len(found) == ask.depth:
                return found
        # The graph gives up after a while, so too few found is no proof that there are no more.
        return await vector_index.nearest_exactly(
            connection, ask.collection.id, space, vector, limit=ask.depth, metadata=ask.filter
        )

    async def _embed(self, collection: Collection, text: str) -> Vector:
        """Embed the text, or as much of its beginning as the model takes."""
        while True:
            try:
                return await self._embed_query(collection, text)
            except InputTooLong:
                shorter = text[: len(text) * 2 // 3].rpartition(" ")[0] or text[: len(text) * 2 // 3]
                if not shorter.strip():
                    raise
                text = shorter


class LexicalRetriever:
    """The chunks that share the rarest words with the question, by BM25."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, ask: RetrieverQuery) -> tuple[Lexicon, LexicalPlan | None, ArmResult]:
        with timed(ask.timings, "lexical"):
            async with self._database.reading() as connection:
                lexicon = await self._look_up(connection, ask)
                plan = _plan(ask, lexicon)
                found = await self._rank(connection, ask, plan) if plan is not None else []
                return lexicon, plan, _result(found, ask.depth)

    async def _look_up(self, connection: PooledConnection, ask: RetrieverQuery) -> Lexicon:
        collection = ask.collection
        found = await lexical_index.look_up(connection, collection.id, collection.language, ask.text)
        if found is None:
            await lexical_index.refresh_statistics(connection, collection.id)
            found = await lexical_index.look_up(connection, collection.id, collection.language, ask.text)
        assert found is not None, "a refresh leaves a snapshot behind"
        return found

    async def _rank(self, connection: PooledConnection, ask: RetrieverQuery, plan: LexicalPlan) -> list[Candidate]:
        if ask.selectivity is not None and ask.selectivity.scan_words:
            return await lexical_index.rank_within(
                connection, ask.collection.id, plan, limit=ask.depth, metadata=ask.filter
            )
        return await lexical_index.rank(connection, plan, limit=ask.depth, metadata=ask.filter)


def _plan(ask: RetrieverQuery, lexicon: Lexicon) -> LexicalPlan | None:
    scan = ask.selectivity is not None and ask.selectivity.scan_words
    share = ask.selectivity.share if ask.selectivity else 1.0
    return lexical.plan(lexicon, max_terms=lexical_index.MAX_TERMS, share=share, any_match=scan)


def _result(candidates: list[Candidate], depth: int) -> ArmResult:
    return ArmResult(tuple(candidates), exhausted=len(candidates) < depth)


@contextmanager
def timed(timings: dict[str, float], stage: str, *, span: str = "") -> Iterator[None]:
    """Note how many milliseconds the block takes, in a span of its own."""
    began = time.perf_counter()
    try:
        with tracing.span(span or f"retrieval.{stage}"):
            yield
    finally:
        timings[stage] = round((time.perf_counter() - began) * 1000, 3)
