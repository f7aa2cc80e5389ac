"""The room that all uploads under way have together."""

import asyncio

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.api.middleware.limits import BodyLimitMiddleware

KIB = 1024
FORM = {"content-type": "multipart/form-data; boundary=x"}


class Uploads:
    """An application that holds its uploads until they are let go."""

    def __init__(self) -> None:
        self.held = asyncio.Event()
        self.reading = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        self.reading += 1
        await self.held.wait()
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def limited(uploads: Uploads) -> httpx.AsyncClient:
    app = BodyLimitMiddleware(uploads, max_upload_bytes=100 * KIB, max_uploading_bytes=250 * KIB)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_uploads_beyond_the_room_for_all_are_refused_for_a_moment_and_nothing_else_is() -> None:
    uploads = Uploads()
    async with limited(uploads) as client:

        async def send(size: int) -> httpx.Response:
            return await client.post("/", content=b"x" * size, headers=FORM)

        first = [asyncio.create_task(send(100 * KIB)) for _ in range(2)]
        while uploads.reading < 2:
            await asyncio.sleep(0)
        refused = await send(60 * KIB)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["type"] == "urn:localchat:problem:too-many-uploads"
        small, other = asyncio.create_task(send(40 * KIB)), asyncio.create_task(client.post("/", content=b"{}"))
        while uploads.reading < 4:
            await asyncio.sleep(0)
        uploads.held.set()
        assert {(await task).status_code for task in (*first, small, other)} == {202}
        assert (await send(100 * KIB)).status_code == 202


async def test_an_upload_that_hides_its_length_takes_room_as_it_comes() -> None:
    uploads = Uploads()
    middleware = BodyLimitMiddleware(uploads, max_upload_bytes=100 * KIB, max_uploading_bytes=150 * KIB)
    headers = [(b"content-type", FORM["content-type"].encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def upload(pieces: int) -> None:
        left = pieces

        async def receive() -> Message:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": b"x" * 10 * KIB, "more_body": left > 0}

        await middleware(dict(scope), receive, send)

    first = asyncio.create_task(upload(10))
    while not uploads.reading:
        await asyncio.sleep(0)
    with pytest.raises(Exception, match="Other uploads take all the room"):
        await upload(12)
    uploads.held.set()
    await first
    await upload(10)
    assert [message["status"] for message in sent if "status" in message] == [202, 202]
