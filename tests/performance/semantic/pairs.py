"""Labelled pairs: how many of those near each other are the same, by cosine alone and with the guards."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from app.cache.semantic.matching import FLOOR
from tests.performance.semantic.data import Pair, pairs
from tests.performance.shared.evaluation import Embeddings
from tests.performance.shared.report import Report

SETS = ("qqp", "qqp_hard", "mrpc", "stsb_dev")
THRESHOLDS = (0.80, 0.85, 0.90, 0.95)
# The cosine at whose recall the guards are compared with it.
COMPARED_AT = 0.90


async def bench_pairs(report: Report, embeddings: Embeddings) -> None:
    for name in SETS:
        found = await pairs(name, embeddings)
        same = sum(pair.same for pair in found)
        report.add("pairs", name, "all", "pairs", len(found))
        report.add("pairs", name, "all", "same", same)
        print(f"\n{name}: {len(found)} pairs, {same} the same")
        for threshold in THRESHOLDS:
            near = [pair for pair in found if pair.cosine >= threshold]
            left = [pair for pair in near if pair.refused_by is None]
            for label, chosen in (("cosine", near), ("guards", left)):
                _add(report, name, f"{label} {threshold:.2f}", chosen, same)
        _compare(report, name, found)


def _add(report: Report, name: str, subject: str, chosen: Sequence[Pair], same: int) -> None:
    right = sum(pair.same for pair in chosen)
    wrong = len(chosen) - right
    precision = right / max(1, len(chosen))
    for measure, value in (("precision", precision), ("recall", right / same), ("wrong", wrong)):
        report.add("pairs", name, subject, measure, value)
    print(f"  {subject:12} precision {precision:.3f}  recall {right / same:.3f}  wrong {wrong:5}")


def _compare(report: Report, name: str, found: Sequence[Pair]) -> None:
    """Wrong pairs at one recall: that of the cosine 0.90, or the highest that the guards leave."""
    allowed = [pair for pair in found if pair.refused_by is None]
    target = sum(pair.same for pair in found if pair.cosine >= COMPARED_AT)
    right = min(target, sum(pair.same for pair in allowed))
    plain, guarded = _wrong_at(found, right), _wrong_at(allowed, right)
    report.add("pairs", name, "recall compared", "share", right / max(1, target))
    report.add("pairs", name, "cosine at one recall", "wrong", plain)
    report.add("pairs", name, "guards at one recall", "wrong", guarded)
    report.add("pairs", name, "guards at one recall", "wrong_ratio", guarded / max(1, plain))
    print(f"  at {right} right ones of the cosine's {target}: wrong {plain} by cosine, {guarded} with guards")


def _wrong_at(found: Sequence[Pair], right: int) -> int:
    """How many wrong pairs pass by the time `right` right ones have, the nearest first."""
    wrong = 0
    for pair in sorted(found, key=lambda each: -each.cosine):
        if right <= 0:
            break
        right -= pair.same
        wrong += not pair.same
    return wrong


async def bench_adversarial(report: Report, embeddings: Embeddings) -> None:
    kinds: dict[tuple[bool, str], list[Pair]] = defaultdict(list)
    for pair in await pairs("checklist_qqp", embeddings):
        kinds[pair.same, pair.kind].append(pair)
    print("\nchecklist_qqp: share refused by the guards, and by guards or distance; mean cosine")
    for (same, kind), found in sorted(kinds.items()):
        _refused(report, kind, "same" if same else "other", found)
    _refused(report, "all", "other", [pair for (same, _), found in kinds.items() if not same for pair in found])


def _refused(report: Report, kind: str, label: str, found: Sequence[Pair]) -> None:
    guards = float(np.mean([pair.refused_by is not None for pair in found]))
    either = float(np.mean([pair.refused_by is not None or pair.cosine < FLOOR for pair in found]))
    cosine = float(np.mean([pair.cosine for pair in found]))
    for measure, value in (("guards", guards), ("refused", either), ("cosine", cosine), ("pairs", len(found))):
        report.add("adversarial", kind, label, measure, value)
    print(f"  {guards:6.3f} {either:6.3f}  {cosine:.3f}  {len(found):4} {label:5} {kind}")
