"""How fast documents go in, beside the floors: the model servers' bound, bare clients, raw COPY, the model alone.

    python -m tests.performance.bench_ingest [--quick] [--only embedding]

Starts an embedded PostgreSQL and model servers of its own. The contenders of a table take turns, and each row gives
the median of its turns. Ratios hold between machines, absolute figures do not. What a run finds replaces those
tables in docs/benchmarks/ingest.tsv, unless it is a quick one.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.performance.figures import Figure, keep, reached
from tests.performance.ingest_embedding import TEXTS, bench_clients, bench_endpoints
from tests.performance.ingest_questions import bench_questions

FIGURES = Path(__file__).parents[2] / "docs" / "benchmarks" / "ingest.tsv"


async def embedding(folder: Path, *, quick: bool) -> list[Figure]:
    turns, number = (1, 256) if quick else (5, TEXTS)
    return await bench_clients(folder, turns, number) + await bench_endpoints(folder, turns, number)


async def questions(folder: Path, *, quick: bool) -> list[Figure]:
    return await bench_questions(folder, 1 if quick else 3)


PARTS: dict[str, Callable[..., Awaitable[list[Figure]]]] = {"embedding": embedding, "questions": questions}


async def main(parts: list[str], *, quick: bool) -> None:
    found: list[Figure] = []
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            found += await PARTS[part](Path(folder), quick=quick)
    if not quick:
        keep(found, FIGURES)
    short = [figure for figure in found if not reached(figure)]
    print(f"\n{len(found)} figures, {len(short)} short of their aim")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one turn of each, on fewer texts")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    given = parser.parse_args()
    asyncio.run(main(given.only or list(PARTS), quick=given.quick))
