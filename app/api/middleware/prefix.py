"""A service behind a path of a proxy. Plain ASGI: it stands before the hottest paths."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class PrefixMiddleware:
    """Lets the application know nothing of the prefix under which a proxy offers it.

    The prefix is taken off the path, whether the proxy has done so or not, and put before the paths in `Location`.

    Args:
        app: the application as it is without a prefix.
        prefix: such as `/chat`, without a slash at its end.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self.app = app
        self._prefix = prefix
        self._raw = prefix.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(f"{self._prefix}/"):
            scope["path"] = scope["path"].removeprefix(self._prefix)
            scope["raw_path"] = scope["raw_path"].removeprefix(self._raw)

        async def send_with_prefix(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [self._prefixed(*header) for header in message["headers"]]
            await send(message)

        await self.app(scope, receive, send_with_prefix)

    def _prefixed(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        return (name, self._raw + value if name.lower() == b"location" and value.startswith(b"/") else value)
