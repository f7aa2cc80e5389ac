"""Raw requests, as clients and attackers write them, to our HTTP protocol and to uvicorn's own."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.cli.http_protocol import HttpProtocol
from tests.support.waiting import until

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def get(path: bytes = b"/", head: bytes = b"", version: bytes = b"1.1", host: bytes = b"Host: a\r\n") -> bytes:
    return b"GET %s HTTP/%s\r\n%s%s\r\n" % (path, version, host, head)


def post(body: bytes, head: bytes = b"", *, method: bytes = b"POST") -> tuple[bytes, bytes]:
    return b"%s /p HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n" % (method, len(body), head), body


def chunked(*pieces: bytes, head: bytes = b"", trailer: bytes = b"") -> tuple[bytes, ...]:
    framed = tuple(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return (
        b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n%s\r\n" % head,
        *framed,
        b"0\r\n%s\r\n" % trailer,
    )


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
# Each is a list of packets. What a server answers must not depend on where the packets are cut.
ORDINARY: dict[str, Sequence[bytes]] = {
    "a get": [get()],
    "a get with a query": [get(b"/a%20b?c=d&e=%2F")],
    "a get in two packets": [get()[:9], get()[9:]],
    "a get without a host": [get(host=b"")],
    "two hosts": [get(head=b"Host: b\r\n")],
    "an absolute address": [get(b"http://a/x?y")],
    "an asterisk": [b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"],
    "a head": [b"HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n"],
    "http 1.0": [get(version=b"1.0")],
    "http 1.0 kept alive": [get(version=b"1.0", head=b"Connection: keep-alive\r\n")],
    "http 2.0": [get(version=b"2.0")],
    "the preface of http 2": [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    "an unknown method": [b"FETCH / HTTP/1.1\r\nHost: a\r\n\r\n"],
    "a method in lower case": [b"get / HTTP/1.1\r\nHost: a\r\n\r\n"],
    "connect": [b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"],
    "trace": [b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"],
    "two gets in one packet": [get(b"/1") + get(b"/2")],
    "two gets": [get(b"/1"), get(b"/2")],
    "empty lines before a get": [b"\r\n\r\n" + get()],
    "a get with a body": [b"GET /g HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"],
    "a body": [b"".join(post(b"hello"))],
    "a body in its own packet": [*post(b"hello")],
    "a body in pieces": [post(b"hello")[0], b"he", b"llo"],
    "an empty body": [*post(b"")[:1]],
    "a body that looks like a request": [*post(SMUGGLED)],
    "a put": [*post(b"x", method=b"PUT")],
    "a patch": [*post(b"x", method=b"PATCH")],
    "a delete with a body": [*post(b"x", method=b"DELETE")],
    "a post and a get": [b"".join(post(b"hello")) + get(b"/2")],
    "chunks": [b"".join(chunked(b"he", b"llo"))],
    "chunks in packets": [*chunked(b"he", b"llo")],
    "chunks with a trailer": [*chunked(b"he", trailer=b"X-Sum: 1\r\n")],
    "chunks with an extension": [chunked()[0], b"2;a=b\r\nhi\r\n0\r\n\r\n"],
    "a chunk size that is none": [chunked()[0], b"zz\r\nhi\r\n0\r\n\r\n"],
    "chunks, then a get": [b"".join(chunked(b"he")) + get(b"/2")],
    "a length and chunks": [
        b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + SMUGGLED
    ],
    "two lengths": [b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"],
    "a negative length": [b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"],
    "a length that is none": [b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\nhello"],
    "an encoding in disguise": [b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"],
    "a space before the colon": [get(head=b"X-A : b\r\n")],
    "a folded header": [get(head=b"X-A: b\r\n c\r\n")],
    "a nul in a header": [get(head=b"X-A: \x00\r\n")],
    "a bare line feed": [b"GET / HTTP/1.1\nHost: a\n\n"],
    "a header beyond ascii": [get(head=b"X-A: \xc3\xa9\r\n")],
    "a path beyond ascii": [get(b"/\xc3\xa9")],
    "a long header": [get(head=b"X-A: " + b"a" * 40_000 + b"\r\n")],
    "many headers": [get(head=b"".join(b"X-%d: a\r\n" % number for number in range(200)))],
    "a closed connection": [get(head=b"Connection: close\r\n") + get(b"/2")],
    "expect": [post(b"hello", b"Expect: 100-continue\r\n")[0], b"hello"],
    "tls": [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60)],
    "noise": [b"hello\r\n\r\n"],
}
OFFERS: dict[str, Sequence[bytes]] = {
    "h2c with a get": [get(head=OFFER)],
    "h2c with a get in two packets": [get(head=OFFER)[:40], get(head=OFFER)[40:]],
    "h2c with a body": [b"".join(post(b"hello", OFFER))],
    "h2c with a body in its own packet": [*post(b"hello", OFFER)],
    "h2c with a body in pieces": [post(b"hello", OFFER)[0], b"he", b"llo"],
    "h2c with no body": [*post(b"", OFFER)[:1]],
    "h2c with a body that looks like a request": [*post(SMUGGLED, OFFER)],
    "h2c with a body that looks like an offer": [*post(get(b"/smuggled", OFFER), OFFER)],
    "h2c with chunks": [b"".join(chunked(b"he", b"llo", head=OFFER))],
    "h2c with chunks in packets": [*chunked(b"he", b"llo", head=OFFER)],
    "h2c with chunks that look like requests": [*chunked(SMUGGLED, SMUGGLED, head=OFFER)],
    "h2c with a trailer": [*chunked(b"he", head=OFFER, trailer=b"X-Sum: 1\r\n")],
    "h2c, then a get": [b"".join(post(b"hello", OFFER)) + get(b"/2")],
    "h2c twice": [b"".join(post(b"hello", OFFER)) + b"".join(post(b"again", OFFER)) + get(b"/3")],
    "h2c twice in packets": [*post(b"hello", OFFER), *post(b"again", OFFER), get(b"/3")],
    "h2c with expect": [post(b"hello", OFFER + b"Expect: 100-continue\r\n")[0], b"hello"],
    "websocket": [get(head=b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n")],
    "tls offered": [get(head=b"Connection: upgrade\r\nUpgrade: TLS/1.0\r\n")],
    "an offer with put": [*post(b"x", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", method=b"PUT")],
    "an offer and close": [*post(b"hello", b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n")],
    "an offer by the header alone": [*post(b"hello", b"Upgrade: h2c\r\n")],
}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the application got to see."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    path, query = scope["path"], scope["query_string"].decode("latin-1")
    seen = json.dumps([scope["method"], path, query, body.decode("latin-1")]).encode()
    length = (b"content-length", str(len(seen)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": seen})


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """The signals are pytest's."""


