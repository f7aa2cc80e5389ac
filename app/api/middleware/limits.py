"""The body of a request: how large it may be, and no byte order mark before its JSON."""

from codecs import BOM_UTF8

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem, problem_response
from app.errors import TooLarge


class BodyLimitMiddleware:
    """Refuses a body that is too large, by its declared length or as soon as too many bytes have come.

    The connection stays open and the server discards the rest. If it were closed under a client that is still
    sending, it would be reset before the client reads the refusal.

    Args:
        app: the application to protect.
        max_upload_bytes: for multipart forms, besides what the form itself takes.
        max_json_bytes: for everything else.
    """

    FORM_OVERHEAD = 64 * 1024

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int, max_json_bytes: int = 4 * 1024 * 1024) -> None:
        self.app = app
        self._max_upload = max_upload_bytes + self.FORM_OVERHEAD
        self._max_json = max_json_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        form = headers.get("content-type", "").startswith("multipart/form-data")
        limit = self._max_upload if form else self._max_json
        if _declared(headers) > limit:
            refusal = problem(scope, TooLarge.status, TooLarge.code, TooLarge.title, _too_large(limit))
            await problem_response(refusal)(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            if not received and not form and message.get("body", b"").startswith(BOM_UTF8):
                # RFC 8259 §8.1 allows to ignore it; Windows programs write it.
                message = {**message, "body": message["body"].removeprefix(BOM_UTF8)}
            received += len(message.get("body", b""))
            if received > limit:
                # The only kind of exception that FastAPI passes on while it reads a body.
                raise HTTPException(TooLarge.status, _too_large(limit))
            return message

        await self.app(scope, receive_within_limit, send)


def _declared(headers: Headers) -> int:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _too_large(limit: int) -> str:
    return f"The request's body has more than {limit} bytes."
