"""What matching questions by meaning gives and what it costs in wrong answers.

    python -m tests.performance.semantic [--out FOLDER] [PART ...]     (or: make bench-semantic)

Labelled pairs of the shared evaluation data, as pairs and as a stream in which half of the questions are new: by
cosine alone, with the guards, and served under a calibrated error budget; what looking at the evidence adds where
there is a corpus; what a lookup costs beside a raw one. Writes semantic.tsv and semantic.md; a part that is not run
keeps the figures of its last run. Embeddings are those of the bundled MiniLM, kept in BENCH_CACHE (default
bench-results/): the first run takes about 40 minutes on 2 cores, later ones five.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tests.performance.semantic.evidence import bench_evidence
from tests.performance.semantic.lookup import bench_lookup
from tests.performance.semantic.page import AIMS, write_page
from tests.performance.semantic.pairs import bench_adversarial, bench_pairs
from tests.performance.semantic.stream import bench_stream
from tests.performance.shared.evaluation import DATA, Embeddings
from tests.performance.shared.report import Report
from tests.support.folders import REPO

PARTS = {
    "pairs": bench_pairs,
    "adversarial": bench_adversarial,
    "stream": bench_stream,
    "evidence": bench_evidence,
    "lookup": bench_lookup,
}


async def main(names: Sequence[str], embeddings: Embeddings, folder: Path) -> None:
    report = Report(folder, names, "semantic")
    for name in names:
        await PARTS[name](report, embeddings)
        report.save()
    write_page(report, folder)
    print()
    for text, bound, value, verdict in report.aims(AIMS):
        print(f"{verdict:7} {value:>8} {bound:>10}  {text}")
    print(f"Figures and page: {folder}/semantic.tsv, semantic.md")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=REPO / "docs" / "benchmarks")
    parser.add_argument("parts", nargs="*", help=f"all unless some are named: {', '.join(PARTS)}")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if DATA.is_dir():
        kept = Path(os.environ.get("BENCH_CACHE", "bench-results"))
        kept.mkdir(parents=True, exist_ok=True)
        uvloop.run(main(options.parts or list(PARTS), Embeddings(kept / "embeddings.sqlite"), options.out))
    else:
        print("The shared evaluation data is not here; nothing was measured.")
