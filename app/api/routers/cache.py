"""The cache: statistics, entries, warming and clearing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.api.dependencies import Provided, Services, Tenant
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import event_stream, problems
from app.api.schemas.cache import (
    CacheStatsView,
    ClearedView,
    ClearRequest,
    EntryKey,
    EntryView,
    ExaminedEntryView,
    Namespace,
)
from app.api.schemas.common import CollectionName, Cursor, Limit, PageView, Text
from app.api.schemas.semantic import JudgementRequest, MatchExampleView, MatchingReportView
from app.api.schemas.warming import WarmedView, WarmRequest
from app.api.sse import EventStream, encode
from app.domain.warming import Warmed, WarmQuestion, WarmStep

router = APIRouter(
    prefix="/api/cache",
    tags=["cache"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)

_WARMING = """event: progress
data: {"done":1,"total":2,"held":1,"computed":0,"failed":0}

event: done
data: {"total":2,"held":1,"computed":1,"failures":[],"seconds":4.2}

"""

Key = Annotated[EntryKey, Path(description="As in `cache.key` of a search or an answer")]


@router.get("/stats", operation_id="cacheStats")
async def stats(services: Provided, _: Tenant) -> CacheStatsView:
    """Hits, misses, latencies and savings of the process that answers, and the contents of each tier."""
    return CacheStatsView.model_validate(await services.cache.stats())


@router.get("/top", operation_id="topCacheEntries", responses=problems(409))
async def top(
    services: Provided,
    tenant: Tenant,
    limit: Limit = 10,
    namespace: Annotated[Namespace | None, Query()] = None,
) -> PageView[EntryView]:
    """The most used entries, hits of the last seconds included."""
    found = await services.cache.top(tenant, limit=limit, namespace=namespace)
    return PageView[EntryView](items=[EntryView.of(each) for each in found])


@router.get("/entries", operation_id="listCacheEntries", responses=problems(404, 409))
async def entries(
    services: Provided,
    tenant: Tenant,
    q: Annotated[Text, Query(description="A part of the question, in any case", max_length=2000)] = "",
    namespace: Annotated[Namespace | None, Query()] = None,
    collection: Annotated[CollectionName | None, Query()] = None,
    limit: Limit = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> PageView[EntryView]:
    """The entries of L3, newest first, expired ones included until they are swept."""
    page = await services.cache.entries(
        tenant, text=q, namespace=namespace, collection=collection, limit=limit, cursor=cursor
    )
    return PageView[EntryView](items=[EntryView.of(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/entries/{key}", operation_id="getCacheEntry", responses=problems(404))
async def entry(services: Provided, tenant: Tenant, key: Key) -> ExaminedEntryView:
    """An entry in every tier: its age, its version, and the documents it rests on."""
    return ExaminedEntryView.of(await services.cache.entry(tenant, key))


@router.delete(
    "/entries/{key}",
    operation_id="deleteCacheEntry",
    status_code=204,
    responses={204: {"description": "Gone from every tier of every replica"}, **problems(404)},
)
async def delete(services: Provided, tenant: Tenant, key: Key) -> None:
    """Remove an entry, pinned or not. The next request for its question computes it again."""
    await services.cache.delete(tenant, key)


@router.post("/entries/{key}/pin", operation_id="pinCacheEntry", responses=problems(404, 409))
async def pin(services: Provided, tenant: Tenant, key: Key) -> ExaminedEntryView:
    """Keep an entry in L3: it is not evicted and does not expire.

    It is still removed, with its pin, when a change of documents makes it stale, or when it is deleted or cleared.
    """
    return ExaminedEntryView.of(await services.cache.pin(tenant, key, pinned=True))


@router.delete("/entries/{key}/pin", operation_id="unpinCacheEntry", responses=problems(404, 409))
async def unpin(services: Provided, tenant: Tenant, key: Key) -> ExaminedEntryView:
    """Let an entry be evicted and expire again."""
    return ExaminedEntryView.of(await services.cache.pin(tenant, key, pinned=False))


@router.post(
    "/warm",
    operation_id="warmCache",
    response_model=WarmedView,
    responses={
        200: {
            "description": "The result. With `stream`, `progress` {done, total, held, computed, failed} after "
            "each query, then `done` with the same as without, or `error` {problem, retryable}",
            "content": event_stream("WarmingEvent", _WARMING),
        },
        **problems(400, 404, 409, 413, 415, 502),
    },
)
async def warm(services: Provided, tenant: Tenant, body: WarmRequest) -> Response:
    """Ask the most used queries, or given ones, ahead, so that their results are in memory.

    Queries are asked one after the other, in one replica at a time, and only while the process is not busy
    (`CACHE_WARM_MAX_LOAD`). A client that leaves the stream ends it.
    """
    questions = await _questions(services, tenant, body)
    if body.stream:
        return EventStream(lambda: services.warming.warm(questions), _encoded, services.metrics)
    warmed = WarmedView.model_validate(await services.warming.collect(questions))
    return Response(warmed.model_dump_json(), media_type="application/json")


@router.get("/semantic", operation_id="semanticCacheReport")
async def semantic(
    services: Provided,
    tenant: Tenant,
    collection: Annotated[CollectionName | None, Query()] = None,
    examples: Annotated[int, Query(ge=0, le=50, description="How many of each kind")] = 5,
) -> MatchingReportView:
    """Hits and errors of matching by meaning, by the labels of all replicas.

    In shadow mode, nothing is served: the figures tell what serving would do. There is an item for each collection,
    namespace and pair of models with any observation.
    """
    reporter = services.matching
    return MatchingReportView.of(reporter, await reporter.report(tenant, collection=collection, examples=examples))


@router.post(
    "/semantic/examples/{example}/judgement",
    operation_id="judgeSemanticExample",
    responses=problems(400, 404, 413, 415),
)
async def judge(
    services: Provided,
    tenant: Tenant,
    example: Annotated[int, Path(ge=1, lt=2**63, examples=[7])],
    body: JudgementRequest,
) -> MatchExampleView:
    """Say whether the two questions of an example mean the same, in place of what comparing their results says.

    Two that do not are never matched from now on. The next calibration of the threshold counts the judgement.
    """
    return MatchExampleView.model_validate(await services.matching.judge(tenant, example, same=body.same))


@router.post("/clear", operation_id="clearCache", responses=problems(400, 404, 409, 413, 415))
async def clear(services: Provided, tenant: Tenant, body: ClearRequest) -> ClearedView:
    """Remove entries by tier, collection and namespace; an empty object removes all, pinned ones too.

    Clearing l1 clears the memory of every replica. Embeddings belong to no collection. After a 503, the tiers that
    answered are cleared.
    """
    removed = await services.cache.clear(
        tenant, tier=body.tier, namespace=body.namespace, collection=body.collection
    )
    return ClearedView(removed=removed)


@router.post("/clear-expired", operation_id="clearExpiredCache", responses=problems(409))
async def clear_expired(services: Provided, _: Tenant) -> ClearedView:
    """Remove expired entries from L3, which are kept in case the models fail. A pinned entry does not expire."""
    return ClearedView(removed=await services.cache.clear_expired())


async def _questions(services: Services, tenant: str, body: WarmRequest) -> list[WarmQuestion]:
    if body.queries is None:
        return await services.warming.questions.top(
            tenant, limit=body.limit, collection=body.collection, namespace=body.namespace
        )
    return await services.warming.questions.given(
        tenant, body.queries, collection=body.collection or "default", namespace=body.namespace or "answer"
    )


def _encoded(event: WarmStep | Warmed) -> bytes:
    return encode("progress" if isinstance(event, WarmStep) else "done", event)