@asynccontextmanager
async def serving(http: Any) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(echo, http=http, ws="none", lifespan="off", log_config=None, access_log=False)
    server = _Server(config)
    running = asyncio.create_task(server._serve([listener]))
    await until(lambda: server.started)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def exchange(port: int, packets: Sequence[bytes]) -> list[Any]:
    """What was answered, as (status, what the application saw), to packets and a last request that closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for packet in (*packets, LAST):
        writer.write(packet)
        await asyncio.sleep(0.002)  # a packet of its own
    try:
        async with asyncio.timeout(60):
            data = await reader.read()
    except ConnectionResetError:
        return ["reset"]
    finally:
        writer.close()
    answers: list[Any] = []
    without_body = packets[0].startswith(b"HEAD ")
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        lengths = [line[15:] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
        length = int(lengths[0]) if lengths and not without_body else 0
        body, data, without_body = data[:length], data[length:], False
        answers.append((int(head.split()[1]), json.loads(body) if body.startswith(b"[") else None))
    return answers


@pytest.fixture
async def ports() -> AsyncIterator[dict[str, int]]:
    async with AsyncExitStack() as stack:
        protocols = {"ours": HttpProtocol, "httptools": "httptools", "h11": "h11"}
        yield {name: await stack.enter_async_context(serving(http)) for name, http in protocols.items()}


async def test_ordinary_requests_are_answered_as_uvicorn_answers_them(ports: dict[str, int]) -> None:
    for name, packets in ORDINARY.items():
        assert await exchange(ports["ours"], packets) == await exchange(ports["httptools"], packets), name


async def test_an_offer_to_upgrade_is_ignored_wherever_the_packets_are_cut(ports: dict[str, int]) -> None:
    for name, packets in OFFERS.items():
        answers = await exchange(ports["ours"], packets)
        assert answers == await exchange(ports["h11"], packets), name
        bare = [b"".join(packets).replace(b"Upgrade: ", b"X-Upgrade: ").replace(b"\r\nX-X-", b"\r\nX-")]
        assert [status for status, _ in answers] == [status for status, _ in await exchange(ports["ours"], bare)]
        assert not any(seen and seen[1] == "/smuggled" for _, seen in answers), name


async def test_an_offer_is_ignored_at_every_cut_between_two_packets(ports: dict[str, int]) -> None:
    request = b"".join(post(SMUGGLED, OFFER))
    expected = await exchange(ports["h11"], [request])
    for cut in range(1, len(request)):
        assert await exchange(ports["ours"], [request[:cut], request[cut:]]) == expected, cut


_JAVA = """
import java.net.URI;
import java.net.http.*;

class Ask {
    public static void main(String[] address) throws Exception {
        var client = HttpClient.newHttpClient();  // offers h2c, as its users' frameworks do
        for (var body : new String[] {"hello", "again"}) {
            var request = HttpRequest.newBuilder(URI.create(address[0]))
                .POST(HttpRequest.BodyPublishers.ofString(body)).build();
            System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        }
    }
}
"""


async def output_of(*command: str) -> list[Any]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    stdout, _ = await process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in stdout.splitlines()]


@pytest.mark.skipif(
    shutil.which("javac") is None, reason="no JDK on this machine (Debian: openjdk-17-jdk-headless)"
)
async def test_the_http_client_of_java_can_post(ports: dict[str, int], tmp_path: Path) -> None:
    source = tmp_path / "Ask.java"
    source.write_text(_JAVA)
    answers = await output_of("java", str(source), f"http://127.0.0.1:{ports['ours']}/p")
    assert answers == [["POST", "/p", "", "hello"], ["POST", "/p", "", "again"]]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
async def test_curl_can_post_with_an_offer_of_http_2(ports: dict[str, int]) -> None:
    address = f"http://127.0.0.1:{ports['ours']}/p"
    assert await output_of("curl", "-sS", "--http2", "-d", "hello", address) == [["POST", "/p", "", "hello"]]
