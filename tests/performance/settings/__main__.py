"""What the settings that people ask about are worth: batches of embeddings, and connections.

    python -m tests.performance.settings [--quick]

Starts an embedded PostgreSQL and model servers of its own. The contenders of a table take turns, and each row gives
the median of its turns. Ratios hold between machines, absolute figures do not. What a run finds replaces
docs/benchmarks/settings.tsv, unless it is a quick one.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from app.db.database import Database
from app.db.migrate import migrate
from app.embedded.services.postgres import EmbeddedPostgres
from tests.performance.ingest.embedding import BOUND, MODEL, fake_server, processor, texts
from tests.performance.shared.figures import Figure, in_turns, keep, show
from tests.support.folders import REPO
from tests.support.processes.model_server import running_model_server

FIGURES = REPO / "docs" / "benchmarks" / "settings.tsv"
BATCHES = ((1, 1), (1, 8), (8, 8), (64, 1), (64, 2), (64, 8))
POOLS = (1, 2, 4, 8, 16)
CALLERS = 16
ROWS, DIMENSION = 5_000, 384
_SENTENCE = "The harbour of Amberg lies behind a wall of granite where ships wait for the tide. "


async def bench_batches(
    table: str, url: str, model: str, some: Sequence[str], turns: int, bound: float | None = None
) -> list[Figure]:
    contenders = {
        f"BATCH_SIZE={batch} BATCH_MAX_WORKERS={workers}": partial(
            processor, [url], model, some, batch=batch, at_once=workers
        )
        for batch, workers in BATCHES
    }
    rates = await in_turns(contenders, turns)
    best, against = (bound, "the bound") if bound else (max(rates.values()), "the best")
    figures = [Figure(table, name, rate, "texts/s", rate / best, against) for name, rate in rates.items()]
    show(table, figures)
    return figures


async def bench_pools(url: str, seconds: float, turns: int) -> list[Figure]:
    """16 callers that each run an exact search over 5,000 vectors, again and again."""
    database = await Database.connect(url, min_size=0, max_size=2)
    vectors = np.random.default_rng(7).standard_normal((ROWS, DIMENSION), dtype=np.float32)
    async with database.connection() as connection:
        await connection.execute(f"CREATE TABLE bench (id int, embedding halfvec({DIMENSION}))")
        await connection.copy_records_to_table("bench", records=enumerate(map(_half, vectors)))
    await database.close()
    statement = "SELECT id FROM bench ORDER BY embedding <=> $1 LIMIT 10"
    waits: dict[int, list[float]] = {size: [] for size in POOLS}

    async def searches_per_second(size: int) -> float:
        database = await Database.connect(url, min_size=size, max_size=size)
        until = time.perf_counter() + seconds
        done = 0

        async def caller() -> None:
            nonlocal done
            while (began := time.perf_counter()) < until:
                async with database.connection() as connection:
                    waits[size].append(time.perf_counter() - began)
                    await connection.fetch(statement, _half(vectors[done % ROWS]))
                done += 1

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        await database.close()
        return done / seconds

    rates = await in_turns({f"pool of {size}": partial(searches_per_second, size) for size in POOLS}, turns)
    best = max(rates.values())
    table = f"{CALLERS} callers, exact search over {ROWS} vectors"
    figures = [Figure(table, name, rate, "searches/s", rate / best, "the best") for name, rate in rates.items()]
    figures += [
        Figure(table, f"pool of {size}, 95 % wait less", statistics.quantiles(seen, n=20)[-1] * 1000, "ms")
        for size, seen in waits.items()
    ]
    show(table, figures)
    return figures


def _half(vector: NDArray[np.float32]) -> Any:
    return HalfVector(vector)


async def main(*, quick: bool) -> None:
    turns = 1 if quick else 3
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        for slots in (1, 8):
            url = fake_server(stack, folder / f"fake-{slots}.log", slots=slots)
            some = texts(64 if quick else 512)
            title = f"batches, 5 ms a text, 3 ms a request, {slots} at once"
            found += await bench_batches(title, url, MODEL, some, turns, slots * BOUND)
        server = stack.enter_context(running_model_server(folder / "models.log", "--slots", "parallel"))
        some = [f"{number} {_SENTENCE * 6}" for number in range(32 if quick else 128)]
        found += await bench_batches(
            "batches, all-MiniLM-L6-v2, texts of 100 words", server.url, "all-minilm", some, turns
        )
        postgres = EmbeddedPostgres(folder / "postgres", durable=False)
        stack.callback(postgres.stop)
        url = postgres.start()
        await migrate(url)  # the pool expects pgvector
        found += await bench_pools(url, 1 if quick else 3, turns)
    if not quick:
        keep(found, FIGURES)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one turn of each, on fewer texts")
    asyncio.run(main(quick=parser.parse_args().quick))
