"""`localchat tune`: recall and latency of a collection's graph against an exact search, by its settings.

A collection's own questions are asked, or passages of its own. One connection does one thing at a time and rests
after each for as long as it took, so that users hardly notice.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.db.database import SEARCH_SETTINGS, Database, PooledConnection
from app.db.operations import tuning
from app.db.operations.tuning import GraphSettings
from app.db.search.spaces import SpaceGone, present, vectors_table
from app.db.tables import collections
from app.domain.documents import Collection
from app.domain.retrieval import Vector
from app.errors import Conflict, InvalidInput, LocalChatError
from app.retrieval import recall
from app.retrieval.recall import RecallPoint
from app.retrieval.settings import RETRIEVAL, RetrievalSettings
from app.services.operations import recall_benchmark
from app.services.operations.recall_benchmark import FEWEST_QUESTIONS, BenchmarkQuery

EF_SEARCH = (10, 20, 40, 60, 80, 100, 150, 200, 300, 400, 600, 800)

# Fewer passages are compared in full as fast as a graph leads to the nearest.
FEWEST_CHUNKS = 1000
EmbedQuestions = Callable[[Collection, Sequence[str]], Awaitable[Sequence[Vector]]]
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TuningPlan:
    """The settings to try.

    Attributes:
        questions: how many to ask.
        target: share of the ten nearest that must be found.
        seconds: to measure for, without the time that graphs take to build.
        graphs: to build and try besides the one in use.
    """

    questions: int = 200
    target: float = 0.97
    seconds: float = 120.0
    graphs: Sequence[GraphSettings] = ()


@dataclass(frozen=True, slots=True)
class TuningReport:
    """`source`: "questions" or "passages". `best` is None where nothing tried is good enough. Milliseconds."""

    collection: Collection
    chunks: int
    source: str
    asked: int
    target: float
    exact_p50_ms: float
    exact_p95_ms: float
    graph: GraphSettings
    ef_search: int
    trials: Sequence[RecallPoint]
    best: RecallPoint | None


class TuningService:
    """
    Args:
        database: of which one connection is used.
        embed: embeds questions in a collection's space.
        cache_table: where questions are kept.
        told: receives the current step, for people.
    """

    def __init__(
        self,
        database: Database,
        embed: EmbedQuestions,
        *,
        cache_table: str = "query_cache",
        told: Told = lambda _: None,
    ) -> None:
        self._database = database
        self._embed = embed
        self._cache_table = cache_table
        self._told = told

    async def measure(self, tenant: str, name: str, plan: TuningPlan) -> TuningReport:
        """Try every setting.

        Raises:
            NotFound: there is no such collection.
            InvalidInput: it holds too little to be tuned.
            Conflict: it is being tuned, or went to another model meanwhile.
        """
        async with self._database.connection() as connection:
            collection = await collections.require(connection, tenant, name)
            await tuning.gentle(connection)
            try:
                async with tuning.alone(connection, collection.space.id) as held:
                    if not held:
                        raise Conflict(f"{name!r} is being tuned already.")
                    with present():
                        return await self._measure(connection, collection, plan)
            except SpaceGone:
                raise Conflict(f"{name!r} went to another embedding model meanwhile; tune it again.") from None

    async def apply(self, report: TuningReport) -> None:
        """Let every replica search by the best setting from now on.

        Raises:
            InvalidInput: nothing is good enough.
            Conflict: the collection is gone, or has another embedding model than was measured.
        """
        best, collection = report.best, report.collection
        if best is None:
            raise InvalidInput(
                f"Nothing that was tried finds {report.target:.1%} of the nearest; nothing is changed."
            )
        graph = GraphSettings(best.m, best.ef_construction)
        if graph != report.graph:
            await self._put_into_use(collection, graph)
        async with self._database.transaction() as connection:
            now = await collections.lock(connection, collection.tenant, collection.name)
            if now is None or now.space.id != collection.space.id:
                raise Conflict(f"{collection.name!r} is gone, or went to another embedding model meanwhile.")
            settings = {**now.settings.get(RETRIEVAL, {}), "ef_search": best.ef_search}
            await collections.update(connection, now.tenant, now.name, settings={RETRIEVAL: settings})

    async def _put_into_use(self, collection: Collection, graph: GraphSettings) -> None:
        self._told(f"building a graph of m {graph.m}, ef_construction {graph.ef_construction} for use")
        space_id = collection.space.id
        try:
            async with self._database.connection() as connection, tuning.alone(connection, space_id) as held:
                if not held:
                    raise Conflict(f"{collection.name!r} is being tuned already.")
                await tuning.replace_graph(connection, space_id, graph)
        except SpaceGone:
            raise Conflict(f"{collection.name!r} went to another embedding model meanwhile.") from None

    async def _measure(
        self, connection: PooledConnection, collection: Collection, plan: TuningPlan
    ) -> TuningReport:
        chunks = await tuning.count(connection, collection.space.id)
        if chunks < FEWEST_CHUNKS:
            raise InvalidInput(
                f"{collection.name!r} holds {chunks} passages with a vector. Below {FEWEST_CHUNKS:,} there is "
                "nothing to tune: comparing all of them takes no longer."
            )
        source, questions = await self._questions(connection, collection, plan.questions)
        self._told(f"comparing every vector with {len(questions)} {source}")
        questions, exact = await recall_benchmark.exactly(connection, collection, questions, plan.seconds / 2)
        graph = await tuning.graph_of(connection, collection.space.id)
        now = RetrievalSettings.of(collection).ef_search or int(SEARCH_SETTINGS["hnsw.ef_search"])
        efforts = sorted({*EF_SEARCH, now})
        self._told(f"searching the graph in use with {len(questions)} {source}")
        tried, asked = await recall_benchmark.attempt(
            connection,
            vectors_table(collection.space.id),
            graph,
            questions,
            efforts,
            seconds=plan.seconds / 2 / (1 + len(plan.graphs)),
        )
        others = [other for other in dict.fromkeys(plan.graphs) if other != graph]
        if others:
            async with tuning.copied(connection, collection.space.id) as table:
                for other in others:
                    self._told(f"building a graph of m {other.m}, ef_construction {other.ef_construction}")
                    await tuning.build(connection, table, other)
                    # The same questions, whatever time they take, so that the graphs can be compared.
                    more, _ = await recall_benchmark.attempt(
                        connection, table, other, questions[:asked], efforts, seconds=math.inf
                    )
                    tried += more
        return TuningReport(
            collection=collection,
            chunks=chunks,
            source=source,
            asked=asked,
            target=plan.target,
            exact_p50_ms=exact[0],
            exact_p95_ms=exact[1],
            graph=graph,
            ef_search=now,
            trials=tried,
            best=recall.best(tried, target=plan.target),
        )

    async def _questions(
        self, connection: PooledConnection, collection: Collection, limit: int
    ) -> tuple[str, Sequence[BenchmarkQuery]]:
        texts = await tuning.stored_questions(connection, collection, self._cache_table, limit)
        if len(texts) >= FEWEST_QUESTIONS:
            try:
                vectors = await self._embed(collection, texts)
            except LocalChatError as error:
                self._told(f"{len(texts)} stored questions cannot be embedded ({error.detail}): passages are asked")
            else:
                return "questions", [BenchmarkQuery(vector, None) for vector in vectors]
        sampled = await tuning.sampled(connection, collection.space.id, limit)
        return "passages", [BenchmarkQuery(vector, chunk_id) for chunk_id, vector in sampled]
