"""Search through the cache: one run for each query, served until a change of documents could alter its result."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import orjson

from app.cache.chain import CacheChain
from app.cache.entry import CacheControl, CacheResult, Computed
from app.cache.keys import KeySpec
from app.domain.documents import Collection
from app.domain.retrieval import Query, Retrieval, SearchMode
from app.errors import LocalChatError
from app.services.documents.collection_cache import CollectionCache
from app.services.search.partitions import longest_use, partition_of
from app.services.search.serialization import evidence_of, from_plain, to_plain
from app.services.search.service import SearchService, checked
from app.services.semantic.labels import same_results
from app.services.semantic.lookup import Matching, NoMatching, SemanticLookup

# Making a key costs more than a lookup, so the latest keys are kept, except those of long questions.
_REMEMBERED_KEYS = 8192
_REMEMBERED_CHARS = 400

_log = logging.getLogger(__name__)


class SearchResult(NamedTuple):
    """The result of a query. `results` is its JSON, encoded once; `cached` says where it came from."""

    results: bytes
    cached: CacheResult[Any]
    timings_ms: Mapping[str, float]

    @property
    def retrieval(self) -> Retrieval:
        return from_plain(self.cached.value["retrieval"], self.cached.corpus_version or 0)


class CachedSearch:
    """The `retrieval` namespace of the cache, in front of a `SearchService`.

    Args:
        search: finds what the cache does not hold.
        directory: finds collections by name.
        chain: the cache.
        matching: finds results of other questions that mean the same.
        reranker: the name of the one that reads passages again, part of the keys of the results that it orders.
    """

    def __init__(
        self,
        search: SearchService,
        directory: CollectionCache,
        chain: CacheChain,
        matching: Matching | None = None,
        reranker: str = "",
    ) -> None:
        self._search = search
        self._reranker = reranker
        self._directory = directory
        self._chain = chain
        self._matching = matching or NoMatching()
        self._specs: dict[tuple[Any, ...], KeySpec] = {}

    def peek(self, query: Query) -> SearchResult | None:
        """Return a hit from memory, without awaiting. None proves nothing."""
        known = self._directory.known(query.tenant, query.collection)
        if known is None:
            return None
        collection = known.searched_as(query.retrieval)
        began = time.perf_counter()
        spec = self._spec(collection, query)
        hit = self._chain.peek(spec)
        if hit is None:
            return None
        if self._chain.is_ageing(hit):
            self._chain.refresh_early(spec, partial(self._compute, spec, collection, query, {}))
        return _found(hit, began)

    async def find(
        self, query: Query, control: CacheControl = CacheControl.USE, *, semantic: bool = False
    ) -> SearchResult:
        """Answer from the fastest tier that holds a fresh result, or search; log which it was.

        `semantic`: the result of another question that means the same may be returned.

        Raises:
            NotCached: `control` is ONLY_IF_CACHED, and no tier has the result.
            InvalidInput, NotFound, ModelError, StoreUnavailable: as `SearchService.search`.
        """
        found = await self._find(query, control, semantic=semantic)
        cached = found.cached
        source = f"{cached.tier.upper()} cache hit" if cached.tier else f"cache {cached.status}"
        _log.info("Query latency: %.0fms (%s)", found.timings_ms["total"], source)
        return found

    async def search(self, query: Query, control: CacheControl = CacheControl.USE) -> Retrieval:
        """Return the passages for an answer: never the result of another question."""
        return (await self._find(query, control)).retrieval

    async def _find(self, query: Query, control: CacheControl, *, semantic: bool = False) -> SearchResult:
        began = time.perf_counter()
        query = replace(query, text=checked(query))
        found = await self._directory.resolve(query.tenant, query.collection)
        collection = found.searched_as(query.retrieval)
        spec = self._spec(collection, query)
        timings: dict[str, float] = {}
        compute = partial(self._compute, spec, collection, query, timings)
        nearby = None
        if semantic and query.mode is not SearchMode.LEXICAL:
            inquiry = SemanticLookup(spec, collection, partial(self._again, compute), same_results)
            nearby = partial(self._matching.find, inquiry)
            if control is CacheControl.USE:
                compute = partial(self._learning, inquiry, compute)
        cached = await self._chain.get_or_compute(spec, compute, control, nearby=nearby, same=_same_passages)
        answered = _found(cached, began)
        return answered._replace(timings_ms={**timings, **answered.timings_ms})

    async def _compute(
        self, spec: KeySpec, collection: Collection, query: Query, timings: dict[str, float]
    ) -> Computed[dict[str, Any]]:
        retrieval = await self._search.search(replace(query, text=spec.question))
        timings.update(retrieval.timings_ms)
        plain = to_plain(retrieval)
        value = {"results": orjson.dumps([_visible(item) for item in plain["results"]]), "retrieval": plain}
        return Computed(value, evidence_of(retrieval, collection, query.filter), kept=not retrieval.unscored)

    async def _learning(
        self, inquiry: SemanticLookup, compute: Callable[[], Awaitable[Computed[Any]]]
    ) -> Computed[dict[str, Any]]:
        computed = await compute()
        vector = computed.evidence.query_vector if computed.evidence else b""
        if computed.kept:
            self._matching.learn(inquiry, vector, computed.value)
        return computed

    async def _again(self, compute: Callable[[], Awaitable[Computed[Any]]]) -> dict[str, Any] | None:
        try:
            computed = await compute()
        except LocalChatError:
            return None
        value: dict[str, Any] = computed.value
        return value if computed.kept else None

    def _spec(self, collection: Collection, query: Query) -> KeySpec:
        if query.filter or query.retrieval or len(query.text) > _REMEMBERED_CHARS:
            return _key_spec(collection, query, self._reranker)
        named = (
            query.text,
            query.top_k,
            query.mode,
            query.tenant,
            collection.id,
            collection.updated_at,
            collection.space.id,
            collection.statistics,
        )
        spec = self._specs.get(named)
        if spec is None:
            if len(self._specs) >= _REMEMBERED_KEYS:
                self._specs.clear()
            spec = self._specs[named] = _key_spec(collection, query, self._reranker)
        return spec


def _key_spec(collection: Collection, query: Query, reranker: str = "") -> KeySpec:
    retrieval = {"mode": str(query.mode), "top_k": query.top_k}
    partition = partition_of(
        collection,
        "retrieval",
        tenant=query.tenant,
        retrieval=retrieval,
        filters=query.filter,
        reranker=reranker,
    )
    return KeySpec(partition, query.text, longest_use(collection.settings), str(collection.statistics or ""))


def _same_passages(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two results show the same passages in the same order. Scores move with every candidate."""
    shown = [
        [(item["document_id"], item["text"]) for item in value["retrieval"]["results"]] for value in (old, new)
    ]
    return shown[0] == shown[1]


def _found(cached: CacheResult[Any], began: float) -> SearchResult:
    return SearchResult(cached.value["results"], cached, {"total": round((time.perf_counter() - began) * 1000, 3)})


def _visible(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without the fields that clients do not see."""
    hidden = ("ordinal", "token_count")
    return {name: value for name, value in item.items() if name not in hidden}
