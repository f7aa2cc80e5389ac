"""What matching questions by meaning gives and what it costs in wrong answers.

    python -m tests.performance.bench_semantic [--only TABLE ...]     (or: make bench-semantic)

Labelled pairs of the shared evaluation data, as pairs and as a stream in which half of the questions are new: by
cosine alone, with the guards, and served under a calibrated error budget. Embeddings are those of the bundled
MiniLM, kept in BENCH_CACHE (default bench-results/): the first run takes about half an hour on 2 cores, later ones
two minutes.
"""

import argparse
import asyncio
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.cache.semantic.calibration import BINS, Tally, bin_of, calibrate
from tests.performance.quality_data import DATA, Embeddings
from tests.performance.semantic_data import Found, Pair, Stream, pairs, reviews

SETS = ("qqp", "qqp_hard", "mrpc", "stsb_dev")
THRESHOLDS = (0.80, 0.85, 0.90, 0.95)
STREAM = 10_000
# Matches below this are not worth a label.
FLOOR = 0.85
LABELS = 1000
RESAMPLES = 200


async def pair_tables(embeddings: Embeddings) -> None:
    for name in SETS:
        found = await pairs(name, embeddings)
        same = sum(pair.same for pair in found)
        print(f"\n{name}: {len(found)} pairs, {same} the same")
        print("             cosine                    guards                    cosine at that recall")
        print("  threshold  precision recall  wrong   precision recall  wrong   wrong")
        for threshold in THRESHOLDS:
            near = [pair for pair in found if pair.cosine >= threshold]
            left = [pair for pair in near if pair.refused_by is None]
            wrong = _wrong_at_recall(found, sum(pair.same for pair in left))
            print(f"  {threshold:9.2f}  {_scores(near, same)}   {_scores(left, same)}   {wrong:5}")


def _scores(chosen: Sequence[Pair], same: int) -> str:
    right = sum(pair.same for pair in chosen)
    return f"{right / max(1, len(chosen)):9.3f} {right / same:6.3f} {len(chosen) - right:6}"


def _wrong_at_recall(found: Sequence[Pair], right: int) -> int:
    """How many wrong pairs the cosine alone lets pass by the time it has let `right` right ones pass."""
    wrong = 0
    for pair in sorted(found, key=lambda each: -each.cosine):
        if right <= 0:
            break
        right -= pair.same
        wrong += not pair.same
    return wrong


async def adversarial_table(embeddings: Embeddings) -> None:
    kinds: dict[tuple[bool, str], list[Pair]] = defaultdict(list)
    for pair in await pairs("checklist_qqp", embeddings):
        kinds[pair.same, pair.kind].append(pair)
    print("\nchecklist_qqp: share refused by the guards, mean cosine")
    for (same, kind), found in sorted(kinds.items()):
        refused = np.mean([pair.refused_by is not None for pair in found])
        label = "same" if same else "other"
        print(f"  {refused:6.3f}  {np.mean([pair.cosine for pair in found]):.3f}  {len(found):4} {label:5} {kind}")
    others = [pair.refused_by is not None for (same, _), found in kinds.items() if not same for pair in found]
    print(f"  {np.mean(others):6.4f} of all {len(others)} that are not the same")


async def stream_tables(embeddings: Embeddings) -> None:
    found = await Stream(STREAM).find(embeddings)
    _stream_table(f"stream of {STREAM} questions over {STREAM} cached, half of them new", found)
    print(
        f"\nserved under a budget, calibrated on {LABELS} labels of matches from {FLOOR} up; {RESAMPLES} resamples"
    )
    print("  budget            hit rate  precision  wrong per request  over budget  threshold")
    for budget in (0.01, 0.02):
        for label, each in zip(("cosine", "guards"), found, strict=True):
            _calibrated(label, each, budget)
    _stream_table("vcache_classification_sample: 500 reviews over 500 cached", await reviews(embeddings))


def _stream_table(title: str, found: tuple[Found, Found]) -> None:
    print(f"\n{title}")
    print("             cosine                                 guards")
    print("  threshold  hit rate precision wrong per request   hit rate precision wrong per request")
    for threshold in THRESHOLDS:
        print(f"  {threshold:9.2f}  " + "   ".join(_rates(each, threshold) for each in found))


def _rates(found: Found, threshold: float) -> str:
    hits = found.cosines >= threshold
    right = float(np.mean(found.right[hits])) if hits.any() else 0.0
    return f"{np.mean(hits):8.3f} {right:9.3f} {np.mean(hits & ~found.right):17.4f}"


def _calibrated(label: str, found: Found, budget: float) -> None:
    """Calibrate on one part of the stream, serve the other; many times."""
    rng = np.random.default_rng(0)
    places = np.array([bin_of(cosine) for cosine in found.cosines])
    matched = found.cosines >= FLOOR
    hits, wrongs, thresholds = [], [], []
    for _ in range(RESAMPLES):
        order = rng.permutation(len(places))
        seen = min(int(np.searchsorted(np.cumsum(matched[order]), LABELS)) + 1, len(order) // 2)
        seen_part, served_part = order[:seen], order[seen:]
        point = calibrate(_tally(places, matched, found.right, seen_part), budget)
        threshold = point.threshold if point else 2.0
        served = places[served_part] >= round(threshold * (BINS - 1))
        hits.append(np.mean(served))
        wrongs.append(np.mean(served & ~found.right[served_part]))
        thresholds.append(threshold)
    precision = 1 - sum(wrongs) / max(sum(hits), 1e-9)
    over = float(np.mean(np.array(wrongs) > budget))
    print(
        f"  {budget:6.2f}   {label:7} {np.mean(hits):9.3f} {precision:10.3f} {np.mean(wrongs):18.4f} {over:12.3f}"
        f" {np.median(thresholds):10.3f}"
    )


def _tally(
    places: NDArray[np.int64], matched: NDArray[np.bool_], right: NDArray[np.bool_], part: NDArray[np.int64]
) -> Tally:
    near = part[matched[part]]

    def counts(chosen: NDArray[np.int64]) -> list[int]:
        return [int(count) for count in np.bincount(places[chosen], minlength=BINS)]

    return Tally(len(part), counts(near), counts(near[right[near]]), counts(near[~right[near]]))


TABLES = {"pairs": pair_tables, "adversarial": adversarial_table, "stream": stream_tables}


async def main(names: Sequence[str], embeddings: Embeddings) -> None:
    for name in names:
        await TABLES[name](embeddings)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(TABLES), choices=list(TABLES), metavar="TABLE")
    wanted = parser.parse_args().only
    if DATA.is_dir():
        folder = Path(os.environ.get("BENCH_CACHE", "bench-results"))
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(wanted, Embeddings(folder / "embeddings.sqlite")))
    else:
        print("The shared evaluation data is not here; nothing was measured.")
