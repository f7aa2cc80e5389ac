"""Hybrid search: both arms at once, one ranking, the passages with what they rest on."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from app.concurrency.task_group import FirstErrorTaskGroup
from app.db.database import Database
from app.db.search import passages
from app.domain.documents import Collection
from app.domain.retrieval import EmbedQuery, Lexicon, Query, Retrieval, ScoredChunk, SearchMode
from app.errors import InvalidInput
from app.retrieval import exact_phrase_boost, lexical
from app.retrieval.exact_phrase_boost import Phrase
from app.retrieval.fusion import LEXICAL, Fused, fuse, lexical_unit
from app.retrieval.selection import select
from app.retrieval.settings import RetrievalSettings
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.reranking import RERANKERS, Reranking
from app.services.search.retrievers import (
    LexicalRetriever,
    RetrieverQuery,
    VectorRetriever,
    timed,
)
from app.services.search.selectivities import Selectivities

MAX_QUERY_CHARS = 20_000
MAX_TOP_K = 100

# How many candidates each arm gives at least where both are fused or a filter applies; without one a graph looks
# at as many by itself. And how many are read for each result wanted.
DEPTH = 100
POOL = 4

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Collections(Protocol):
    async def resolve(self, tenant: str, name: str) -> Collection: ...


class SearchService:
    """Answers queries against one collection at a time, each as its `RetrievalSettings` say."""

    def __init__(
        self,
        database: Database,
        collections: Collections,
        embed_query: EmbedQuery,
        statistics: LexemeStatistics,
        observe: Callable[[SearchMode, Retrieval], None] = lambda _mode, _retrieval: None,
    ) -> None:
        self._database = database
        self._collections = collections
        self._statistics = statistics
        self._observe = observe
        self._vector = VectorRetriever(database, embed_query)
        self._lexical = LexicalRetriever(database)
        self._selectivities = Selectivities(database)

    async def search(self, query: Query) -> Retrieval:
        """Find the `top_k` best passages.

        Raises:
            InvalidInput: a query without text, too long, or a filter that is no JSON.
            NotFound: there is no such collection.
            ModelError: the query cannot be embedded.
            StoreUnavailable: Postgres is away.
        """
        text = checked(query)
        timings: dict[str, float] = {}
        with timed(timings, "total", span=f"retrieval {query.collection}"):
            # Its corpus version is read before the arms run: a change in between makes the result too old.
            found = await self._collections.resolve(query.tenant, query.collection)
            collection = found.searched_as(query.retrieval)
            self._statistics.observe(collection)
            retrieval = await self._search(query, text, collection, timings)
        self._observe(query.mode, retrieval)
        return retrieval

    async def _search(
        self, query: Query, text: str, collection: Collection, timings: dict[str, float]
    ) -> Retrieval:
        depth = max(DEPTH if query.mode is SearchMode.HYBRID or query.filter else 0, POOL * query.top_k)
        keeps = await self._selectivities.of(collection, query.filter)
        settings = RetrievalSettings.of(collection.settings)
        ask = RetrieverQuery(collection, text, depth, query.filter, keeps, timings, settings.ef_search)
        async with FirstErrorTaskGroup() as group:
            meaning = group.create_task(self._vector.run(ask)) if query.mode is not SearchMode.LEXICAL else None
            words = group.create_task(self._lexical.run(ask)) if query.mode is not SearchMode.VECTOR else None
        query_vector, nearest = meaning.result() if meaning else (None, None)
        lexicon, plan, matched = words.result() if words else (None, None, None)
        with timed(timings, "fuse"):
            fused = fuse(vector=nearest, lexical=matched, depth=depth, lexical_weight=settings.lexical_weight)
        asked = None
        if nearest and nearest.candidates and matched and matched.candidates and lexicon and plan:
            unit = lexical_unit(matched, depth=depth, lexical_weight=settings.lexical_weight)
            asked = Reranking(text, lexicon, plan, unit)
        with timed(timings, "fetch"):
            phrase = Phrase.of(text) if query.mode is SearchMode.HYBRID else None
            reading = _reading(fused, POOL * query.top_k, phrase, lexicon)
            results = await self._results(settings, reading, text, query.top_k, phrase, asked)
        return Retrieval(
            results=results,
            vector=nearest,
            lexical=matched,
            query_vector=query_vector,
            lexemes=tuple(term.lexeme for term in lexicon.terms) if lexicon else (),
            corpus_version=collection.corpus_version,
            timings_ms=timings,
            plan=plan,
            snapshot=lexicon.snapshot if lexicon else None,
        )

    async def _results(
        self,
        settings: RetrievalSettings,
        reading: "_Reading",
        text: str,
        top_k: int,
        phrase: Phrase | None,
        asked: Reranking | None,
    ) -> tuple[ScoredChunk, ...]:
        async with self._database.reading() as connection:
            found = await passages.fetch(
                connection,
                [item.chunk_id for item in reading.pool],
                matching=[item.chunk_id for item in reading.further],
                match=reading.match,
            )
            ranked = [
                _scored(found[item.chunk_id], item)
                for item in (*reading.pool, *reading.further)
                if item.chunk_id in found
            ]
            if phrase is not None:
                ranked = exact_phrase_boost.raised(ranked, phrase)[: POOL * top_k]
            reranker = RERANKERS.get(settings.reranker)
            if asked is not None and reranker is not None:
                ranked = await reranker.rerank(connection, asked, ranked)
        return tuple(select(ranked, top_k=top_k, question=text, repeat_penalty=settings.repeat_penalty))


@dataclass(frozen=True, slots=True)
class _Reading:
    """Candidates to read, and further ones to read if they match a tsquery, both best first."""

    pool: Sequence[Fused]
    further: Sequence[Fused]
    match: str


def _reading(fused: Sequence[Fused], size: int, phrase: Phrase | None, lexicon: Lexicon | None) -> _Reading:
    """A pool of so many, and where a phrase is looked for, those that can hold it since they hold its lexemes."""
    if phrase is None:
        return _Reading(fused[:size], (), "")
    if lexicon is None or not lexicon.terms:
        return _Reading(fused[: max(size, exact_phrase_boost.DEPTH)], (), "")
    further = [item for item in fused[size : exact_phrase_boost.DEPTH] if LEXICAL in item.scores]
    return _Reading(fused[:size], further, lexical.match_all(lexicon))


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
    )


def checked(query: Query) -> str:
    """The query's text without what Postgres and UTF-8 cannot hold."""
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
