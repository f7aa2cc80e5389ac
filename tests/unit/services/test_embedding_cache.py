"""Vectors by the text that was embedded."""

from datetime import UTC, datetime

import numpy as np

from app.domain.documents import Collection, EmbeddingSpace
from app.domain.retrieval import Vector
from app.services.search.embedding_cache import EmbeddingCache
from tests.support.cache.assembly import assemble

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VECTOR = np.array([0.6, 0.8], dtype=np.float32)


def collection(model: str, dimension: int = 2) -> Collection:
    space = EmbeddingSpace(1, model, "sha256:0", dimension)
    return Collection(1, "default", "docs", "", "english", 0, space, NOW, NOW)


async def test_a_question_is_embedded_once_by_each_model() -> None:
    assembly = assemble([])
    cache = EmbeddingCache(assembly.chain)
    asked: list[str] = []

    async def embed(text: str) -> Vector:
        asked.append(text)
        return VECTOR

    for _ in range(2):
        assert (await cache.get_or_embed(collection("one"), "why?", embed)).tolist() == VECTOR.tolist()
    assert asked == ["why?"]
    await cache.get_or_embed(collection("other"), "why?", embed)
    await cache.get_or_embed(collection("one", dimension=3), "why?", embed)
    assert len(asked) == 3
    counted = assembly.chain.statistics.totals()["embedding"]
    assert (counted["requests"], counted["misses"], counted["l1_hits"]) == (4, 3, 1)
