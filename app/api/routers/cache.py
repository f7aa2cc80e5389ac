"""The cache: what it did, what it holds, and changing that by hand."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api.dependencies import Provided, Tenant
from app.api.openapi import problems
from app.api.routing import BodyRoute
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

router = APIRouter(
    prefix="/api/cache",
    tags=["cache"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)

Key = Annotated[EntryKey, Path(description="As in `cache.key` of a search or an answer")]


@router.get("/stats", operation_id="cacheStats")
async def stats(services: Provided, _: Tenant) -> CacheStatsView:
    """Hits, misses, latencies and savings of the process that answers, and what each tier holds."""
    return CacheStatsView.model_validate(await services.cache.stats())


@router.get("/top", operation_id="topCacheEntries", responses=problems(409))
async def top(
    services: Provided,
    tenant: Tenant,
    limit: Limit = 10,
    namespace: Annotated[Namespace | None, Query()] = None,
) -> PageView[EntryView]:
    """The entries that were used most, hits of the last seconds included."""
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
    """What L3 holds, the newest first, expired entries included until they are swept."""
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
    """Remove an entry, pinned or not. Whoever asks its question next computes it anew."""
    await services.cache.delete(tenant, key)


@router.post("/entries/{key}/pin", operation_id="pinCacheEntry", responses=problems(404, 409))
async def pin(services: Provided, tenant: Tenant, key: Key) -> ExaminedEntryView:
    """Keep an entry in L3: it is not evicted and does not expire.

    It still goes, and its pin with it, when documents change what it rests on, or when it is deleted or cleared.
    """
    return ExaminedEntryView.of(await services.cache.pin(tenant, key, pinned=True))


@router.delete("/entries/{key}/pin", operation_id="unpinCacheEntry", responses=problems(404, 409))
async def unpin(services: Provided, tenant: Tenant, key: Key) -> ExaminedEntryView:
    """Let an entry be evicted and expire again."""
    return ExaminedEntryView.of(await services.cache.pin(tenant, key, pinned=False))


@router.post("/clear", operation_id="clearCache", responses=problems(400, 404, 409, 413, 415))
async def clear(services: Provided, tenant: Tenant, body: ClearRequest) -> ClearedView:
    """Remove entries by tier, collection and namespace; an empty object removes all, pinned ones too.

    Clearing l1 clears the memory of every replica. Embeddings belong to no collection. With 503, the tiers that
    answered are cleared.
    """
    removed = await services.cache.clear(
        tenant, tier=body.tier, namespace=body.namespace, collection=body.collection
    )
    return ClearedView(removed=removed)


@router.post("/clear-expired", operation_id="clearExpiredCache", responses=problems(409))
async def clear_expired(services: Provided, _: Tenant) -> ClearedView:
    """Remove from L3 what has expired and is kept in case the models fail. A pinned entry does not expire."""
    return ClearedView(removed=await services.cache.clear_expired())
