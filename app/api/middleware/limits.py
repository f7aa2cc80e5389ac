"""The body of a request: how large it may be, and no byte order mark before its JSON."""

from codecs import BOM_UTF8
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import error_response
from app.errors import TooLarge, TooManyUploads

_TOO_MANY = "Other uploads take all the room that there is; send it again in a moment."


class BodyLimitMiddleware:
    """Refuses a body that is too large, by its declared length or as soon as too many bytes have come.

    The connection stays open and the server discards the rest. If it were closed under a client that is still
    sending, it would be reset before the client reads the refusal.

    Args:
        app: the application to protect.
        max_upload_bytes: for multipart forms, besides what the form itself takes.
        max_uploading_bytes: for all multipart forms under way together; one always fits.
        max_json_bytes: for everything else.
    """

    FORM_OVERHEAD = 64 * 1024

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_upload_bytes: int,
        max_uploading_bytes: int,
        max_json_bytes: int = 4 * 1024 * 1024,
    ) -> None:
        self.app = app
        self._max_upload = max_upload_bytes + self.FORM_OVERHEAD
        self._max_json = max_json_bytes
        self._max_uploading = max(max_uploading_bytes, self._max_upload)
        self._uploading = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        form = headers.get("content-type", "").startswith("multipart/form-data")
        limit = self._max_upload if form else self._max_json
        declared = _declared(headers)
        if declared > limit:
            await error_response(scope, TooLarge(_too_large(limit)))(scope, receive, send)
        elif not form:
            await self.app(scope, self._within(receive, limit), send)
        elif self._uploading + declared > self._max_uploading:
            await error_response(scope, TooManyUploads(_TOO_MANY))(scope, receive, send)
        else:
            await self._upload(scope, receive, send, limit=limit, declared=declared)

    async def _upload(self, scope: Scope, receive: Receive, send: Send, *, limit: int, declared: int) -> None:
        reserved = declared
        self._uploading += reserved

        def reserve(received: int) -> bool:
            """Room for a body that came without its length, or is longer than that."""
            nonlocal reserved
            more = max(0, received - reserved)
            if self._uploading + more > self._max_uploading:
                return False
            reserved += more
            self._uploading += more
            return True

        try:
            await self.app(scope, self._within(receive, limit, reserve), send)
        finally:
            self._uploading -= reserved

    @staticmethod
    def _within(receive: Receive, limit: int, reserve: Callable[[int], bool] | None = None) -> Receive:
        received = 0

        async def receive_within() -> Message:
            nonlocal received
            message = await receive()
            if not received and reserve is None and message.get("body", b"").startswith(BOM_UTF8):
                # RFC 8259 §8.1 allows to ignore it; Windows programs write it.
                message = {**message, "body": message["body"].removeprefix(BOM_UTF8)}
            received += len(message.get("body", b""))
            # The only kind of exception that FastAPI passes on while it reads a body.
            if received > limit:
                raise HTTPException(TooLarge.status, _too_large(limit))
            if reserve is not None and not reserve(received):
                raise HTTPException(TooManyUploads.status, _TOO_MANY, headers={"Retry-After": "1"})
            return message

        return receive_within


def _declared(headers: Headers) -> int:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _too_large(limit: int) -> str:
    return f"The request's body has more than {limit} bytes."
