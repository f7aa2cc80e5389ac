"""What the settings that people ask about are worth: batches of embeddings, and connections.

    python -m tests.performance.bench_settings [--quick]

Starts an embedded PostgreSQL and model servers of its own. The contenders of a table take turns, and each row gives
the median of its turns. Ratios hold between machines, absolute figures do not.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from app.db.database import Database
from app.db.migrate import migrate
from app.embedded.postgres import EmbeddedPostgres
from app.ingestion.embedder import BatchEmbeddingProcessor
from app.ollama.client import OllamaClient
from app.ollama.lanes import Lane
from tests.performance.figures import in_turns
from tests.support.model_server import running_model_server

TEXT_MS, REQUEST_MS = 5.0, 3.0
BATCHES = ((1, 1), (1, 8), (8, 8), (64, 1), (64, 2), (64, 8))
POOLS = (1, 2, 4, 8, 16)
CALLERS = 16
ROWS, DIMENSION = 5_000, 384
_SENTENCE = "The harbour of Amberg lies behind a wall of granite where ships wait for the tide. "


async def embeddings_per_second(url: str, model: str, texts: Sequence[str], batch: int, workers: int) -> float:
    client = OllamaClient([url], max_concurrency=workers)
    try:
        await client.embed(texts[:1], model=model, lane=Lane.BULK)  # the model is loaded, the connection open
        processor = BatchEmbeddingProcessor(
            lambda some: client.embed(some, model=model, lane=Lane.BULK),
            batch_size=batch,
            max_chars=64_000,
            max_workers=workers,
        )
        began = time.perf_counter()
        await processor.process(texts)
        return len(texts) / (time.perf_counter() - began)
    finally:
        await client.aclose()


async def bench_batches(
    title: str, url: str, model: str, texts: Sequence[str], turns: int, bound: float | None = None
) -> None:
    contenders = {
        f"BATCH_SIZE={batch:<3} BATCH_MAX_WORKERS={workers}": partial(
            embeddings_per_second, url, model, texts, batch, workers
        )
        for batch, workers in BATCHES
    }
    rates = await in_turns(contenders, turns)
    best = bound or max(rates.values())
    print(f"\n{title}")
    for name, rate in rates.items():
        print(f"  {name:<36} {rate:8.1f} texts/s   {rate / best:5.2f} of {'the bound' if bound else 'the best'}")


async def bench_pools(url: str, seconds: float, turns: int) -> None:
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

    rates = await in_turns({str(size): partial(searches_per_second, size) for size in POOLS}, turns)
    best = max(rates.values())
    print(f"\n{CALLERS} callers, exact search over {ROWS} vectors")
    for size in POOLS:
        wait = statistics.quantiles(waits[size], n=20)[-1] * 1000
        rate = rates[str(size)]
        share = f"{rate / best:5.2f} of the best"
        print(f"  pool of {size:<3} {rate:8.1f} searches/s   {share}   95 % wait < {wait:7.1f} ms")


def _half(vector: NDArray[np.float32]) -> Any:
    return HalfVector(vector)


async def main(*, quick: bool) -> None:
    turns = 1 if quick else 3
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for slots in (1, 8):
            options = (
                *("--fake-embedding-latency-ms", str(TEXT_MS)),
                *("--fake-request-latency-ms", str(REQUEST_MS)),
                *("--fake-slots", str(slots)),
            )
            with running_model_server(Path(folder) / f"fake-{slots}.log", *options) as server:
                texts = [f"text {number}" for number in range(64 if quick else 256)]
                title = f"{TEXT_MS:g} ms a text, {REQUEST_MS:g} ms a request, {slots} at once"
                await bench_batches(title, server.url, "fake-embedding", texts, turns, slots * 1000 / TEXT_MS)
        with running_model_server(Path(folder) / "models.log", "--slots", "parallel") as server:
            texts = [f"{number} {_SENTENCE * 6}" for number in range(32 if quick else 128)]
            await bench_batches("all-MiniLM-L6-v2, texts of 100 words", server.url, "all-minilm", texts, turns)
        postgres = EmbeddedPostgres(Path(folder) / "postgres", durable=False)
        try:
            url = postgres.start()
            await migrate(url)
            await bench_pools(url, 1 if quick else 3, turns)
        finally:
            postgres.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one turn of each, on fewer texts")
    asyncio.run(main(quick=parser.parse_args().quick))
