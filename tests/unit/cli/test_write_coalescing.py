"""A response's head and body leave in one write, and nothing is held longer than a turn of the loop."""

import asyncio

import pytest

from app.cli.write_coalescing import WriteCoalescingTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire(asyncio.Transport):
    """Notes each write, and the end."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.written.append(b"<closed>")


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def test_a_body_that_follows_at_once_joins_the_head(wire: Wire) -> None:
    transport = WriteCoalescingTransport(wire)
    for _ in range(2):
        transport.write(HEAD)
        transport.write(b"ok")
    await asyncio.sleep(0)
    assert wire.written == [HEAD + b"ok"] * 2


async def test_a_head_without_a_body_is_sent_when_the_loop_turns(wire: Wire) -> None:
    transport = WriteCoalescingTransport(wire)
    transport.write(HEAD)
    assert wire.written == []
    await asyncio.sleep(0)
    transport.write(b"event: start\n\n")
    transport.write(b"event: done\n\n")
    assert wire.written == [HEAD, b"event: start\n\n", b"event: done\n\n"]


async def test_nothing_is_lost_when_the_connection_is_closed(wire: Wire) -> None:
    transport = WriteCoalescingTransport(wire)
    transport.write(HEAD)
    transport.close()
    await asyncio.sleep(0)
    assert wire.written == [HEAD, b"<closed>"]
