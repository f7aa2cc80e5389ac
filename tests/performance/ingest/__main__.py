"""How fast documents go in, beside the floors: the model servers' bound, bare clients, raw COPY, the model alone.

    python -m tests.performance.ingest [--quick] [--only PART]

Starts an embedded PostgreSQL and model servers of its own. The contenders of a table take turns, and each row gives
the median of its turns. Ratios hold between machines, absolute figures do not. What a run finds replaces those
tables in docs/benchmarks/ingest.tsv, unless it is a quick one.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from app.db.migrate import migrate
from app.embedded.services.postgres import EmbeddedPostgres
from tests.performance.ingest.documents import bench_documents, bench_real
from tests.performance.ingest.embedding import TEXTS, bench_clients, bench_endpoints
from tests.performance.ingest.formats import bench_formats
from tests.performance.ingest.memory import bench_memory
from tests.performance.ingest.questions import bench_questions
from tests.performance.ingest.storing import CHUNKS, bench_storing
from tests.performance.shared.figures import Figure, keep, reached
from tests.support.folders import REPO, short_folder
from tests.support.processes.plant import Plant

FIGURES = REPO / "docs" / "benchmarks" / "ingest.tsv"


def embedding(folder: Path, *, quick: bool) -> list[Figure]:
    turns, number = (1, 256) if quick else (3, TEXTS)

    async def measure() -> list[Figure]:
        return await bench_clients(folder, turns, number) + await bench_endpoints(folder, turns, number)

    return asyncio.run(measure())


def questions(folder: Path, *, quick: bool, slots: str) -> list[Figure]:
    return asyncio.run(bench_questions(folder, 1 if quick else 4, slots))


def documents(folder: Path, *, quick: bool) -> list[Figure]:
    with migrated(folder) as url:

        async def measure() -> list[Figure]:
            real = await bench_real(folder, url, 1 if quick else 3, 30 if quick else 150)
            return real + await bench_documents(folder, url, quick=quick)

        return asyncio.run(measure())


def storing(folder: Path, *, quick: bool) -> list[Figure]:
    with migrated(folder) as url:
        return asyncio.run(bench_storing(url, 1 if quick else 3, 500 if quick else CHUNKS))


def memory(folder: Path, *, quick: bool) -> list[Figure]:
    with Plant.running(folder, text_ms=0) as plant:
        return asyncio.run(bench_memory(plant, 100 if quick else 1_000))


@contextmanager
def migrated(folder: Path) -> Iterator[str]:
    """The address of an empty database, whose commits reach the disk."""
    server = EmbeddedPostgres(folder / "postgres")
    try:
        url = server.start()
        asyncio.run(migrate(url))
        yield url
    finally:
        server.stop(5)


def formats(_: Path, *, quick: bool) -> list[Figure]:
    return asyncio.run(bench_formats(1 if quick else 5))


PARTS: dict[str, Callable[..., list[Figure]]] = {
    "formats": formats,
    "embedding": embedding,
    "storing": storing,
    "documents": documents,
    **{f"questions-{slots}": partial(questions, slots=slots) for slots in ("single", "parallel")},
    "memory": memory,
}


# Ten thousand files take longer than all other parts together.
APART = "memory"


def main(parts: list[str], *, quick: bool) -> None:
    found: list[Figure] = []
    for part in parts:
        with short_folder() as folder:
            found += PARTS[part](folder, quick=quick)
    if not quick:
        keep(found, FIGURES)
    short = [figure for figure in found if not reached(figure)]
    print(f"\n{len(found)} figures, {len(short)} short of their aim")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one turn of each, on fewer texts")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    given = parser.parse_args()
    main(given.only or [part for part in PARTS if part != APART], quick=given.quick)
