"""Documents: upload, list, read, follow, replace and remove."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Header, Query, Request, Response, UploadFile

from app.api.clients import while_connected
from app.api.dependencies import Asking, Provided, ReadableDocument, Tenant, Within, WritableDocument
from app.api.fast_path.direct_route import BodyRoute
from app.api.headers import IdempotencyKey, IfNoneMatch, matches
from app.api.metering import Meter
from app.api.openapi import ETAG, NOT_MODIFIED, event_stream, problems
from app.api.schemas.common import CollectionName, Cursor, Limit, MetadataText, PageView
from app.api.schemas.documents import DocumentChange, DocumentView, UploadsView
from app.api.sse import EventStream, encode, failure
from app.api.uploads.filenames import filename_of
from app.api.uploads.forms import RefusedFile, one_upload, read_uploads
from app.domain.documents import Document, DocumentStatus, OnConflict, UploadResult
from app.domain.ingestion import IngestDone, IngestEvent, IngestFailed, IngestProgress
from app.services.documents.service import etag
from app.services.pagination import Page
from app.telemetry.access import annotate

router = APIRouter(
    prefix="/api/documents",
    tags=["documents"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)

_BODY = problems(400, 413, 415, 429)
_ON_CONFLICT = (
    "What to do where the collection has a document of the same name but of other bytes or metadata: `keep` both, "
    "`replace` it by a new version, or `refuse` the whole upload with 409"
)

IfMatch = Annotated[str | None, Header(description="Only if this is still the document's ETag", max_length=1000)]


@router.post(
    "",
    operation_id="uploadDocuments",
    status_code=202,
    response_description="Stored and queued. `unchanged`: the same file was there already",
    responses={
        202: {"headers": {"Location": {"description": "The first document", "schema": {"type": "string"}}}},
        **_BODY,
        **problems(404, 409, 502),
    },
)
async def upload_documents(
    request: Request,
    response: Response,
    services: Provided,
    caller: Asking,
    files: Annotated[list[UploadFile], File(description="One or more files")],
    collection: Annotated[CollectionName, Form()] = "default",
    metadata: Annotated[MetadataText | None, Form()] = None,
    on_conflict: Annotated[OnConflict, Form(description=_ON_CONFLICT)] = OnConflict.KEEP,
    idempotency_key: IdempotencyKey = None,
) -> UploadsView:
    """Store files and queue their ingestion. Follow each with its events, or look at its status.

    A file whose name and bytes the collection has already is `unchanged`. The same bytes under another name, or
    with other metadata, are a document of their own, which shares the vectors of the first. A file whose name
    cannot be stored is listed in `refused`, and costs the others nothing. Files of a client that leaves before it
    is answered are not stored.
    """
    await services.access.check_write(caller, collection)

    async def store() -> tuple[list[UploadResult], list[RefusedFile]]:
        uploads, refused = await read_uploads(files, services.max_upload_bytes)
        await Meter(services.limits, caller).uploads(*uploads)
        results = await services.documents.upload(
            caller.tenant,
            uploads,
            collection=collection,
            metadata=metadata,
            on_conflict=on_conflict,
            idempotency_key=idempotency_key,
        )
        return results, refused

    results, refused = await while_connected(request, store())
    annotate(documents=[str(result.document.id) for result in results])
    if results:
        response.headers["Location"] = f"/api/documents/{results[0].document.id}"
    return UploadsView.of(results, refused)


@router.get("", operation_id="listDocuments", response_model=PageView[DocumentView])
async def list_documents(
    services: Provided,
    tenant: Tenant,
    within: Within,
    collection: CollectionName | None = None,
    status: DocumentStatus | None = None,
    limit: Limit = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Page[Document]:
    """Documents in the order of their creation."""
    names = None if within is None else within.names
    return await services.documents.list(
        tenant, collection=collection, status=status, limit=limit, cursor=cursor, within=names
    )


@router.get(
    "/{document_id}",
    operation_id="getDocument",
    response_model=DocumentView,
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **problems(404)},
)
async def get_document(
    response: Response,
    services: Provided,
    tenant: Tenant,
    document_id: ReadableDocument,
    if_none_match: IfNoneMatch = None,
) -> Document | Response:
    document = await services.documents.get(tenant, document_id)
    tag = etag(document)
    if matches(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return document


@router.get(
    "/{document_id}/events",
    operation_id="followDocument",
    response_class=Response,
    responses={
        200: {
            "description": "`progress` {stage, done, total, embeddings_per_second, eta_seconds}, then `done` with "
            "the document, or `error` {problem, retryable}",
            "content": event_stream(
                "IngestionEvent",
                'event: progress\ndata: {"stage":"embed","done":64,"total":700,'
                '"embeddings_per_second":21.5,"eta_seconds":29.6}\n\n',
            ),
        },
        **problems(404),
    },
)
async def follow_document(
    request: Request, services: Provided, tenant: Tenant, document_id: ReadableDocument
) -> Response:
    """Follow a document's ingestion to its end."""

    def encoded(event: IngestEvent) -> bytes:
        match event:
            case IngestProgress():
                return encode("progress", event)
            case IngestDone(document):
                return encode("done", DocumentView.model_validate(document).model_dump(mode="json"))
            case IngestFailed(reason):
                return failure(request.scope, reason, retryable=False)

    return EventStream(lambda: services.watcher.events(tenant, document_id), encoded, services.metrics)


