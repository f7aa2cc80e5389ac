"""Hybrid search: two retrievers at once, one ranking, and the passages with their evidence."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import orjson

from app.concurrency.task_group import FirstErrorTaskGroup
from app.db.database import Database, PooledConnection
from app.db.search import passages
from app.db.search.filters import Predicate, predicate_of
from app.domain.documents import Collection
from app.domain.filters import MalformedFilter
from app.domain.retrieval import ArmResult, EmbedQuery, Query, Retrieval, ScoredChunk, SearchMode
from app.errors import InvalidInput
from app.retrieval import exact_phrase_boost, lexical, named_document_boost
from app.retrieval.cross_encoder_order import CROSS_ENCODER
from app.retrieval.cross_encoder_order import DEPTH as READ_AGAIN
from app.retrieval.exact_phrase_boost import Phrase
from app.retrieval.fusion import LEXICAL, Fused, fuse, lexical_unit
from app.retrieval.named_document_boost import NamedDocuments
from app.retrieval.selection import select
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.reranking import RERANKERS
from app.services.search.retrievers import LexicalMatches, LexicalRetriever, VectorRetriever
from app.services.search.run import SearchRun, timed
from app.services.search.selectivities import Selectivities

MAX_QUERY_CHARS = 20_000
MAX_TOP_K = 100

# DEPTH: the fewest candidates of each retriever, where both are fused or a filter applies; otherwise a graph looks
# at as many by itself. POOL: the candidates that are read for each wanted result.
DEPTH = 100
POOL = 4

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Collections(Protocol):
    async def resolve(self, tenant: str, name: str) -> Collection: ...


class Ordered(Protocol):
    """Passages as a reranker orders them. `unscored`: it should have, but gave no scores in time."""

    @property
    def passages(self) -> tuple[ScoredChunk, ...]: ...
    @property
    def unscored(self) -> bool: ...


class Ranker(Protocol):
    async def rank(self, question: str, passages: Sequence[ScoredChunk]) -> Ordered: ...


class SearchService:
    """Searches one collection for passages, by its `RetrievalSettings`.

    Example, in a collection of three documents about animals:

    >>> from app.domain.retrieval import Query
    >>> async def example(search: SearchService) -> None:
    ...     found = await search.search(Query("default", "animals", "which cats purr", top_k=1))
    ...     for passage in found.results:
    ...         print(passage.filename, passage.text)
    >>> run(example)
    cats.md Cats purr when cats are content.

    Args:
        database: holds the chunks.
        collections: finds a collection by its name.
        embed_query: embeds a question with the model of a collection.
        statistics: the lexeme statistics of collections.
        ranker: reads passages again with the question, where a collection or a query wants it.
        observe: receives each search that ran, with its mode.
    """

    def __init__(
        self,
        database: Database,
        collections: Collections,
        embed_query: EmbedQuery,
        statistics: LexemeStatistics,
        observe: Callable[[SearchMode, Retrieval], None] = lambda _mode, _retrieval: None,
        *,
        ranker: Ranker | None = None,
    ) -> None:
        self._database = database
        self._ranker = ranker
        self._collections = collections
        self._statistics = statistics
        self._observe = observe
        self._vector = VectorRetriever(database, embed_query)
        self._lexical = LexicalRetriever(database)
        self._selectivities = Selectivities(database)

    async def search(self, query: Query) -> Retrieval:
        """Find the `top_k` best passages.

        Raises:
            InvalidInput: the query has no text or is too long, or its filter is not JSON.
            NotFound: there is no such collection.
            ModelError: the query cannot be embedded.
            StoreUnavailable: Postgres does not answer.
        """
        query = replace(query, text=checked(query))
        timings: dict[str, float] = {}
        with timed(timings, "total", span=f"retrieval {query.collection}"):
            # The corpus version is read before the retrievers run, so a change in between makes the result stale.
            found = await self._collections.resolve(query.tenant, query.collection)
            collection = found.searched_as(query.retrieval)
            self._statistics.observe(collection)
            depth = max(DEPTH if query.mode is SearchMode.HYBRID or query.filter else 0, POOL * query.top_k)
            where = _predicate(query)
            selectivity = await self._selectivities.of(collection, where)
            retrieval = await self._run(SearchRun(query, collection, depth, where, selectivity, timings))
        self._observe(query.mode, retrieval)
        return retrieval

    async def _run(self, search: SearchRun) -> Retrieval:
        mode, depth, weight = search.query.mode, search.depth, search.settings.lexical_weight
        async with FirstErrorTaskGroup() as group:
            meaning = group.create_task(self._vector.run(search)) if mode is not SearchMode.LEXICAL else None
            words = group.create_task(self._lexical.run(search)) if mode is not SearchMode.VECTOR else None
        vector = meaning.result() if meaning else None
        matches = words.result() if words else None
        nearest = vector.found if vector else None
        matched = matches.found if matches else None
        with timed(search.timings, "fuse"):
            fused = fuse(vector=nearest, lexical=matched, depth=depth, lexical_weight=weight)
        results, unscored = await self._results(search, fused, nearest, matches)
        return Retrieval(
            results=results,
            vector=nearest,
            lexical=matched,
            query_vector=vector.vector if vector else None,
            lexemes=tuple(term.lexeme for term in matches.lexicon.terms) if matches else (),
            corpus_version=search.collection.corpus_version,
            timings_ms=search.timings,
            plan=matches.plan if matches else None,
            snapshot=matches.lexicon.snapshot if matches else None,
            unscored=unscored,
            shortened=vector.shortened if vector else False,
        )

    async def _results(
        self,
        search: SearchRun,
        fused: Sequence[Fused],
        nearest: ArmResult | None,
        matches: LexicalMatches | None,
    ) -> tuple[tuple[ScoredChunk, ...], bool]:
        """Read the best candidates, rank them by their text, and choose. True: a reranker's scores are missing."""
        query = search.query
        ranker = self._ranker if search.settings.reranker == CROSS_ENCODER else None
        wanted = query.top_k if ranker is None else max(query.top_k, READ_AGAIN)
        size = POOL * wanted
        phrase = Phrase.of(query.text) if query.mode is SearchMode.HYBRID else None
        with timed(search.timings, "fetch"):
            async with self._database.reading() as connection:
                ranked = await _read(connection, _reading(fused, size, phrase, matches))
        if query.mode is SearchMode.HYBRID:
            ranked = named_document_boost.raised(ranked, NamedDocuments(query.text))
        if phrase is not None:
            ranked = exact_phrase_boost.raised(ranked, phrase)[:size]
        if nearest and nearest.candidates and matches and matches.found.candidates:
            ranked = await self._rerank(search, ranked, matches)
        penalty = search.settings.repeat_penalty
        chosen = select(ranked, top_k=wanted, question=query.text, repeat_penalty=penalty)
        if ranker is None:
            return tuple(chosen), False
        with timed(search.timings, "rerank"):
            ordered = await ranker.rank(query.text, chosen)
        return ordered.passages[: query.top_k], ordered.unscored

    async def _rerank(
        self, search: SearchRun, ranked: list[ScoredChunk], matches: LexicalMatches
    ) -> list[ScoredChunk]:
        reranker = RERANKERS.get(search.settings.reranker)
        if reranker is None or matches.plan is None:
            return ranked
        unit = lexical_unit(matches.found, depth=search.depth, lexical_weight=search.settings.lexical_weight)
        with timed(search.timings, "rerank"):
            async with self._database.reading() as connection:
                return await reranker.rerank(
                    connection, ranked, lexicon=matches.lexicon, plan=matches.plan, unit=unit
                )


