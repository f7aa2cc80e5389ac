"""The two retrievers of a search. Each takes a connection of its own, so they run at once."""

from functools import partial
from typing import NamedTuple

from app.db.database import Database, PooledConnection
from app.db.search import lexical_index, vector_index
from app.domain.documents import Collection
from app.domain.retrieval import ArmResult, Candidate, EmbedQuery, LexicalPlan, Lexicon, Vector
from app.errors import InputTooLong
from app.retrieval import lexical
from app.retrieval.references import pages_in, quarters_in
from app.services.search.run import SearchRun, timed


class VectorMatches(NamedTuple):
    """The vector of a question, and the candidates nearest to it. `shortened`: its middle was too long to embed."""

    vector: Vector
    found: ArmResult
    shortened: bool = False


class LexicalMatches(NamedTuple):
    """The words of a question with their statistics, and the candidates that hold them.

    `plan` is None if the question has no word to search for.
    """

    lexicon: Lexicon
    plan: LexicalPlan | None
    found: ArmResult


class VectorRetriever:
    """Finds the chunks nearest in meaning."""

    def __init__(self, database: Database, embed_query: EmbedQuery) -> None:
        self._database = database
        self._embed_query = embed_query

    async def run(self, search: SearchRun) -> VectorMatches:
        with timed(search.timings, "embed"):
            vector, shortened = await self._embed(search.collection, search.query.text)
        with timed(search.timings, "vector"):
            async with self._database.reading() as connection:
                candidates = await self._nearest(connection, search, vector)
        return VectorMatches(vector, _result(candidates, search.depth), shortened)

    async def _nearest(self, connection: PooledConnection, search: SearchRun, vector: Vector) -> list[Candidate]:
        space = search.collection.space
        if search.selectivity is None or not search.selectivity.scan_vectors(search.depth):
            found = await vector_index.nearest(
                connection,
                space,
                vector,
                limit=search.depth,
                where=search.where,
                ef_search=search.settings.ef_search,
            )
            if len(found) == search.depth:
                return found
        # The graph stops after a limit of its own, so too few candidates do not prove that there are no more.
        return await vector_index.nearest_exactly(
            connection, search.collection.id, space, vector, limit=search.depth, where=search.where
        )

    async def _embed(self, collection: Collection, text: str) -> tuple[Vector, bool]:
        """Embed the text, or as much of its beginning and its end as the model takes. True: it was shortened."""
        length = len(text)
        while True:
            read = text if length == len(text) else without_middle(text, length)
            try:
                return await self._embed_query(collection, read), length < len(text)
            except InputTooLong:
                length = length * 2 // 3
                if not without_middle(text, length).strip():
                    raise


def without_middle(text: str, length: int) -> str:
    """At most `length` characters, half of them from the beginning and half from the end, in whole words."""
    half = length // 2
    first, last = text[:half], text[len(text) - half :]
    return f"{first.rpartition(' ')[0] or first} {last.partition(' ')[2] or last}" if half else ""


class LexicalRetriever:
    """Finds the chunks that share the rarest words with the question, by BM25."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, search: SearchRun) -> LexicalMatches:
        with timed(search.timings, "lexical"):
            async with self._database.reading() as connection:
                lexicon = await self._look_up(connection, search)
                plan = _plan(search, lexicon)
                found = await self._rank(connection, search, plan) if plan is not None else []
                return LexicalMatches(lexicon, plan, _result(found, search.depth))

    async def _look_up(self, connection: PooledConnection, search: SearchRun) -> Lexicon:
        collection, text = search.collection, search.query.text
        look_up = partial(
            lexical_index.look_up,
            connection,
            search.collection.id,
            search.collection.language,
            " ".join([text, *quarters_in(text)]),
            pages_in(text),
        )
        found = await look_up()
        if found is None:
            await lexical_index.refresh_statistics(connection, collection.id)
            found = await look_up()
        assert found is not None, "a refresh leaves a snapshot behind"
        return found

    async def _rank(self, connection: PooledConnection, search: SearchRun, plan: LexicalPlan) -> list[Candidate]:
        if search.where is not None and search.selectivity is not None and search.selectivity.scan_words:
            return await lexical_index.rank_within(
                connection, search.collection.id, plan, limit=search.depth, where=search.where
            )
        return await lexical_index.rank(connection, plan, limit=search.depth, where=search.where)


def _plan(search: SearchRun, lexicon: Lexicon) -> LexicalPlan | None:
    scan = search.selectivity is not None and search.selectivity.scan_words
    share = search.selectivity.share if search.selectivity else 1.0
    return lexical.plan(lexicon, max_terms=lexical_index.MAX_TERMS, share=share, any_match=scan)


def _result(candidates: list[Candidate], depth: int) -> ArmResult:
    return ArmResult(tuple(candidates), exhausted=len(candidates) < depth)
