"""Search: passages, without an answer."""

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response

from app.api.cache_status import cache_status
from app.api.dependencies import services_of, tenant_of
from app.api.openapi import problems
from app.api.routing import DirectRoute
from app.api.schemas.search import SearchRequest, SearchResponse
from app.cache.record import CacheControl
from app.domain.retrieval import Query
from app.services.cached_search import Found


def add_search(app: FastAPI) -> None:
    app.router.add_api_route(
        "/api/search",
        search,
        methods=["POST"],
        operation_id="search",
        tags=["answers"],
        response_model=SearchResponse,
        responses={
            200: {"headers": {"Cache-Status": {"description": "RFC 9211", "schema": {"type": "string"}}}},
            **problems(401, 404, 413, 415, 422, 502, 503),
        },
        route_class_override=DirectRoute,
    )


async def search(request: Request, body: SearchRequest) -> Response:
    """The passages that fit a query best, by meaning and by words."""
    tenant = await tenant_of(request)
    query = Query(
        tenant=tenant,
        collection=body.collection,
        text=body.query,
        top_k=body.top_k,
        mode=body.mode,
        filter=body.filter,
    )
    search = services_of(request).search
    found = search.peek(query) if body.cache == "use" else None
    if found is None:
        found = await search.find(query, CacheControl(body.cache))
    return _reply(found)


def _reply(found: Found) -> Response:
    """Put the response together from the results as they were prepared when they were computed."""
    cached = found.cached
    rest = {
        "cache": {
            "status": cached.status,
            "tier": cached.tier,
            "key": cached.key,
            "age_seconds": round(cached.age_seconds, 3) if cached.tier else None,
            "similarity": None,
            "matched_query": None,
        },
        "timings_ms": found.timings_ms,
        "corpus_version": cached.corpus_version,
    }
    content = b'{"results":%b,%b' % (found.results, orjson.dumps(rest)[1:])
    return Response(content, headers={"content-type": "application/json", "cache-status": cache_status(cached)})
