"""Collections of documents."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.dependencies import (
    Asking,
    Provided,
    ReadableCollection,
    Tenant,
    Within,
    WritableCollection,
)
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import problems
from app.api.schemas.access.collections import CollectionAccessChange
from app.api.schemas.common import CollectionName, Cursor, Limit, PageView
from app.api.schemas.documents import CollectionChange, CollectionCreation, CollectionView, ReindexRequest

router = APIRouter(
    prefix="/api/collections",
    tags=["collections"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)


@router.get("", operation_id="listCollections")
async def list_collections(
    services: Provided,
    tenant: Tenant,
    within: Within,
    limit: Limit = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> PageView[CollectionView]:
    """Collections by name, with their statistics."""
    names = None if within is None else within.names
    page = await services.collections.list(tenant, limit=limit, cursor=cursor, within=names)
    items = [CollectionView.of(item) for item in page.items]
    return PageView[CollectionView](items=items, next_cursor=page.next_cursor)


@router.post(
    "",
    operation_id="createCollection",
    status_code=201,
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}}}},
        **problems(400, 404, 409, 413, 415, 502),
    },
)
async def create_collection(
    response: Response, services: Provided, caller: Asking, body: CollectionCreation
) -> CollectionView:
    """Create an empty collection. Its embedding model stays the same until it is reindexed."""
    await services.access.check_write(caller, body.name)
    created = await services.collections.create(
        caller.tenant,
        body.name,
        description=body.description,
        language=body.language,
        embedding_model=body.embedding_model,
    )
    response.headers["Location"] = f"/api/collections/{body.name}"
    return CollectionView.of(created)


@router.get("/{name}", operation_id="getCollection", responses=problems(404))
async def get_collection(services: Provided, tenant: Tenant, name: ReadableCollection) -> CollectionView:
    return CollectionView.of(await services.collections.get(tenant, name))


@router.patch("/{name}", operation_id="changeCollection", responses=problems(400, 404, 409, 413, 415))
async def change_collection(
    services: Provided, caller: Asking, name: WritableCollection, body: CollectionChange
) -> CollectionView:
    """Change the name, description or settings of a collection."""
    if body.name is not None:
        await services.access.check_write(caller, body.name)
    changed = await services.collections.update(
        caller.tenant,
        name,
        new_name=body.name,
        description=body.description,
        settings=body.settings.model_dump(exclude_none=True) if body.settings else None,
    )
    return CollectionView.of(changed)


@router.put("/{name}/access", operation_id="openCollection", responses=problems(400, 404, 413, 415))
async def open_collection(
    services: Provided, tenant: Tenant, name: CollectionName, body: CollectionAccessChange
) -> CollectionView:
    """Say who may read and write a collection. It is not there for others, on every replica within a second."""
    opened = await services.collections.open_to(tenant, name, readers=body.readers, writers=body.writers)
    return CollectionView.of(opened)


@router.delete(
    "/{name}",
    operation_id="deleteCollection",
    status_code=204,
    responses={204: {"description": "Gone"}, **problems(404)},
)
async def delete_collection(services: Provided, tenant: Tenant, name: WritableCollection) -> None:
    """Delete a collection with all its documents. They are out of answers and caches at once."""
    await services.collections.delete(tenant, name)


@router.post(
    "/{name}/reindex",
    operation_id="reindexCollection",
    status_code=202,
    responses={
        202: {"headers": {"Location": {"schema": {"type": "string"}}}},
        **problems(400, 404, 409, 413, 415, 502),
    },
)
async def reindex_collection(
    response: Response, services: Provided, tenant: Tenant, name: WritableCollection, body: ReindexRequest
) -> CollectionView:
    """Move a collection to another embedding model in the background; `reindex` holds the progress.

    Questions use the old model's vectors until the new ones are complete.
    """
    moving = await services.reindexes.start(tenant, name, body.embedding_model)
    response.headers["Location"] = f"/api/collections/{name}"
    return CollectionView.of(moving)


@router.post("/{name}/reindex/cancel", operation_id="cancelReindex", responses=problems(404, 409))
async def cancel_reindex(services: Provided, tenant: Tenant, name: WritableCollection) -> CollectionView:
    """Stop a move to another embedding model. The collection stays as it is."""
    return CollectionView.of(await services.reindexes.cancel(tenant, name))