@dataclass(frozen=True, slots=True)
class _Reading:
    """Candidates to read, and further ones to read if they match the tsquery `match`, both best first."""

    pool: Sequence[Fused]
    further: Sequence[Fused]
    match: str


async def _read(connection: PooledConnection, reading: _Reading) -> list[ScoredChunk]:
    found = await passages.fetch(
        connection,
        [item.chunk_id for item in reading.pool],
        matching=[item.chunk_id for item in reading.further],
        match=reading.match,
    )
    candidates = (*reading.pool, *reading.further)
    return [_scored(found[item.chunk_id], item) for item in candidates if item.chunk_id in found]


def _reading(fused: Sequence[Fused], size: int, phrase: Phrase | None, matches: LexicalMatches | None) -> _Reading:
    """Read the `size` best, and for a phrase also the candidates that can hold it since they hold its lexemes."""
    if phrase is None:
        return _Reading(fused[:size], (), "")
    words = lexical.match_all(matches.lexicon) if matches else ""
    if not words:
        return _Reading(fused[: max(size, exact_phrase_boost.DEPTH)], (), "")
    further = [item for item in fused[size : exact_phrase_boost.DEPTH] if LEXICAL in item.scores]
    return _Reading(fused[:size], further, words)


def _scored(chunk: passages.Passage, fused: Fused) -> ScoredChunk:
    return ScoredChunk(
        chunk_id=chunk.chunk_id,
        document_id=chunk.document_id,
        filename=chunk.filename,
        page=chunk.page,
        section=chunk.section,
        text=chunk.text,
        score=fused.score,
        scores=fused.scores,
        ordinal=chunk.ordinal,
        token_count=chunk.token_count,
        document_date=chunk.document_date.isoformat(),
        unread=chunk.unread,
    )


def checked(query: Query) -> str:
    """Return the query's text without characters that Postgres or UTF-8 cannot hold."""
    text = _UNSTORABLE.sub(" ", query.text).strip()
    if not text:
        raise InvalidInput("The query has no text.")
    if len(text) > MAX_QUERY_CHARS:
        raise InvalidInput(f"The query is longer than {MAX_QUERY_CHARS} characters.")
    if not 1 <= query.top_k <= MAX_TOP_K:
        raise InvalidInput(f"top_k must be from 1 to {MAX_TOP_K}.")
    try:
        encoded = orjson.dumps(dict(query.filter))
    except TypeError as error:
        raise InvalidInput("The filter holds what JSON or UTF-8 cannot.") from error
    if b"\\u0000" in encoded:
        raise InvalidInput("The filter holds a NUL character.")
    return text


def _predicate(query: Query) -> Predicate | None:
    try:
        return predicate_of(query.filter)
    except MalformedFilter as error:
        raise InvalidInput(str(error)) from error
