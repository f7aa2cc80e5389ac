"""One request on one connection with nothing on top, so that a thousand at once cost the client little."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawReply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str, Any]]:
        """What a stream of server-sent events held."""
        found = []
        for block in self.body.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if fields:
                found.append((fields["event"], json.loads(fields["data"])))
        return found


@dataclass(slots=True)
class Exchange:
    """A request that was sent."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _seen: bytes = b""

    @classmethod
    async def begin(cls, port: int, path: str, body: Any, key: str = "") -> "Exchange":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        content = json.dumps(body).encode()
        authorised = f"X-API-Key: {key}\r\n" if key else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n{authorised}\r\n"
        )
        writer.write(head.encode() + content)
        return cls(reader, writer)

    async def until(self, text: bytes) -> None:
        """Read on until the reply holds this text."""
        self._seen += await self.reader.readuntil(text)

    async def finish(self) -> RawReply:
        """Read the reply to its end."""
        try:
            data = self._seen + await self.reader.read()
        finally:
            self.leave()
        head, _, body = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        if headers.get("transfer-encoding") == "chunked":
            body = _unchunked(body)
        return RawReply(int(status.split()[1]), headers, body)

    def leave(self) -> None:
        """Close the connection, whether or not the reply has come."""
        self.writer.close()


async def post(port: int, path: str, body: Any, key: str = "") -> RawReply:
    return await (await Exchange.begin(port, path, body, key)).finish()


def _unchunked(body: bytes) -> bytes:
    pieces = []
    while body:
        length, _, body = body.partition(b"\r\n")
        pieces.append(body[: int(length, 16)])
        body = body[int(length, 16) + 2 :]
    return b"".join(pieces)
