"""The part of a cache key that results of one collection share, whether passages or answers."""

from collections.abc import Mapping
from typing import Any

from app.cache.keys import Partition
from app.domain.cache_limits import that_change_results
from app.domain.documents import Collection
from app.retrieval.fusion import RANKING_VERSION
from app.retrieval.settings import RetrievalSettings


def partition_of(
    collection: Collection,
    namespace: str,
    *,
    tenant: str,
    retrieval: Mapping[str, Any],
    filters: Mapping[str, Any],
    **answer: Any,
) -> Partition:
    """Name everything that a result depends on besides its question.

    Args:
        collection: the collection, searched as the query wants it.
        namespace: retrieval or answer.
        tenant: the owner.
        retrieval: parameters of the query, such as `top_k`.
        filters: the query's metadata filter.
        answer: further fields of a `Partition`, which only answers have.
    """
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
        reranker=RetrievalSettings.of(collection.settings).reranker,
        statistics=str(collection.statistics or ""),
        **answer,
    )
