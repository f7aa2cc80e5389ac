"""Search: passages, without an answer."""

from functools import lru_cache

import orjson
from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.api.cache_status import CACHE_STATUS, cache_status, match_parameters
from app.api.dependencies import Services, caller_of, services_of
from app.api.fast_path.cached_response import Reply, json_reply
from app.api.fast_path.direct_route import DirectRoute
from app.api.openapi import problems
from app.api.schemas.search import SearchRequest, SearchResponse
from app.cache.entry import CacheControl
from app.domain.access.caller import AccessScope, Caller
from app.domain.query_ids import query_id_text
from app.domain.retrieval import Query
from app.services.search.cached import SearchResult
from app.telemetry.access import annotate

# Longer bodies are validated each time: they are rare, and would take room in memory.
_REMEMBERED_BYTES = 1024


def add_search(app: FastAPI) -> None:
    app.router.add_api_route(
        "/api/search",
        search,
        methods=["POST"],
        operation_id="search",
        tags=["answers"],
        response_model=SearchResponse,
        responses={
            200: {"headers": {"Cache-Status": CACHE_STATUS}},
            **problems(401, 404, 413, 415, 422, 502, 503),
        },
        route_class_override=DirectRoute,
    )


async def search(request: Request, body: SearchRequest) -> Response:
    """Return the passages that match a query best, by meaning and by words."""
    caller, services = caller_of(request), services_of(request)
    query = _query(body, caller.tenant)
    annotate(question=body.query)
    await services.access.check_read(caller, query.collection)
    found = await services.search.find(query, CacheControl(body.cache), semantic=body.semantic)
    return _reply(found, body.cache).response()


def search_hit(services: Services, caller: Caller, content: bytes) -> Reply | None:
    """Return the reply to a search whose results memory holds, if the caller may read them; None otherwise."""
    read = _read if len(content) <= _REMEMBERED_BYTES else _read.__wrapped__
    try:
        control, query = read(content, caller.tenant)
    except ValidationError:
        return None
    if control != "use" or not caller.may(AccessScope.READ) or not services.access.reads(caller, query.collection):
        return None
    found = services.search.peek(query)
    if found is None:
        return None
    annotate(question=query.text)
    return _reply(found, control)


@lru_cache(maxsize=4096)
def _read(content: bytes, tenant: str) -> tuple[str, Query]:
    """Validate a body. Popular questions come again and again, the same to the last byte."""
    body = SearchRequest.model_validate_json(content)
    return body.cache, _query(body, tenant)


def _query(body: SearchRequest, tenant: str) -> Query:
    return Query(
        tenant=tenant,
        collection=body.collection,
        text=body.query,
        top_k=body.top_k,
        mode=body.mode,
        filter=body.wanted,
        retrieval=body.retrieval.model_dump(exclude_none=True) if body.retrieval else {},
    )


def _reply(found: SearchResult, control: str) -> Reply:
    """Compose the response around the results, whose JSON was encoded when they were computed."""
    cached, matched = found.cached, found.cached.matched
    annotate(tier=cached.tier or cached.status, key=cached.key[:12], timings_ms=found.timings_ms)
    rest = {
        "query_id": matched.query_id if matched else query_id_text(cached.key),
        "cache": {
            "status": cached.status,
            "tier": cached.tier,
            "key": cached.key,
            "age_seconds": round(cached.age_seconds, 3) if cached.tier else None,
            "similarity": matched and round(matched.similarity, 4),
            "matched_query": matched and matched.question,
        },
        "timings_ms": found.timings_ms,
        "corpus_version": cached.corpus_version,
    }
    content = b'{"results":%b,%b' % (found.results, orjson.dumps(rest)[1:])
    status = cache_status(cached.status, cached.tier, cached.expires_in, control=control)
    if matched:
        status += match_parameters(matched.similarity, matched.question)
    return json_reply(content, (b"cache-status", status.encode()))
