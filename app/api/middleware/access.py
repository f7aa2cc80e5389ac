"""Who asks, and whether they may: nothing behind this is reached without it. Plain ASGI."""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import error_response
from app.api.scopes import required_scope
from app.domain.access.caller import Caller
from app.errors import Forbidden, LocalChatError
from app.services.access.authentication import Credentials
from app.telemetry.access import annotate

_CALLER = "localchat.caller"


class AccessMiddleware:
    """Finds the caller of each request, and refuses those who lack the scope of the operation.

    A body is not read before: a stranger's upload costs nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        needed = required_scope(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if needed is None:
            await self.app(scope, receive, send)
            return
        try:
            caller = await scope["state"]["services"].authentication.caller_of(credentials_of(scope["headers"]))
            note_caller(caller)
            if not caller.may(needed):
                raise Forbidden(f"This needs a key with the scope {needed}.")
        except LocalChatError as error:
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                annotate(error=error.detail)
            await error_response(scope, error)(scope, receive, send)
            return
        scope[_CALLER] = caller
        await self.app(scope, receive, send)


def caller_in(scope: Scope) -> Caller:
    """Return who asks, as the middleware found out."""
    caller: Caller = scope[_CALLER]
    return caller


def credentials_of(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    key = bearer = None
    for name, value in headers:
        if name == b"x-api-key":
            key = value.decode("latin-1")
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            bearer = value[7:].strip().decode("latin-1")
    return Credentials(key, bearer)


def note_caller(caller: Caller) -> None:
    """Name the caller in the request's access line."""
    annotate(tenant=caller.tenant, **({"api_key": caller.name} if caller.name else {}))
