"""The graph's parameters: what each finds of the nearest and in what time, as `localchat tune` measures it."""

import time
from collections.abc import Sequence
from pathlib import Path

from app.db import tuning
from app.db.tuning import Graph
from app.retrieval.sweep import Trial
from app.services import trials
from app.services.trials import Question
from app.services.tuning import EF_SEARCH
from tests.performance.retrieval_calls import Bench

GRAPHS = (Graph(8, 64), Graph(16, 32), Graph(16, 128), Graph(16, 200), Graph(24, 128), Graph(32, 200))
QUESTIONS = 200
# Seconds that each graph is asked for, and an exact search.
SECONDS = 60.0


async def sweep(bench: Bench, folder: Path) -> None:
    """Build each graph over a copy of the vectors, ask each at every `ef_search`, and write sweep.tsv."""
    questions: Sequence[Question] = [Question(bench.vector(place), None) for place in range(QUESTIONS)]
    space = bench.stored.collection.space
    rows: list[tuple[float, Trial]] = []
    async with bench.database.connection() as connection:
        await tuning.gentle(connection)
        questions, exact = await trials.exactly(connection, bench.stored.collection, questions, SECONDS)
        async with tuning.copied(connection, space.id) as table:
            used = await tuning.graph_of(connection, space.id)
            for graph in (used, *GRAPHS):
                began = time.perf_counter()
                await tuning.build(connection, table, graph)
                built = time.perf_counter() - began
                tried = await trials.attempt(connection, table, graph, questions, EF_SEARCH, seconds=SECONDS)
                rows += [(built, trial) for trial in tried]
                print(f"  m {graph.m}, ef_construction {graph.ef_construction}: built in {built:.0f} s", flush=True)
    lines = ["m\tef_construction\tbuild_s\tef_search\trecall@10\trecall@100\tp50_ms\tp95_ms"]
    lines += [
        f"{one.m}\t{one.ef_construction}\t{built:.1f}\t{one.ef_search}\t{one.recall_at_10:.4f}"
        f"\t{one.recall_at_depth:.4f}\t{one.p50_ms:.3f}\t{one.p95_ms:.3f}"
        for built, one in rows
    ]
    lines.append(f"exact\t\t\t\t1\t1\t{exact[0]:.3f}\t{exact[1]:.3f}")
    (folder / "sweep.tsv").write_text("\n".join(lines) + "\n")
    print("\n".join(lines).expandtabs(16))
