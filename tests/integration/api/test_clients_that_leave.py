"""A client that leaves before it is answered: the model server sees it go, and nothing of its request stays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from app.db.database import Connection
from app.embedded.services.postgres import EmbeddedPostgres
from tests.support.databases import fresh_database
from tests.support.fake_ollama import CHAT_MODEL, EMBEDDING_MODEL, FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import api_and_worker, environment, ingested
from tests.support.waiting import until

TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide."

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Service:
    http: httpx.AsyncClient
    models: FakeOllama
    database: Connection

    async def waits(self, wanted: bool) -> bool:
        """Whether a transaction waits for another, or none does, as wanted."""
        waiting = await self.database.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(waiting) is wanted


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(postgres_server: EmbeddedPostgres) -> AsyncIterator[Service]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        models = await stack.enter_async_context(FakeOllama().running())
        database = await stack.enter_async_context(fresh_database(postgres_server))
        env = environment(database=database, redis="", models=models.url, folder=folder, L2_CACHE_ENABLED="false")
        http = await stack.enter_async_context(api_and_worker(env, folder))
        assert (await ingested(http, "harbour.txt", TEXT.encode()))["status"] == "ready"
        connection = await asyncpg.connect(database)
        stack.push_async_callback(connection.close)
        yield Service(http, models, connection)


def question() -> str:
    """One that no other test asks, and whose answer takes the model minutes."""
    return f"Where do ships wait {uuid4()}?"


def documents_chat() -> dict[str, Any]:
    return {"model": "localchat", "messages": [{"role": "user", "content": question()}]}


def model_chat() -> dict[str, Any]:
    return documents_chat() | {"model": CHAT_MODEL}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", lambda: {"question": question()}),
        ("/api/chat", lambda: {"question": question(), "cache": "bypass"}),
        ("/v1/chat/completions", documents_chat),
        ("/v1/chat/completions", model_chat),
    ],
    ids=["chat", "chat past the cache", "completion from documents", "completion of a model"],
)
async def test_a_model_stops_writing_when_the_client_leaves(
    service: Service, path: str, body: Callable[[], dict[str, Any]], stream: bool
) -> None:
    disconnects = service.models.disconnects
    asking = asyncio.create_task(service.http.post(path, json=body() | {"stream": stream}))
    await until(lambda: service.models.streaming == 1)
    asking.cancel()
    await until(lambda: service.models.streaming == 0)
    assert service.models.disconnects == disconnects + 1


@pytest.mark.parametrize("texts", ["one", ["each", "of", "several"]], ids=["one text", "several"])
async def test_a_model_stops_embedding_when_the_client_leaves(service: Service, texts: Any) -> None:
    before = len(service.models.requests), service.models.disconnects
    service.models.request_seconds = 600
    try:
        asking = asyncio.create_task(
            service.http.post("/v1/embeddings", json={"model": EMBEDDING_MODEL, "input": texts})
        )
        await until(lambda: "/api/embed" in [each.path for each in service.models.requests[before[0] :]])
        asking.cancel()
        await until(lambda: service.models.disconnects > before[1])
    finally:
        service.models.request_seconds = 0


@pytest.mark.parametrize("replacing", [False, True], ids=["new", "in place of another"])
async def test_a_file_is_not_stored_when_the_client_leaves(service: Service, replacing: bool) -> None:
    """Another transaction holds up the one that stores it, until the client has left."""
    known = (await ingested(service.http, f"{uuid4()}.txt", uuid4().bytes.hex().encode()))["id"]
    content = uuid4().bytes.hex().encode()
    async with service.database.transaction():
        await service.database.execute("LOCK TABLE document_versions IN ACCESS EXCLUSIVE MODE")
        sending = asyncio.create_task(
            service.http.put(f"/api/documents/{known}", files={"file": ("new.txt", content)})
            if replacing
            else service.http.post("/api/documents", files={"files": ("new.txt", content)})
        )
        await until(partial(service.waits, True))
        sending.cancel()
        await until(partial(service.waits, False))
    listed = (await service.http.get("/api/documents", params={"limit": 200})).json()["items"]
    assert "new.txt" not in [item["filename"] for item in listed]
    assert known in [item["id"] for item in listed]
