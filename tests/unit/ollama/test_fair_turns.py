"""Tenants take turns at a model server, however many requests one of them has waiting."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from app.ollama.client import OllamaClient
from app.ollama.scheduling.lanes import Lane
from tests.support.fake_ollama import CHAT_MODEL, FakeOllama
from tests.support.http_server import send_chunk, start_stream
from tests.support.waiting import until

_tenant: ContextVar[str] = ContextVar("tenant")


class OneAtATime(FakeOllama):
    """A model server that answers a chat when it is told to, and keeps the order in which chats came."""

    def __init__(self) -> None:
        super().__init__()
        self.served: list[str] = []
        self.turn = asyncio.Semaphore(0)

    async def _chat(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        self.served.append(body["messages"][-1]["content"])
        await self.turn.acquire()
        await start_stream(writer)
        end = {"message": {"role": "assistant", "content": "Yes."}, "done": True, "done_reason": "stop"}
        await send_chunk(writer, json.dumps(end).encode() + b"\n")
        await send_chunk(writer, b"")


@asynccontextmanager
async def client_of(server: OneAtATime) -> AsyncIterator[OllamaClient]:
    async with server.running():
        client = OllamaClient([server.url], max_concurrency=1, owner=lambda: _tenant.get(""))
        try:
            yield client
        finally:
            await client.aclose()


async def ask(client: OllamaClient, tenant: str, number: int) -> None:
    _tenant.set(tenant)
    said = [{"role": "user", "content": f"{tenant}{number}"}]
    async for _ in client.chat(said, model=CHAT_MODEL, lane=Lane.INTERACTIVE):
        pass


async def test_one_tenant_with_a_hundred_waiting_requests_keeps_no_other_waiting() -> None:
    server = OneAtATime()
    async with client_of(server) as client:
        greedy = [asyncio.create_task(ask(client, "a", number)) for number in range(100)]
        await until(lambda: server.served, 60)
        waiting = client._scheduler._waiting[Lane.INTERACTIVE]
        modest = [asyncio.create_task(ask(client, "b", number)) for number in range(3)]
        await until(lambda: len(waiting) == 102, 60)
        late = asyncio.create_task(ask(client, "c", 0))
        await until(lambda: len(waiting) == 103, 60)
        for _ in range(104):
            server.turn.release()
        await asyncio.gather(*greedy, *modest, late)
    turns = "".join(name[0] for name in server.served)
    assert turns[:9] == "abcababaa", "each waits for one request of another tenant at a time"
    assert turns[9:] == "a" * 95
