"""What it adds to ask whether two questions find the same passages, on corpora with answers."""

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.cache.semantic.matching import CANDIDATES, refused
from app.services.semantic.labels import FIRST, SHARED_FIRST
from tests.performance.shared.evaluation import DATA, Embeddings, load
from tests.performance.shared.report import Report

SETS = ("squad11_dev_a", "nq_open_gold")
THRESHOLDS = (0.80, 0.85, 0.90, 0.95)
_NO_WORD = re.compile(r"\b(?:the|a|an)\b|\W+")


@dataclass(frozen=True, slots=True)
class _Near:
    """Two questions to one corpus. `same`: they have an answer in common."""

    cosine: float
    same: bool
    guarded: bool
    supported: bool


async def bench_evidence(report: Report, embeddings: Embeddings) -> None:
    for name in SETS:
        found = await _near(name, embeddings)
        print(f"\n{name}: pairs of near questions, right if they have an answer in common")
        for threshold in THRESHOLDS:
            near = [pair for pair in found if pair.cosine >= threshold]
            guarded = [pair for pair in near if pair.guarded]
            _add(report, name, f"cosine {threshold:.2f}", near)
            _add(report, name, f"guards {threshold:.2f}", guarded)
            _add(report, name, f"evidence {threshold:.2f}", [pair for pair in guarded if pair.supported])


def _add(report: Report, name: str, subject: str, chosen: Sequence[_Near]) -> None:
    right = sum(pair.same for pair in chosen)
    precision = right / max(1, len(chosen))
    for measure, value in (("right", right), ("wrong", len(chosen) - right), ("precision", precision)):
        report.add("evidence", name, subject, measure, value)
    print(f"  {subject:14} right {right:4}  wrong {len(chosen) - right:4}  precision {precision:.3f}")


async def _near(name: str, embeddings: Embeddings) -> list[_Near]:
    """Each question with its nearest others. Passages are found by their vectors alone."""
    with gzip.open(DATA / "retrieval" / name / "queries.jsonl.gz", "rt") as lines:
        rows = [row for row in map(json.loads, lines) if row.get("answers")]
    texts = [row["text"] for row in rows]
    answers = [{_plain(answer) for answer in row["answers"]} for row in rows]
    pages = load(name).pages
    questions = np.stack(await embeddings.embed(texts))
    passages = np.stack(await embeddings.embed([page[0].embedded for page in pages.values()]))
    first = np.argsort(-(questions @ passages.T), axis=1)[:, :FIRST]
    cosines = questions @ questions.T
    np.fill_diagonal(cosines, -1)
    found = []
    for one, row in enumerate(cosines):
        for other in np.argsort(-row)[:CANDIDATES]:
            if row[other] < min(THRESHOLDS) or _plain(texts[one]) == _plain(texts[other]):
                continue
            shared = len({*first[one]} & {*first[other]})
            found.append(
                _Near(
                    float(row[other]),
                    not answers[one].isdisjoint(answers[other]),
                    refused(texts[one], texts[other]) is None,
                    shared >= SHARED_FIRST,
                )
            )
    return found


def _plain(text: str) -> str:
    return " ".join(_NO_WORD.sub(" ", text.lower()).split())
