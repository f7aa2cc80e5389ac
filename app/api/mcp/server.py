"""The Model Context Protocol at `/mcp`: stateless, so that any replica serves any request."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from importlib.metadata import version
from typing import Any
from uuid import UUID

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api.mcp.tools import READING, WRITING, Ctx, read_document
from app.errors import LocalChatError

_INSTRUCTIONS = (
    "Searches and answers from the user's own documents. `ask` gives an answer with citations, `search` the "
    "passages themselves; name the file and page of what you use."
)


@asynccontextmanager
async def mcp_sessions() -> AsyncIterator[StreamableHTTPSessionManager]:
    """Serve the protocol until the context ends. Requests come through `McpEndpoint`."""
    server: MCPServer[Any] = MCPServer("LocalChat", version=version("localchat"), instructions=_INSTRUCTIONS)
    for tools, annotations in (
        (READING, ToolAnnotations(read_only_hint=True, open_world_hint=False)),
        (WRITING, ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)),
    ):
        for tool in tools:
            server.add_tool(_told(tool), annotations=annotations)
    server.resource("localchat://documents/{document_id}", name="document", mime_type="text/plain")(_document)
    # Names and origins are checked by TrustedOriginMiddleware, for this route as for all.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(stateless_http=True, transport_security=security)
    async with server.session_manager.run():
        yield server.session_manager


class McpEndpoint:
    """Hands requests to the sessions that the lifespan opened."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sessions: StreamableHTTPSessionManager = scope["state"]["mcp"]
        await sessions.handle_request(scope, receive, send)


def add_mcp(app: Starlette) -> None:
    app.router.routes.append(Route("/mcp", McpEndpoint()))


async def _document(document_id: str, context: Ctx) -> str:
    """The whole text of a document."""
    texts: list[str] = []
    cursor: str | None = None
    while True:
        part = await _told(read_document)(context, UUID(document_id), cursor)
        texts.append(part.text)
        cursor = part.next_cursor
        if cursor is None:
            return "\n\n".join(texts)


def _told(tool: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return the tool with our errors as its own, whose text the assistant reads."""

    @wraps(tool)
    async def telling(*arguments: Any, **named: Any) -> Any:
        try:
            return await tool(*arguments, **named)
        except LocalChatError as error:
            raise ToolError(error.detail) from None

    telling.__signature__ = inspect.signature(tool)  # type: ignore[attr-defined] # read by the SDK
    return telling
