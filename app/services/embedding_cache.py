"""Vectors by the text that was embedded: the `embedding` namespace of the cache. They rest on no corpus."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from app.cache.chain import CacheChain
from app.cache.keys import KeySpec, Partition
from app.cache.record import Cached, Computed
from app.domain.documents import Collection
from app.domain.retrieval import Vector

# Seconds for which a chunk's vector is kept; a document that comes back later is embedded again.
CHUNK_TTL = 86_400.0


class EmbeddingCache:
    """Questions are kept under their text, chunks under their text's hash: both are the same to the model."""

    def __init__(self, chain: CacheChain) -> None:
        self._chain = chain

    async def get_or_embed(
        self, collection: Collection, text: str, embed: Callable[[str], Awaitable[Vector]]
    ) -> Vector:
        """The vector of a question, embedded once for all who ask the same."""
        spec = KeySpec(_partition(collection), text)

        async def compute() -> Computed[bytes]:
            return Computed((await embed(spec.question)).tobytes())

        return _vector(await self._chain.get_or_compute(spec, compute))

    async def find(self, collection: Collection, texts: Sequence[str]) -> list[Vector | None]:
        """The vectors that are known already. The lookups are sent together."""
        partition = _partition(collection)
        found = await asyncio.gather(*(self._chain.lookup(KeySpec(partition, _name(text))) for text in texts))
        unknown = sum(each.hit is None for each in found)
        counters = self._chain.statistics.of(partition.namespace)
        counters.requests += unknown  # a lookup counts its hits alone
        counters.misses += unknown
        return [None if each.hit is None else _vector(each.hit) for each in found]

    async def keep(self, collection: Collection, vectors: Sequence[tuple[str, Vector]]) -> None:
        partition = _partition(collection)
        specs = [(KeySpec(partition, _name(text)), vector) for text, vector in vectors]
        await asyncio.gather(
            *(
                self._chain.tiers.set(spec.key, vector.tobytes(), ttl=CHUNK_TTL, about=spec.about(None))
                for spec, vector in specs
            )
        )


def _partition(collection: Collection) -> Partition:
    space = collection.space
    return Partition(
        namespace="embedding",
        tenant=collection.tenant,
        collection=None,
        # Some servers give a model no digest, and keep its name when its weights change.
        retrieval={"dimension": space.dimension},
        embedder=space.model,
        embedder_digest=space.digest,
    )


def _name(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _vector(hit: Cached[Any]) -> Vector:
    vector: Vector = np.frombuffer(hit.value, dtype="<f4")
    return vector
