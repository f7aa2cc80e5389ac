"""One collection with the service over it, ways to ask both and the bare database, and clocks for them."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import asyncpg
import numpy as np
import numpy.typing as npt
import psutil

from app.db.database import SEARCH_SETTINGS, Connection, Database, prepare_connection
from app.db.search import vector_index
from app.db.search.filters import predicate_of
from app.domain.documents import Collection
from app.domain.retrieval import Candidate, Query, SearchMode, Vector
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.retrievers import VectorRetriever
from app.services.search.run import SearchRun
from app.services.search.selectivities import Selectivities
from app.services.search.service import DEPTH, SearchService
from tests.performance.retrieval.data import Source, Stored
from tests.support.corpus import TENANT

TOP_K = 10
WARM_UP = 50
TRUTHS_AT_ONCE = 50

Call = Callable[[int], Awaitable[Sequence[int]]]
Nearest = Callable[[Vector], Awaitable[list[int]]]


class Bench:
    """One collection, the service over it, and ways to ask by a question's number."""

    def __init__(self, database: Database, stored: Stored, data: Source) -> None:
        self.database = database
        self.stored = stored
        self.data = data
        self.keeper = LexemeStatistics(database)
        self._vectors: dict[str, Vector] = dict(zip(data.questions, data.question_vectors, strict=True))
        self._selectivities = Selectivities(database)
        self._arm = VectorRetriever(database, self._embed)
        self._service = SearchService(database, self, self._embed, self.keeper)

    async def resolve(self, _tenant: str, _name: str) -> Collection:
        """The service's directory knows a collection without asking."""
        return self.stored.collection

    async def _embed(self, _collection: Collection, text: str) -> Vector:
        return self._vectors[text]

    def vector(self, question: int) -> Vector:
        return self._vectors[self.data.questions[question]]

    async def arm(self, question: int, depth: int = DEPTH) -> list[int]:
        collection = self.stored.collection
        query = Query(TENANT, collection.name, self.data.questions[question])
        matches = await self._arm.run(SearchRun(query, collection, depth))
        return _ids(matches.found.candidates)

    async def filtered(self, question: int, share: str) -> list[int]:
        """The vector arm by the plan that is chosen; the choice is remembered, as it is by a search."""
        collection, wanted = self.stored.collection, {share: True}
        where = predicate_of(wanted)
        keeps = await self._selectivities.of(collection, where)
        query = Query(TENANT, collection.name, self.data.questions[question], filter=wanted)
        matches = await self._arm.run(SearchRun(query, collection, DEPTH, where, keeps))
        return _ids(matches.found.candidates)

    async def search(self, question: int, mode: SearchMode) -> list[int]:
        query = Query(TENANT, self.stored.collection.name, self.data.questions[question], TOP_K, mode)
        results = (await self._service.search(query)).results
        assert results or mode is SearchMode.LEXICAL, "by meaning something is always near"
        return [result.chunk_id for result in results]

    def truths(self, questions: int, share: float = 1.0) -> list[set[int]]:
        """For each of the first questions, the nearest chunks by brute force, of those that a filter keeps."""
        kept = np.flatnonzero(self.stored.draws < share)
        vectors = self.stored.vectors if share >= 1 else self.stored.vectors[kept]
        found = []
        for start in range(0, questions, TRUTHS_AT_ONCE):
            asked = self.data.question_vectors[start : min(start + TRUTHS_AT_ONCE, questions)]
            for scores in asked @ vectors.T:
                best = np.argpartition(-scores, TOP_K)[:TOP_K] if len(kept) > TOP_K else np.arange(len(kept))
                found.append(set(self.stored.ids[kept[best]].tolist()))
        return found

    async def graph(self, question: int, share: str) -> list[int]:
        """What passes a filter by the statement for the graph, which the planner need not read it for."""
        space, where = self.stored.collection.space, predicate_of({share: True})
        async with self.database.connection() as connection:
            return _ids(
                await vector_index.nearest(connection, space, self.vector(question), limit=DEPTH, where=where)
            )

    async def scan(self, question: int, share: str) -> list[int]:
        """The same by a look at everything that passes."""
        collection, where = self.stored.collection, predicate_of({share: True})
        async with self.database.connection() as connection:
            return _ids(
                await vector_index.nearest_exactly(
                    connection,
                    collection.id,
                    collection.space,
                    self.vector(question),
                    limit=DEPTH,
                    where=where,
                )
            )


async def raw_client(
    url: str, table: str, ef_search: str
) -> tuple[Connection, Callable[[Vector], Awaitable[list[int]]]]:
    settings = {**SEARCH_SETTINGS, "hnsw.ef_search": ef_search}
    connection = await asyncpg.connect(url, server_settings=settings)
    await prepare_connection(connection)
    statement = await connection.prepare(
        f"SELECT chunk_id FROM {table} WHERE active ORDER BY embedding <=> $1 LIMIT {TOP_K}"
    )

    async def nearest(vector: Vector) -> list[int]:
        return [row[0] for row in await statement.fetch(vector)]

    return connection, nearest


async def interleaved(
    calls: Mapping[str, Call], truths: Sequence[set[int]]
) -> dict[str, tuple[npt.NDArray[np.float64], float]]:
    """Milliseconds of each call by question, asked in turns, and its recall of the truth."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    recalls: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for question in range(-WARM_UP, len(truths)):
        first = question % len(names)
        for name in names[first:] + names[:first]:
            began = time.perf_counter()
            found = await calls[name](abs(question))
            taken = (time.perf_counter() - began) * 1000
            if question >= 0:
                times[name].append(taken)
                wanted = truths[question]
                recalls[name].append(len(wanted.intersection(found[:TOP_K])) / len(wanted) if wanted else 1.0)
    return {name: (np.array(times[name]), float(np.mean(recalls[name]))) for name in calls}


async def processor_ms(call: Call, questions: int, server: Path) -> float:
    """What one call takes of processors, here and in the sessions of a server by its folder.

    Unlike its time it is much the same whatever else the machine does.
    """
    sessions = psutil.Process(int((server / "postmaster.pid").read_text().split()[0])).children()

    def used() -> float:
        spent = [Path(f"/proc/{session.pid}/schedstat").read_text() for session in sessions if session.is_running()]
        return time.process_time() * 1000 + sum(int(line.split()[0]) for line in spent) / 1e6

    began = used()
    for question in range(questions):
        await call(question)
    return (used() - began) / questions


def _ids(candidates: Sequence[Candidate]) -> list[int]:
    return [candidate.chunk_id for candidate in candidates]
