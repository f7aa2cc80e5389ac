"""How fast search is beside the bare database and beside other stores, and how it grows.

    python -m tests.performance.retrieval [--sizes N ...] [--no-peers]     (or: make bench-retrieval)

Everything that is compared runs in turns on the same rows, so that whatever else the machine does falls on all.
What a call takes of processors, in the service and in Postgres together, is told beside its time.
`raw` is one nearest-neighbour query for ten chunks by a bare asyncpg client with a prepared statement and the
service's own session settings; it reads the same graph. Peers get the same vectors and questions. With several
sizes, the first is measured in full and all are drawn. What is prepared is kept in bench-results, or in the folder
that BENCH_CACHE names, and used again.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import numpy as np

from app.db.database import SEARCH_SETTINGS
from app.db.search.spaces import vectors_table
from app.domain.retrieval import SearchMode
from app.services.search.service import POOL
from tests.performance.retrieval.calls import TOP_K, Bench, Call, interleaved, processor_ms, raw_client
from tests.performance.retrieval.data import SHARES, source, stored
from tests.performance.retrieval.rates import rates
from tests.performance.retrieval.report import Filtered, Latency, Rate, Size, report
from tests.performance.shared.database import kept_database
from tests.performance.shared.evaluation import DATA, Embeddings

QUESTIONS = 300
PEERS = ("chromadb", "lancedb", "sqlite-vec")
# pgvector's own default, for who expects to see it.
DEFAULT_EF_SEARCH = "40"


async def latencies(bench: Bench, url: str, server: Path) -> list[Latency]:
    table = vectors_table(bench.stored.collection.space.id)
    async with AsyncExitStack() as stack:
        raw, ask = await raw_client(url, table, SEARCH_SETTINGS["hnsw.ef_search"])
        stack.push_async_callback(raw.close)
        plain, ask_plain = await raw_client(url, table, DEFAULT_EF_SEARCH)
        stack.push_async_callback(plain.close)
        calls: dict[str, Call] = {
            "raw": lambda question: ask(bench.vector(question)),
            f"raw, ef_search {DEFAULT_EF_SEARCH}": lambda question: ask_plain(bench.vector(question)),
            "vector arm": bench.arm,
            "vector arm, of a vector search": lambda question: bench.arm(question, POOL * TOP_K),
            "vector search": lambda question: bench.search(question, SearchMode.VECTOR),
            "lexical search": lambda question: bench.search(question, SearchMode.LEXICAL),
            "hybrid search": lambda question: bench.search(question, SearchMode.HYBRID),
        }
        measured = await interleaved(calls, bench.truths(QUESTIONS))
        processor = {name: await processor_ms(call, QUESTIONS // 3, server) for name, call in calls.items()}
    return [
        Latency(
            name,
            float(np.median(times)),
            float(np.percentile(times, 95)),
            processor[name],
            None if name in ("lexical search", "hybrid search") else recall,
        )
        for name, (times, recall) in measured.items()
    ]


async def filters(bench: Bench) -> list[Filtered]:
    """Each share of the documents by the plan that the service chooses, and by every plan there is."""
    rows = []
    for share, part in SHARES.items():
        plans = {"service": bench.filtered, "graph": bench.graph, "scan": bench.scan}
        calls: dict[str, Call] = {name: partial(_of_share, plan, share) for name, plan in plans.items()}
        measured = await interleaved(calls, bench.truths(QUESTIONS // 3, part))
        found = {name: (float(np.median(times)), recall) for name, (times, recall) in measured.items()}
        rows.append(Filtered(part, found))
    return rows


async def _of_share(plan: Callable[[int, str], Awaitable[list[int]]], share: str, question: int) -> list[int]:
    return await plan(question, share)


async def main(sizes: Sequence[int], stores: Sequence[str], folder: Path) -> None:
    data = await source(Embeddings(folder / "embeddings.sqlite"), questions=1000)
    grown: list[Size] = []
    filtered: list[Filtered] = []
    rate: list[Rate] = []
    for size in sizes:
        print(f"{size:,} chunks", flush=True)
        place = folder / f"retrieval-{size}"
        place.mkdir(exist_ok=True)
        async with kept_database(place) as (database, url):
            bench = Bench(database, await stored(database, data, size, place), data)
            print("  latency", flush=True)
            latency = await latencies(bench, url, place / "postgres")
            grown.append(Size(size, latency, bench.stored.seconds, await bytes_of(bench)))
            if not filtered:
                print("  filters", flush=True)
                filtered = await filters(bench)
                print("  throughput", flush=True)
                rate = await rates(bench, url, stores, place / "peers")
            await bench.keeper.close()
    report(grown, filtered, rate, folder)


async def bytes_of(bench: Bench) -> dict[str, int]:
    table = vectors_table(bench.stored.collection.space.id)
    async with bench.database.connection() as connection:
        return {
            name: await connection.fetchval("SELECT pg_total_relation_size($1::text::regclass)", relation)
            for name, relation in (
                ("vectors with their graph", table),
                ("graph", f"{table}_hnsw"),
                ("chunks with their words", "chunks"),
                ("words", "chunks_tsv"),
            )
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[100_000, 10_000], metavar="N")
    parser.add_argument("--no-peers", action="store_true", help="measure no other stores")
    wanted = parser.parse_args()
    if DATA.is_dir():
        cache = Path(os.environ.get("BENCH_CACHE", "bench-results"))
        cache.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(wanted.sizes, () if wanted.no_peers else PEERS, cache))
    else:
        print("The shared evaluation data is not here; nothing was measured.")
