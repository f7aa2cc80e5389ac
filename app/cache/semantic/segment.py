"""What one threshold holds for."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from app.cache.keys import Partition, encode


@dataclass(frozen=True, slots=True)
class Segment:
    """A collection's questions to one embedding model, and of answers to one chat model.

    Matches are looked for within a partition, but how far similarity can be trusted does not depend on `top_k`, on
    filters or on a snapshot of statistics: partitions that differ in such things alone share their labels.
    """

    digest: str
    tenant: str
    collection: int
    namespace: str


@lru_cache(maxsize=4096)
def _digest(*parts: object) -> str:
    return sha256(encode(parts)).hexdigest()


def segment_of(partition: Partition) -> Segment | None:
    """The stratum that a partition belongs to.

    None for what never matches: what follows from earlier turns, or rests on no corpus.
    """
    if partition.collection is None or partition.conversation:
        return None
    digest = _digest(
        partition.namespace,
        partition.tenant,
        partition.collection,
        partition.embedder,
        partition.embedder_digest,
        partition.reranker,
        partition.chat_model,
        partition.chat_model_digest,
        partition.prompt,
    )
    return Segment(digest, partition.tenant, partition.collection, partition.namespace)
