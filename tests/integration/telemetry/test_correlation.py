"""One id, sent or given, in everything that a request or a document causes in every process."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.support.databases import emptied, fresh_database
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import api_and_worker, environment, settled
from tests.support.telemetry.collector import Collector
from tests.support.waiting import until

TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide."
QUESTION = "Which ships wait at the harbour? word:3"
pytestmark = pytest.mark.asyncio(loop_scope="module")
REFUSED = ("two words", "a\tb", "x" * 129, "'; DROP TABLE documents --")


@dataclass
class Followed:
    http: httpx.AsyncClient
    folder: Path
    collector: Collector
    models: FakeOllama
    postgres: "asyncpg.Connection[asyncpg.Record]"

    def lines(self, process: str, request_id: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in (self.folder / f"{process}.log").read_text().splitlines()]
        return [line for line in lines if line["request_id"] == request_id]

    async def logged(self, request_id: str) -> str:
        """The trace of a request, once its access line is written."""
        await until(lambda: self._accessed(request_id))
        (line,) = self._accessed(request_id)
        return str(line["trace_id"])

    def _accessed(self, request_id: str) -> list[dict[str, Any]]:
        return [line for line in self.lines("api", request_id) if line["logger"] == "localchat.access"]

    async def spanned(self, trace_id: str, *last: str) -> set[Any]:
        """The request ids of the spans of a trace, once the `last` of them have come."""
        await until(lambda: set(last) <= {span.name for span in self.collector.trace(trace_id)})
        return {span.attributes.get("localchat.request_id") for span in self.collector.trace(trace_id)}

    def asked(self, path: str) -> set[tuple[str, str]]:
        """Request and trace ids of what the model server was asked."""
        return {
            (request.headers["x-request-id"], request.headers["traceparent"].split("-")[1])
            for request in self.models.requests
            if request.path == path
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def processes(postgres_server: EmbeddedPostgres, valkey_server: EmbeddedValkey) -> AsyncIterator[Followed]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        database = await stack.enter_async_context(fresh_database(postgres_server))
        models = await stack.enter_async_context(FakeOllama().running())
        collector = Collector()
        env = environment(
            database=database,
            redis=emptied(valkey_server),
            models=models.url,
            folder=folder,
            OTEL_EXPORTER_OTLP_ENDPOINT=await stack.enter_async_context(collector.running()),
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        http = await stack.enter_async_context(api_and_worker(env, folder))
        postgres = await asyncpg.connect(database)
        stack.push_async_callback(postgres.close)
        yield Followed(http, folder, collector, models, postgres)


@pytest.fixture
def followed(processes: Followed) -> Iterator[Followed]:
    """The same processes for all tests; each uploads another text."""
    processes.models.requests.clear()
    yield processes
    processes.models.request_seconds = 0.0


@pytest.mark.parametrize("sent", ["upload-1", None])
async def test_the_id_of_an_upload_is_in_its_response_job_logs_spans_and_model_requests(
    followed: Followed, sent: str | None
) -> None:
    followed.models.request_seconds = 1.0  # the job is there to be looked at
    headers = {"x-request-id": sent} if sent else {}
    answer = await followed.http.post(
        "/api/documents", files={"files": ("a.txt", f"{TEXT} {sent}".encode())}, headers=headers
    )
    request_id = answer.headers["x-request-id"]
    assert request_id == (sent or request_id)
    job = json.loads(await followed.postgres.fetchval("SELECT headers FROM pgqueuer"))
    assert job["x-request-id"] == request_id
    document = await settled(followed.http, answer.json()["items"][0]["id"])
    assert document["status"] == "ready"
    trace_id = await followed.logged(request_id)
    assert job["traceparent"].split("-")[1] == trace_id
    told = {"Ingesting version 1", "Indexed version 1 with 1 chunks"}
    await until(lambda: told <= {line["message"] for line in followed.lines("worker", request_id)})
    assert {line["trace_id"] for line in followed.lines("worker", request_id)} == {trace_id}
    spanned = await followed.spanned(trace_id, "POST /api/documents", "process ingest", "POST /api/embed")
    assert spanned == {request_id}
    assert followed.asked("/api/embed") == {(request_id, trace_id)}


async def test_the_id_of_a_question_is_in_its_response_logs_spans_and_model_requests(followed: Followed) -> None:
    upload = await followed.http.post("/api/documents", files={"files": ("b.txt", TEXT.encode())})
    await settled(followed.http, upload.json()["items"][0]["id"])
    followed.models.requests.clear()
    for request_id in ("ask-1", "ask-2"):
        answer = await followed.http.post(
            "/api/chat", json={"question": QUESTION}, headers={"x-request-id": request_id}
        )
        assert answer.headers["x-request-id"] == request_id
        trace_id = await followed.logged(request_id)
        assert f'"trace_id":"{trace_id}"' in answer.text
        assert await followed.spanned(trace_id, "POST /api/chat", "rag.query") == {request_id}
    ids = ("ask-1", await followed.logged("ask-1"))  # the second was answered by the cache
    assert followed.asked("/api/embed") == followed.asked("/api/chat") == {ids}
    search = {"query": QUESTION}
    await followed.http.post("/api/search", json=search)
    found = await followed.http.post("/api/search", json=search, headers={"x-request-id": "find-1"})
    assert found.json()["cache"]["tier"] == "l1"
    assert found.headers["x-request-id"] == "find-1"
    bad = await followed.http.post("/api/search", json={"query": ""}, headers={"x-request-id": "bad-1"})
    assert bad.json()["request_id"] == "bad-1"
    assert bad.json()["trace_id"] == await followed.logged("bad-1")


async def test_postgres_knows_whose_transaction_waits_though_its_trace_is_not_recorded(followed: Followed) -> None:
    trace_id = "e" * 32
    ids = {"x-request-id": "upload-that-waits-for-a-lock", "traceparent": f"00-{trace_id}-{'1' * 16}-00"}
    waiting = "SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    expected = f"localchat {trace_id} upload-that-waits-fo"
    async with followed.postgres.transaction():
        await followed.postgres.execute("LOCK TABLE documents IN EXCLUSIVE MODE")
        upload = asyncio.create_task(
            followed.http.post("/api/documents", files={"files": ("c.txt", f"{TEXT} Later.".encode())}, headers=ids)
        )

        # Upkeep, which has no request, may wait for the same lock.
        async def waits() -> bool:
            await followed.postgres.execute("SELECT pg_stat_clear_snapshot()")
            return expected in {row[0] for row in await followed.postgres.fetch(waiting)}

        await until(waits)
    assert (await upload).status_code == 202
    assert followed.collector.trace(trace_id) == []


async def test_a_client_that_names_another_address_is_not_believed(followed: Followed) -> None:
    spoofed = {"x-forwarded-for": "203.0.113.9", "x-request-id": "spoofed-1"}
    for path in ("/api/collections", "/api/search"):
        await followed.http.post(path, json={"query": QUESTION, "name": "x"}, headers=spoofed)
    await until(lambda: len(followed.lines("api", "spoofed-1")) == 2)
    assert [line["client"] for line in followed.lines("api", "spoofed-1")] == ["127.0.0.1"] * 2


async def test_an_id_that_is_unsafe_in_logs_headers_or_sql_is_replaced(followed: Followed) -> None:
    for refused in REFUSED:
        answer = await followed.http.get("/api/documents", headers={"x-request-id": refused})
        request_id = answer.headers["x-request-id"]
        assert request_id != refused
        await followed.logged(request_id)
    logs = "".join(path.read_text() for path in followed.folder.glob("*.log"))
    assert [refused for refused in REFUSED if refused in logs] == []
