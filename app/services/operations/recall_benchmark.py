"""Asking a collection's vectors the same questions in several ways, and timing each.

One thing is done at a time, with a rest after each for as long as it took.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from statistics import mean

from app.db.database import PooledConnection
from app.db.operations.tuning import GraphSettings
from app.db.search import vector_index
from app.domain.documents import Collection
from app.domain.retrieval import Candidate, Vector
from app.retrieval import recall
from app.retrieval.recall import TOP, RecallPoint
from app.services.search.service import DEPTH, POOL

# Fewer questions say too little: with 20, one passage missed is half a percent.
FEWEST_QUESTIONS = 20


@dataclass(frozen=True, slots=True)
class BenchmarkQuery:
    """`own` is the passage that serves as the question, which is no answer. `exact` are the true neighbours."""

    vector: Vector
    own: int | None
    exact: Sequence[Candidate] = ()


async def exactly(
    connection: PooledConnection, collection: Collection, questions: Sequence[BenchmarkQuery], seconds: float
) -> tuple[Sequence[BenchmarkQuery], tuple[float, float]]:
    """As many of the questions as there is time for, with their true neighbours."""
    until, answered = time.monotonic() + seconds, list[BenchmarkQuery]()
    times: list[float] = []
    for question in questions:
        if time.monotonic() > until and len(answered) >= FEWEST_QUESTIONS:
            break
        found, took = await _timed(
            vector_index.nearest_exactly(
                connection, collection.id, collection.space, question.vector, limit=DEPTH, where=None
            )
        )
        times.append(took)
        answered.append(BenchmarkQuery(question.vector, question.own, _without(found, question.own)))
    return answered, recall.middle(times)


async def attempt(
    connection: PooledConnection,
    table: str,
    graph: GraphSettings,
    questions: Sequence[BenchmarkQuery],
    efforts: Sequence[int],
    *,
    seconds: float,
) -> tuple[list[RecallPoint], int]:
    """Ask the questions, each at every effort, in turns, so that whatever else the machine does falls on all.

    The ten nearest are looked for as a search by meaning alone does, which reads no further than it needs; the
    hundred, and the time, are those of the vector arm of a hybrid search. Returns how many there was time for, too.
    """
    until = time.monotonic() + seconds
    times: dict[int, list[float]] = {effort: [] for effort in efforts}
    shares: dict[int, list[tuple[float, float]]] = {effort: [] for effort in efforts}
    for place, question in enumerate(questions):
        if time.monotonic() > until and place >= FEWEST_QUESTIONS:
            break
        turn = place % len(efforts)
        # The widest search comes first, unmeasured, so that all find the same pages in memory.
        for measured, effort in enumerate((efforts[-1], *efforts[turn:], *efforts[:turn])):
            (few, _), (many, took) = [
                await _timed(
                    vector_index.nearest_in(
                        connection, table, question.vector, limit=limit, where=None, ef_search=effort
                    )
                )
                for limit in (POOL * TOP, DEPTH)
            ]
            if measured:
                times[effort].append(took)
                shares[effort].append(
                    (
                        recall.recall(_without(few, question.own), question.exact, TOP),
                        recall.recall(_without(many, question.own), question.exact, DEPTH),
                    )
                )
    trials = []
    for effort in efforts:
        top, depth = zip(*shares[effort], strict=True)
        trials.append(
            RecallPoint(
                graph.m, graph.ef_construction, effort, mean(top), mean(depth), *recall.middle(times[effort])
            )
        )
    return trials, len(times[efforts[0]])


async def _timed(search: Awaitable[list[Candidate]]) -> tuple[list[Candidate], float]:
    """The chunks found and the milliseconds that it took, after a rest of the same length."""
    began = time.perf_counter()
    found = await search
    took = time.perf_counter() - began
    await asyncio.sleep(took)
    return found, took * 1000


def _without(found: Sequence[Candidate], own: int | None) -> Sequence[Candidate]:
    return [candidate for candidate in found if candidate.chunk_id != own]
