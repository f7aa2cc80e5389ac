"""Conversations, and what people think of the answers in them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from app.api.dependencies import Provided, ReadableConversation, Tenant, Within
from app.api.fast_path.direct_route import BodyRoute
from app.api.headers import attachment_headers
from app.api.openapi import problems
from app.api.ports import ExportFormat
from app.api.schemas.common import Cursor, Limit, PageView, Text
from app.api.schemas.conversations import (
    ConversationBranch,
    ConversationHistoryView,
    ConversationRename,
    ConversationView,
    FeedbackRequest,
    FeedbackView,
    history_pieces,
)
from app.domain.conversations import Conversation
from app.services.pagination import Page

router = APIRouter(
    prefix="/api",
    tags=["conversations"],
    route_class=BodyRoute,
    responses=problems(401, 422, 503),
)


@router.get("/conversations", operation_id="listConversations", response_model=PageView[ConversationView])
async def list_conversations(
    services: Provided,
    tenant: Tenant,
    within: Within,
    limit: Limit = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
    q: Annotated[
        Text,
        Query(max_length=200, description="Words that stand in the title or the messages, all of them"),
    ] = "",
) -> Page[Conversation]:
    """Conversations, the newest first."""
    ids = None if within is None else within.ids
    return await services.conversations.list(tenant, limit=limit, cursor=cursor, words=q, within=ids)


@router.get(
    "/conversations/{conversation_id}",
    operation_id="getConversation",
    response_model=ConversationHistoryView,
    responses=problems(404),
)
async def get_conversation(
    services: Provided, tenant: Tenant, conversation_id: ReadableConversation
) -> StreamingResponse:
    """A conversation with its messages, the oldest first."""
    history = await services.conversations.get(tenant, conversation_id)
    return StreamingResponse(history_pieces(history), media_type="application/json")


@router.patch(
    "/conversations/{conversation_id}",
    operation_id="renameConversation",
    response_model=ConversationView,
    responses=problems(400, 404, 413, 415),
)
async def rename_conversation(
    services: Provided, tenant: Tenant, conversation_id: ReadableConversation, body: ConversationRename
) -> Conversation:
    return await services.conversations.rename(tenant, conversation_id, body.title)


@router.delete(
    "/conversations/{conversation_id}",
    operation_id="deleteConversation",
    status_code=204,
    responses={204: {"description": "Gone"}, **problems(404)},
)
async def delete_conversation(services: Provided, tenant: Tenant, conversation_id: ReadableConversation) -> None:
    await services.conversations.delete(tenant, conversation_id)


@router.delete(
    "/conversations/{conversation_id}/exchanges/{query_id}",
    operation_id="deleteExchange",
    status_code=204,
    responses={204: {"description": "Gone"}, **problems(404)},
)
async def delete_exchange(
    services: Provided, tenant: Tenant, conversation_id: ReadableConversation, query_id: UUID
) -> None:
    """Delete a question with its answer. Questions that follow are answered without it."""
    await services.conversations.delete_exchange(tenant, conversation_id, query_id)


@router.post(
    "/conversations/{conversation_id}/branch",
    operation_id="branchConversation",
    status_code=201,
    response_model=ConversationView,
    responses=problems(400, 404, 413, 415),
)
async def branch_conversation(
    services: Provided, tenant: Tenant, conversation_id: ReadableConversation, body: ConversationBranch
) -> Conversation:
    """Make a conversation that begins like this one and goes its own way; this one stays as it is."""
    return await services.conversations.branch(tenant, conversation_id, before=body.before, title=body.title)


@router.get(
    "/conversations/{conversation_id}/export",
    operation_id="exportConversation",
    response_class=Response,
    responses={
        200: {
            "description": "The conversation as a file",
            "content": {
                "text/markdown": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "object"}},
            },
        },
        **problems(404),
    },
)
async def export_conversation(
    services: Provided,
    tenant: Tenant,
    conversation_id: ReadableConversation,
    format: ExportFormat = "markdown",  # noqa: A002 - the name in the URL
) -> Response:
    file = await services.conversations.export(tenant, conversation_id, format)
    headers = attachment_headers(file.filename, file.media_type)
    return StreamingResponse(file.pieces, media_type=headers.pop("Content-Type"), headers=headers)


@router.post("/feedback", operation_id="giveFeedback", status_code=201, responses=problems(400, 413, 415))
async def give_feedback(services: Provided, tenant: Tenant, body: FeedbackRequest) -> FeedbackView:
    """Say what an answer or a search was worth.

    `wrong_hit` removes the cache entry that it came from, in every tier of every replica, and keeps two questions
    apart that were taken for one. `evicted: false` means that there was none, or that a tier did not answer.
    """
    stored = await services.feedback.record(tenant, body.query_id, body.verdict, body.comment)
    return FeedbackView(id=stored.id, query_id=body.query_id, verdict=body.verdict, evicted=stored.evicted)
