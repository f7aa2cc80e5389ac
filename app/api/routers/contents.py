"""What a document holds: its passages, and its bytes."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.api.dependencies import Provided, ReadableDocument, Tenant
from app.api.fast_path.direct_route import BodyRoute
from app.api.headers import IfNoneMatch, attachment_headers, byte_range, matches
from app.api.openapi import ETAG, NOT_MODIFIED, problems
from app.api.problems import problem, problem_response
from app.api.schemas.common import Cursor, Limit, PageView
from app.api.schemas.documents import ChunkView
from app.domain.documents import Chunk
from app.services.pagination import Page

router = APIRouter(
    prefix="/api/documents",
    tags=["documents"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)


@router.get(
    "/{document_id}/chunks",
    operation_id="listChunks",
    response_model=PageView[ChunkView],
    responses=problems(404),
)
async def list_chunks(
    services: Provided,
    tenant: Tenant,
    document_id: ReadableDocument,
    limit: Limit = 100,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Page[Chunk]:
    """The document's passages in order."""
    return await services.documents.chunks(tenant, document_id, limit=limit, cursor=cursor)


@router.get(
    "/{document_id}/content",
    operation_id="getContent",
    response_class=Response,
    responses={
        200: {
            "description": "The original bytes, with their original media type and name",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            "headers": ETAG,
        },
        206: {
            "description": "The part that `Range` names",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        **NOT_MODIFIED,
        **problems(404, 416),
    },
)
async def get_content(
    request: Request,
    services: Provided,
    tenant: Tenant,
    document_id: ReadableDocument,
    if_none_match: IfNoneMatch = None,
    wanted: Annotated[str | None, Header(alias="Range", description="`bytes=FIRST-LAST`, one part")] = None,
    if_range: Annotated[str | None, Header(description="An ETag: another one gets everything")] = None,
) -> Response:
    """The file as it was uploaded, whole or in part."""
    content = await services.documents.content(tenant, document_id)
    tag = f'"{content.sha256}"'
    if matches(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    size = content.size_bytes
    headers = {"ETag": tag, "Accept-Ranges": "bytes"}
    try:
        part = byte_range(wanted, size) if if_range in {None, tag} else None
    except ValueError:
        detail = f"The content has {size} bytes."
        refusal = problem(request.scope, 416, "range-not-satisfiable", "No byte of the range is there", detail)
        return problem_response(refusal, {**headers, "Content-Range": f"bytes */{size}"})
    start, end = part or (0, size)
    headers |= {**attachment_headers(content.filename, content.media_type), "Content-Length": str(end - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return StreamingResponse(content.pieces(start, end), 206 if part else 200, headers)
