"""The part of a cache key that results of one collection share, whether passages or answers."""

from collections.abc import Mapping
from typing import Any

from app.cache.keys import Partition
from app.domain.cache_limits import that_change_results
from app.domain.documents import Collection
from app.retrieval.cross_encoder_order import CROSS_ENCODER
from app.retrieval.fusion import RANKING_VERSION
from app.retrieval.settings import RetrievalSettings


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
    named = RetrievalSettings.of(collection.settings).reranker
    return Partition(
        namespace=namespace,
        tenant=tenant,
        collection=collection.id,
        founded=collection.created_at.isoformat(),
        retrieval={
            **retrieval,
            "settings": that_change_results(collection.settings),
            "space": collection.space.id,
            "ranking": RANKING_VERSION,
        },
        filters=dict(filters),
        embedder=collection.space.model,
        embedder_digest=collection.space.digest,
        reranker=f"{named} {reranker}" if named == CROSS_ENCODER else named,
        statistics=str(collection.statistics or ""),
        **answer,
    )
