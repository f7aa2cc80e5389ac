"""Vectors of questions by their text: the `embedding` namespace of the cache. No document can change them."""

from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from app.cache.chain import CacheChain
from app.cache.entry import CacheResult, Computed
from app.cache.keys import KeySpec, Partition
from app.domain.documents import Collection
from app.domain.retrieval import Vector


class EmbeddingCache:
    """Caches vectors of questions. `app.db.search.spaces` finds those of chunks in the database."""

    def __init__(self, chain: CacheChain) -> None:
        self._chain = chain

    async def get_or_embed(
        self, collection: Collection, text: str, embed: Callable[[str], Awaitable[Vector]]
    ) -> Vector:
        """Return the vector of a question, embedded once for everyone who asks the same."""
        spec = KeySpec(_partition(collection), text)

        async def compute() -> Computed[bytes]:
            return Computed((await embed(spec.question)).tobytes())

        return _vector(await self._chain.get_or_compute(spec, compute))


def _partition(collection: Collection) -> Partition:
    space = collection.space
    return Partition(
        namespace="embedding",
        tenant=collection.tenant,
        collection=None,
        # Some servers give no digest, and keep a model's name when its weights change.
        retrieval={"dimension": space.dimension, "prefixes": [space.query_prefix, space.document_prefix]},
        embedder=space.model,
        embedder_digest=space.digest,
    )


def _vector(hit: CacheResult[Any]) -> Vector:
    vector: Vector = np.frombuffer(hit.value, dtype="<f4")
    return vector
