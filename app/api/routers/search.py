"""Search: passages, without an answer."""

from typing import Any

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response

from app.api.dependencies import services_of, tenant_of
from app.api.openapi import problems
from app.api.routing import DirectRoute
from app.api.schemas.search import CacheUse, SearchRequest, SearchResponse
from app.domain.retrieval import Query, Retrieval, ScoredChunk
from app.errors import NotCached


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
    if body.cache == "only-if-cached":
        raise NotCached("Nothing is cached for this query.")
    query = Query(
        tenant=tenant,
        collection=body.collection,
        text=body.query,
        top_k=body.top_k,
        mode=body.mode,
        filter=body.filter,
    )
    found = await services_of(request).search.search(query)
    content = orjson.dumps(_reply(found, body.cache), option=orjson.OPT_SERIALIZE_NUMPY)
    headers = {"Cache-Status": f"LocalChat; fwd={'request' if body.cache == 'bypass' else 'uri-miss'}"}
    return Response(content, media_type="application/json", headers=headers)


def _reply(found: Retrieval, use: CacheUse) -> dict[str, Any]:
    status = "bypass" if use == "bypass" else "miss"
    cache = {
        "status": status,
        "tier": None,
        "key": None,
        "age_seconds": None,
        "similarity": None,
        "matched_query": None,
    }
    return {
        "results": [_result(chunk) for chunk in found.results],
        "cache": cache,
        "timings_ms": dict(found.timings_ms),
        "corpus_version": found.corpus_version,
    }


def _result(chunk: ScoredChunk) -> dict[str, Any]:
    return {
        "chunk_id": chunk.chunk_id,
        "document_id": chunk.document_id,
        "filename": chunk.filename,
        "page": chunk.page,
        "section": chunk.section,
        "text": chunk.text,
        "score": chunk.score,
        "scores": dict(chunk.scores),
    }
