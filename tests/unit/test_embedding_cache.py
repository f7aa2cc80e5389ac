"""Vectors by the text that was embedded."""

from datetime import UTC, datetime

import numpy as np

from app.domain.documents import Collection, EmbeddingSpace
from app.services.embedding_cache import EmbeddingCache
from tests.support.cache import assemble

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VECTOR = np.array([0.6, 0.8], dtype=np.float32)


def collection(model: str, dimension: int = 2) -> Collection:
    space = EmbeddingSpace(1, model, "sha256:0", dimension)
    return Collection(1, "default", "docs", "", "english", 0, space, NOW, NOW)


async def test_chunks_that_are_unknown_count_as_misses_and_those_of_another_model_are_unknown() -> None:
    assembly = assemble([])
    cache, docs = EmbeddingCache(assembly.chain), collection("one")
    assert await cache.find(docs, ["a", "b"]) == [None, None]
    await cache.keep(docs, [("a", VECTOR)])
    known, unknown = await cache.find(docs, ["a", "b"])
    assert known is not None
    assert known.tolist() == VECTOR.tolist()
    assert unknown is None
    assert await cache.find(collection("other"), ["a"]) == [None]
    assert await cache.find(collection("one", dimension=3), ["a"]) == [None]
    counted = assembly.chain.statistics.totals()["embedding"]
    assert (counted["requests"], counted["misses"], counted["l1_hits"]) == (6, 5, 1)
