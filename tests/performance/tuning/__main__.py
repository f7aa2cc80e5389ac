"""What a larger graph, or more of it looked at, is worth: `localchat tune` over a large collection.

    python -m tests.performance.tuning [--chunks N] [--build m:ef ...]     (or: make bench-tuning)

The collection is that of bench_retrieval: real text, real vectors, real questions. Measured as a user would, by the
service behind the command: once with the questions, once with the collection's own passages in their place.
"""

import argparse
import asyncio
import csv
import os
from collections.abc import Sequence
from pathlib import Path

from app.cli.database.tune import read_graph
from app.db.database import Database
from app.db.operations.tuning import GraphSettings
from app.domain.documents import Collection
from app.domain.retrieval import Vector
from app.services.operations.index_tuning import TuningPlan, TuningReport, TuningService
from tests.performance.retrieval.data import Source, source, store
from tests.performance.shared.database import private_database
from tests.performance.shared.evaluation import DATA, Embeddings
from tests.support.corpus import TENANT

NAME = "tuned"
QUESTIONS = 300
SECONDS = 240.0
BUILDS = ("16:128", "16:200", "24:200")
COLUMNS = (
    "asked", "chunks", "m", "ef_construction", "ef_search", "recall_10", "recall_100", "p50_ms", "p95_ms",
    "of_exact", "best"
)  # fmt: skip


async def remember(database: Database, collection: Collection, data: Source) -> None:
    """Keep the questions as the cache does that answered them."""
    async with database.connection() as connection:
        await connection.execute(
            """INSERT INTO query_cache (cache_key, query_text, result_data, expires_at, namespace, collection_id,
                partition) SELECT md5(q), q, '', now(), 'retrieval', $1, '' FROM unnest($2::text[]) q""",
            collection.id,
            list(dict.fromkeys(data.questions)),
        )


async def main(chunks: int, graphs: Sequence[GraphSettings], folder: Path) -> None:
    data = await source(Embeddings(folder / "embeddings.sqlite"), questions=1000)
    vectors = dict(zip(data.questions, data.question_vectors, strict=True))

    async def embed(_collection: Collection, texts: Sequence[str]) -> list[Vector]:
        return [vectors[text] for text in texts]

    async with private_database() as (database, _):
        stored = await store(database, data, chunks, NAME)
        service = TuningService(database, embed, told=lambda line: print(f"  {line}", flush=True))
        passages = await service.measure(TENANT, NAME, TuningPlan(QUESTIONS, seconds=SECONDS / 3))
        await remember(database, stored.collection, data)
        questions = await service.measure(TENANT, NAME, TuningPlan(QUESTIONS, seconds=SECONDS, graphs=graphs))
    write([questions, passages], folder / "tuning.tsv")


def write(reports: Sequence[TuningReport], path: Path) -> None:
    """A line for each way to search. Times are told against an exact search of the same questions as well."""
    with path.open("w", newline="") as file:
        lines = csv.writer(file, delimiter="\t", lineterminator="\n")
        lines.writerow(COLUMNS)
        for report in reports:
            asked = (report.source, report.chunks)
            for trial in report.trials:
                shares = (f"{trial.recall_at_10:.4f}", f"{trial.recall_at_depth:.4f}")
                times = (f"{trial.p50_ms:.2f}", f"{trial.p95_ms:.2f}", f"{trial.p50_ms / report.exact_p50_ms:.4f}")
                graph = (trial.m, trial.ef_construction, trial.ef_search)
                lines.writerow((*asked, *graph, *shares, *times, "best" if trial == report.best else ""))
            exact = (f"{report.exact_p50_ms:.2f}", f"{report.exact_p95_ms:.2f}")
            lines.writerow((*asked, "", "", "exact", 1, 1, *exact, 1, ""))
    print(path.read_text().replace("\t", "  "))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--build", nargs="*", default=BUILDS, metavar="M:EF")
    given = parser.parse_args()
    if DATA.is_dir():
        folder = Path(os.environ.get("BENCH_CACHE", "bench-results"))
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(given.chunks, [read_graph(text) for text in given.build], folder))
    else:
        print("The shared evaluation data is not here; nothing was measured.")