@router.put(
    "/{document_id}",
    operation_id="replaceDocument",
    status_code=202,
    response_model=DocumentView,
    responses={202: {"headers": ETAG}, **_BODY, **problems(404, 409, 412)},
)
async def replace_document(
    request: Request,
    response: Response,
    services: Provided,
    caller: Asking,
    document_id: WritableDocument,
    file: Annotated[UploadFile | None, File(description="The new content")] = None,
    files: Annotated[list[UploadFile] | None, File(description="The same", deprecated=True)] = None,
    metadata: Annotated[MetadataText | None, Form()] = None,
    if_match: IfMatch = None,
) -> Document:
    """Replace in place: readers see the old version until the new one is complete."""

    async def replace() -> Document:
        upload = await one_upload([*(files or []), *([file] if file else [])], services.max_upload_bytes)
        await Meter(services.limits, caller).uploads(upload)
        return await services.documents.replace(
            caller.tenant, document_id, upload, metadata=metadata, if_match=if_match
        )

    document = await while_connected(request, replace())
    response.headers["ETag"] = etag(document)
    return document


@router.patch(
    "/{document_id}",
    operation_id="describeDocument",
    response_model=DocumentView,
    responses={200: {"headers": ETAG}, **_BODY, **problems(404, 412)},
)
async def describe_document(
    response: Response,
    services: Provided,
    tenant: Tenant,
    document_id: WritableDocument,
    body: DocumentChange,
    if_match: IfMatch = None,
) -> Document:
    """Give a document another name or other metadata, by which searches and filters find it from now on."""
    document = await services.documents.describe(
        tenant,
        document_id,
        filename=None if body.filename is None else filename_of(body.filename),
        metadata=body.metadata,
        if_match=if_match,
    )
    response.headers["ETag"] = etag(document)
    return document


@router.post(
    "/{document_id}/retry",
    operation_id="retryDocument",
    status_code=202,
    response_model=DocumentView,
    responses={202: {"headers": ETAG}, **problems(404, 409)},
)
async def retry_document(
    response: Response, services: Provided, tenant: Tenant, document_id: WritableDocument
) -> Document:
    """Queue the failed chunks again; chunks that have an embedding keep it.

    A file of which a part was not read is read again; readers see what was read of it until then.
    """
    document = await services.documents.retry(tenant, document_id)
    response.headers["ETag"] = etag(document)
    return document


@router.post(
    "/{document_id}/cancel",
    operation_id="cancelDocument",
    response_model=DocumentView,
    responses={200: {"headers": ETAG}, **problems(404, 409)},
)
async def cancel_document(
    response: Response, services: Provided, tenant: Tenant, document_id: WritableDocument
) -> Document:
    """Stop an ingestion. The version that readers saw before stays."""
    document = await services.documents.cancel(tenant, document_id)
    response.headers["ETag"] = etag(document)
    return document


@router.delete(
    "/{document_id}",
    operation_id="deleteDocument",
    status_code=204,
    responses={204: {"description": "Gone"}, **problems(404, 412)},
)
async def delete_document(
    services: Provided, tenant: Tenant, document_id: WritableDocument, if_match: IfMatch = None
) -> None:
    """Delete a document. It is out of answers, search and every cache at once."""
    await services.documents.delete(tenant, document_id, if_match)
