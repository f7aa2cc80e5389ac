"""Who asks, and whether they may: nothing behind this is reached without it. Plain ASGI."""

import re
from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import error_response
from app.api.scopes import is_question, required_scope
from app.domain.access.caller import Caller
from app.domain.access.quotas import Measure
from app.errors import Forbidden, LocalChatError
from app.services.access.authentication import Credentials
from app.services.access.rate_limits import RateLimits, Standing
from app.telemetry.access import annotate

_CALLER = "localchat.caller"
_HIT = re.compile(rb"; *hit\b")


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
        services = scope["state"]["services"]
        limits: RateLimits = services.limits
        with ExitStack() as stack:
            try:
                caller = await services.authentication.caller_of(credentials_of(scope["headers"]))
                note_caller(caller)
                if not caller.may(needed):
                    raise Forbidden(f"This needs a key with the scope {needed}.")
                standing = await limits.admit(caller)
                if is_question(scope["method"], scope["path"]):
                    await limits.check(caller, Measure.TOKENS)
                    stack.enter_context(limits.under_way(caller))
            except LocalChatError as error:
                if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    annotate(error=error.detail)
                await error_response(scope, error)(scope, receive, send)
                return
            scope[_CALLER] = caller
            if standing is None:
                await self.app(scope, receive, send)
            else:
                told = _Told(send, standing)
                await self.app(scope, receive, told.send)
                if told.hit:
                    await limits.give_back(caller)


class _Told:
    """Tells a client how it stands with its limits; `hit`: the cache had the answer."""

    def __init__(self, send: Send, standing: Standing) -> None:
        self._send = send
        self._standing = standing
        self.hit = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.hit = any(name == b"cache-status" and _HIT.search(value) for name, value in message["headers"])
            message["headers"] = [*message["headers"], *self._standing.headers()]
        await self._send(message)


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
