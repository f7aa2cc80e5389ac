"""What each cache tier costs beside its floor, and how often it has the answer.

    python -m tests.performance.cache [--quick] [--out FOLDER] [tiers] [http] [faults] [eviction] [traffic]

Starts PostgreSQL, Valkey and API processes of its own, and writes cache.tsv, cache.md and cache.png. A part that is
not run keeps the figures of its last run.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.performance.cache.aims import aims
from tests.performance.cache.faults import bench_faults
from tests.performance.cache.page import draw, write_page
from tests.performance.cache.replicas import bench_http
from tests.performance.cache.tiers import bench_l1, bench_l2, bench_l3
from tests.performance.cache.traffic import bench_eviction, bench_tiers
from tests.performance.shared.report import Report
from tests.performance.shared.timing import REPEATS
from tests.support.folders import REPO

PARTS = ("tiers", "http", "faults", "eviction", "traffic")


@asynccontextmanager
async def servers() -> AsyncIterator[tuple[str, str, Path]]:
    """A PostgreSQL, a Valkey, and a folder."""
    with tempfile.TemporaryDirectory(prefix="localchat-") as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "postgres", durable=False)
        valkey = EmbeddedValkey(folder / "valkey")
        try:
            yield await asyncio.to_thread(postgres.start), await asyncio.to_thread(valkey.start), folder
        finally:
            await asyncio.to_thread(valkey.stop)
            await asyncio.to_thread(postgres.stop)


async def main(parts: Sequence[str], scale: float, folder: Path) -> None:
    report = Report(folder, [*parts, "machine"])
    report.add("machine", "", "", "cores", os.cpu_count() or 1)
    report.add("machine", "", "", "load", os.getloadavg()[0])
    if {"tiers", "http"} & set(parts):
        async with servers() as (database, redis, private):
            if "tiers" in parts:
                await bench_l1(report, int(100_000 * scale))
                await bench_l2(report, redis, int(3_200 * scale))
                await bench_l3(report, database, int(1_600 * scale))
            if "http" in parts:
                await bench_http(report, database, redis, private, max(1.0, 2 * scale))
    if "faults" in parts:
        await bench_faults(report, max(1.0, 2 * scale))
    if "eviction" in parts:
        bench_eviction(report, scale)
    if "traffic" in parts:
        await bench_tiers(report, scale)
    report.save()
    write_page(report, folder, REPEATS)
    draw(report, folder / "cache.png")
    for text, bound, value, verdict in report.aims(aims()):
        print(f"{verdict:7} {value:>12} {bound:>14}  {text}")
    print(f"Figures, page and plot: {folder}/cache.tsv, cache.md, cache.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the reads")
    parser.add_argument("--out", type=Path, default=REPO / "docs" / "benchmarks")
    parser.add_argument("parts", nargs="*", help="all unless some are named")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    uvloop.run(main(options.parts or PARTS, 0.2 if options.quick else 1.0, options.out))
