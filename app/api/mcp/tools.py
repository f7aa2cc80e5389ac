"""The tools of the Model Context Protocol: the services, as an assistant uses them."""

import hashlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from starlette.requests import Request

from app.api.compatible.links import SourceLinks
from app.api.dependencies import Services, caller_of, services_of
from app.api.mcp.results import (
    CitedAnswer,
    CollectionItem,
    CollectionItems,
    DocumentItem,
    DocumentItems,
    DocumentText,
    FoundPassage,
    Passages,
)
from app.api.metering import Meter
from app.api.schemas.common import CollectionName, Text
from app.api.uploads.filenames import filename_of
from app.domain.access.caller import AccessScope, Caller
from app.domain.answers import AnswerRequest
from app.domain.documents import PIECE, Document, Upload
from app.domain.filters import with_documents
from app.domain.retrieval import Query

_PAGE = 50
_LONGEST_TEXT = 1_000_000

Asked = Annotated[Text, Field(min_length=1, max_length=8000)]
Collection = Annotated[CollectionName, Field(description="Which collection; `list_collections` names them")]
Named = Annotated[
    list[Text] | None,
    Field(description="Look into these documents alone: ids or names, `*` for anything", max_length=50),
]
Ctx = Context[Any, Request]


def _asking(context: Ctx) -> tuple[Request, Services, Caller]:
    request = context.request_context.request
    if request is None:
        raise ToolError("The tools are for clients over HTTP.")
    return request, services_of(request), caller_of(request)


async def search(
    context: Ctx,
    query: Asked,
    collection: Collection = "default",
    documents: Named = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 5,
) -> Passages:
    """Find the passages of the documents that match a query best, by meaning and by words."""
    request, services, caller = _asking(context)
    await services.access.check_read(caller, collection)
    narrowed = with_documents({}, documents or [])
    found = await services.search.find(Query(caller.tenant, collection, query, top_k=limit, filter=narrowed))
    links = SourceLinks(request)
    return Passages(
        passages=[
            FoundPassage(
                document_id=chunk.document_id,
                filename=chunk.filename,
                page=chunk.page,
                section=chunk.section,
                text=chunk.text,
                url=links.at(chunk.document_id, chunk.page),
            )
            for chunk in found.retrieval.results
        ]
    )


async def ask(
    context: Ctx, question: Asked, collection: Collection = "default", documents: Named = None
) -> CitedAnswer:
    """Answer a question from the documents, with citations. Says so if the documents do not hold the answer."""
    request, services, caller = _asking(context)
    await services.access.check_read(caller, collection)
    narrowed = with_documents({}, documents or [])
    asked = AnswerRequest(caller.tenant, collection, question, filter=narrowed, remember=False)
    answer = await Meter(services.limits, caller).whole(partial(services.answers.collect, asked))()
    if answer.failed is not None:
        raise ToolError(answer.failed.problem["detail"])
    return CitedAnswer.of(answer, SourceLinks(request))


async def list_collections(context: Ctx) -> CollectionItems:
    """List the collections of documents that can be searched."""
    _, services, caller = _asking(context)
    readable = await services.access.readable(caller)
    found: list[CollectionItem] = []
    cursor: str | None = None
    while True:
        page = await services.collections.list(caller.tenant, cursor=cursor)
        found += [
            CollectionItem(
                name=item.collection.name, description=item.collection.description, documents=item.document_count
            )
            for item in page.items
            if readable is None or item.collection.name in readable.names
        ]
        cursor = page.next_cursor
        if cursor is None:
            return CollectionItems(collections=found)


async def list_documents(
    context: Ctx, collection: Collection = "default", cursor: Text | None = None
) -> DocumentItems:
    """List the documents of a collection, in the order in which they were added."""
    _, services, caller = _asking(context)
    await services.access.check_read(caller, collection)
    page = await services.documents.list(caller.tenant, collection=collection, limit=_PAGE, cursor=cursor)
    return DocumentItems(documents=[_item(document) for document in page.items], next_cursor=page.next_cursor)


async def read_document(context: Ctx, document_id: UUID, cursor: Text | None = None) -> DocumentText:
    """Read a document's text, as it was found in the file, a part at a time."""
    _, services, caller = _asking(context)
    await services.access.check_document(caller, document_id)
    document = await services.documents.get(caller.tenant, document_id)
    page = await services.documents.chunks(caller.tenant, document_id, limit=_PAGE, cursor=cursor)
    text = "\n\n".join(chunk.text for chunk in page.items)
    return DocumentText(filename=document.filename, text=text, next_cursor=page.next_cursor)


async def add_document(
    context: Ctx,
    filename: Annotated[Text, Field(min_length=1, max_length=255)],
    text: Annotated[Text, Field(min_length=1, max_length=_LONGEST_TEXT)],
    collection: Collection = "default",
) -> DocumentItem:
    """Add a document of text or Markdown to a collection. It can be found some seconds later."""
    _, services, caller = _asking(context)
    if not caller.may(AccessScope.WRITE):
        raise ToolError("This key may not change documents: it lacks the scope `write`.")
    await services.access.check_write(caller, collection)
    content = text.encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    digest = hashlib.sha256(content).hexdigest()
    upload = Upload(filename_of(filename), len(content), digest, pieces, "text/markdown")
    await Meter(services.limits, caller).uploads(upload)
    (stored,) = await services.documents.upload(caller.tenant, [upload], collection=collection)
    return _item(stored.document)


def _item(document: Document) -> DocumentItem:
    return DocumentItem(
        document_id=document.id,
        filename=document.filename,
        media_type=document.media_type,
        status=document.status,
        warnings=[warning.message for warning in document.warnings],
    )


READING: tuple[Callable[..., Any], ...] = (search, ask, list_collections, list_documents, read_document)
WRITING: tuple[Callable[..., Any], ...] = (add_document,)
