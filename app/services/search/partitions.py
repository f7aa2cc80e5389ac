"""The part of a cache key that results of one collection share, whether passages or answers."""

from collections.abc import Mapping
from typing import Any

from app.cache.keys import Partition
from app.domain.documents import Collection
from app.retrieval.cross_encoder_order import CROSS_ENCODER
from app.retrieval.fusion import RANKING_VERSION
from app.retrieval.settings import RetrievalSettings

# A collection's limits on the cache stand under this name among its settings: `ttl` in seconds is how long a result
# may be used; `max_entries` and `max_bytes` are read by L3 when it makes room.
_CACHE = "cache"


def longest_use(settings: Mapping[str, Any]) -> float | None:
    """Seconds for which a result may be used, from its computation; None leaves that to the tiers."""
    ttl: float | None = settings.get(_CACHE, {}).get("ttl")
    return ttl


def partition_of(
    collection: Collection,
    namespace: str,
    *,
    tenant: str,
    retrieval: Mapping[str, Any],
    filters: Mapping[str, Any],
    reranker: str = "",
    **answer: Any,
) -> Partition:
    """Name everything that a result depends on besides its question.

    Args:
        collection: the collection, searched as the query wants it.
        namespace: retrieval or answer.
        tenant: the owner.
        retrieval: parameters of the query, such as `top_k`.
        filters: the query's metadata filter.
        reranker: the name of the model that reads passages again, where the collection or the query wants it.
        answer: further fields of a `Partition`, which only answers have.
    """
    named = RetrievalSettings.of(collection).reranker
    return Partition(
        namespace=namespace,
        tenant=tenant,
        collection=collection.id,
        founded=collection.created_at.isoformat(),
        retrieval={
            **retrieval,
            "settings": _that_change_results(collection.settings),
            "space": collection.space.id,
            "ranking": RANKING_VERSION,
        },
        filters=dict(filters),
        embedder=collection.space.model,
        embedder_digest=collection.space.digest,
        reranker=f"{named} {reranker}" if named == CROSS_ENCODER else named,
        **answer,
    )


def _that_change_results(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that belong into a cache key: the limits change no result."""
    return {name: value for name, value in settings.items() if name != _CACHE}
