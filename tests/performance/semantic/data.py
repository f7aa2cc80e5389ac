"""Labelled pairs of questions, and a stream of questions made from them."""

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.cache.semantic.matching import CANDIDATES as NEAREST
from app.cache.semantic.matching import refused
from app.domain.retrieval import Vector
from tests.performance.shared.evaluation import DATA, Embeddings


@dataclass(frozen=True, slots=True)
class Pair:
    """`same`: one answer may serve both. `refused_by` names the rule or guard that keeps them apart."""

    one: str
    other: str
    same: bool
    kind: str
    cosine: float
    refused_by: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """Of each question asked the nearest cached one: its cosine, 0 if there is none, and whether it is right."""

    cosines: NDArray[np.float64]
    right: NDArray[np.bool_]


def rows(name: str) -> list[dict[str, Any]]:
    path = next((DATA / "pairs").glob(f"{name}.jsonl*"))
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.decode().splitlines()]


async def pairs(name: str, embeddings: Embeddings) -> list[Pair]:
    """The pairs of a set, without those whose label is between."""
    found = [row for row in rows(name) if row["same"] >= 0]
    vectors = await _by_text(embeddings, [text for row in found for text in (row["a"], row["b"])])
    return [
        Pair(
            row["a"],
            row["b"],
            bool(row["same"]),
            row.get("kind", ""),
            float(vectors[row["a"]] @ vectors[row["b"]]),
            refused(row["a"], row["b"]),
        )
        for row in found
    ]


class Stream:
    """Questions asked of a cache that holds others.

    Of the questions asked, half belong to a cluster that has one question in the cache, half to none; and half of
    those in the cache are of clusters that nobody asks about. A hit is right if both are of one cluster: pairs that
    nobody labelled count as wrong, so that precision is understated for every method alike.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        rng = random.Random(seed)
        clusters = [row["questions"] for row in rows("qqp_clusters")]
        clustered = {question for cluster in clusters for question in cluster}
        others = dict.fromkeys(text for row in rows("qqp") for text in (row["a"], row["b"]))
        single = [question for question in others if question not in clustered]
        rng.shuffle(clusters)
        rng.shuffle(single)
        half = size // 2
        known = [rng.sample(cluster, 2) for cluster in clusters[:half]]
        self.cached = [one for one, _ in known] + single[:half]
        self.asked = [other for _, other in known] + single[half:size]
        self._cluster = {question: at for at, cluster in enumerate(clusters) for question in cluster}

    async def find(self, embeddings: Embeddings) -> tuple[Found, Found]:
        """What the nearest vector gives, and the nearest that the guards let pass."""
        cached = np.stack(await embeddings.embed(self.cached))
        asked = np.stack(await embeddings.embed(self.asked))
        plain, guarded = [], []
        for at, near in enumerate(_nearest(cached, asked)):
            question = self.asked[at]
            candidates = [(self.cached[place], float(cosine)) for place, cosine in near]
            plain.append(self._judged(question, candidates[0]))
            allowed = (each for each in candidates if refused(question, each[0]) is None)
            guarded.append(self._judged(question, next(allowed, None)))
        return _found(plain), _found(guarded)

    def _judged(self, question: str, candidate: tuple[str, float] | None) -> tuple[float, bool]:
        if candidate is None:
            return 0.0, False
        cluster = self._cluster.get(question)
        return candidate[1], cluster is not None and cluster == self._cluster.get(candidate[0])


async def reviews(embeddings: Embeddings) -> tuple[Found, Found]:
    """VCache's sample: a model's verdict on reviews, half of them cached. Right if the verdicts are equal."""
    found = rows("vcache_classification_sample")
    texts = [row["text"] for row in found]
    vectors = np.stack(await embeddings.embed(texts))
    half = len(found) // 2
    plain, guarded = [], []
    for at, near in enumerate(_nearest(vectors[:half], vectors[half:])):
        asked = found[half + at]
        judged = [
            (float(cosine), found[place]["response"] == asked["response"], refused(asked["text"], texts[place]))
            for place, cosine in near
        ]
        plain.append(judged[0][:2])
        guarded.append(next((each[:2] for each in judged if each[2] is None), (0.0, False)))
    return _found(plain), _found(guarded)


def _nearest(cached: NDArray[np.float32], asked: NDArray[np.float32]) -> Iterable[list[tuple[int, float]]]:
    for start in range(0, len(asked), 1000):
        cosines = asked[start : start + 1000] @ cached.T
        places = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        for row, candidates in zip(cosines, places, strict=True):
            yield sorted(((int(place), float(row[place])) for place in candidates), key=lambda each: -each[1])


def _found(judged: Sequence[tuple[float, bool]]) -> Found:
    return Found(np.array([cosine for cosine, _ in judged]), np.array([right for _, right in judged]))


async def _by_text(embeddings: Embeddings, texts: Sequence[str]) -> dict[str, Vector]:
    unique = list(dict.fromkeys(texts))
    return dict(zip(unique, await embeddings.embed(unique), strict=True))
