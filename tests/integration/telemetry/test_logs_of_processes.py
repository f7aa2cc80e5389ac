"""The logs of a real API and a real worker: JSON to the last line, with ids, without secrets and questions."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli.trace import story
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import api_and_worker, environment, ingested
from tests.support.waiting import until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECRET = "hunter2-of-the-operator"
QUESTION = "Does Mrs Zilgenbrecht suffer from gout? word:3"
TEXT = "Mrs Zilgenbrecht lives in Amberg, behind the harbour."


@dataclass
class Logged:
    http: httpx.AsyncClient
    folder: Path

    def text(self, process: str) -> str:
        return (self.folder / f"{process}.log").read_text()

    def lines(self, process: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text(process).splitlines()]

    def access(self, request_id: str) -> dict[str, Any]:
        """The one access line of a request."""
        (line,) = (line for line in self.of(request_id, "api") if line["logger"] == "localchat.access")
        return line

    def of(self, request_id: str, process: str) -> list[dict[str, Any]]:
        return [line for line in self.lines(process) if line["request_id"] == request_id]


@pytest.fixture
async def logged(database_url: str, valkey_url: str) -> AsyncIterator[Logged]:
    models = FakeOllama()
    with short_folder() as folder:
        async with models.running():
            env = environment(
                database=f"{database_url}&password={SECRET}",
                redis=valkey_url,
                models=models.url.replace("://", f"://operator:{SECRET}@"),
                folder=folder,
                CACHE_SIGNING_KEYS=f"k1:{SECRET}",
                LOG_LEVEL="DEBUG",
                TRUSTED_PROXIES="127.0.0.0/8",
            )
            async with api_and_worker(env, folder) as http:
                yield Logged(http, folder)


async def test_every_line_of_every_process_is_json_with_ids_and_tells_no_secret(logged: Logged) -> None:
    traced = {"x-request-id": "upload-1", "traceparent": f"00-{TRACE}-{'1' * 16}-01"}
    document = await ingested(logged.http, "a.txt", TEXT.encode(), **traced)
    for request_id in ("ask-1", "ask-2"):
        answer = await logged.http.post(
            "/api/chat", json={"question": QUESTION}, headers={"x-request-id": request_id}
        )
        assert answer.headers["x-request-id"] == request_id
    sought = {"query": QUESTION}
    for request_id, body in (("find-0", sought), ("find-1", sought), ("bad-1", {"query": 5, "x": QUESTION})):
        await logged.http.post("/api/search", json=body, headers={"x-request-id": request_id})
    forwarded = {"x-forwarded-for": "198.51.100.1, 203.0.113.9", "x-request-id": "far-1"}
    await logged.http.get("/api/collections", headers=forwarded)
    await logged.http.get(f"/nothing%0A{{}}%1b[2J?token={SECRET}", headers={"x-request-id": "odd-1"})
    await until(lambda: logged.of("odd-1", "api"))

    for process in ("api", "worker"):
        for line in logged.lines(process):
            assert line["service"] == process
            assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
            assert re.fullmatch("[0-9a-f]{16}", line["span_id"])
            assert line["request_id"]
            assert line["timestamp"]
        text = logged.text(process)
        for private in (SECRET, QUESTION, "Zilgenbrecht", "gout"):
            assert private not in text
    assert {line["logger"] for line in logged.lines("api")} >= {"uvicorn.error", "localchat.access"}
    assert {line["logger"] for line in logged.lines("worker")} >= {"pgqueuer", "app.ingestion.embedding.progress"}

    for process in ("api", "worker"):
        uploaded = logged.of("upload-1", process)
        assert {line["trace_id"] for line in uploaded} == {TRACE}
        assert document["id"] in json.dumps(uploaded)
    messages = [line["message"] for line in logged.of("upload-1", "worker")]
    assert "Processing 1 embeddings in batches of 64" in messages
    assert messages[0] == "Ingesting version 1"
    assert "Indexed version 1 with 1 chunks" in messages

    lines = [(name, text) for name in ("api", "worker") for text in logged.text(name).splitlines()]
    told = story(lines, TRACE)
    assert [line.fields["service"] for line in told] == ["api"] + ["worker"] * (len(told) - 1)
    assert told == story(lines, document["id"]) == story(lines, "upload-1")
    assert [
        line.fields["message"] for line in told if line.fields["logger"].startswith(("localchat", "app.services"))
    ] == [
        "POST /api/documents 202",
        "Ingesting version 1",
        "Indexed version 1 with 1 chunks",
    ]

    first, second, found = (logged.access(name) for name in ("ask-1", "ask-2", "find-1"))
    assert (first["status"], first["outcome"], first["tier"]) == (200, "answered", "miss")
    assert first["timings_ms"].keys() == {"retrieve", "prompt", "generate"}
    assert 0 < first["first_token_ms"] < first["duration_ms"]
    assert (second["outcome"], second["tier"], second["key"]) == ("answered", "l1", first["key"])
    assert (found["tier"], found["question"]) == ("l1", first["question"])
    assert f"Cache HIT (L1): {first['key'][:6]}…" in [line["message"] for line in logged.of("ask-2", "api")]
    said = {name: [line["message"] for line in logged.of(name, "api")] for name in ("ask-1", "ask-2")}
    assert any(re.fullmatch(r"Full RAG pipeline: \d+ms", message) for message in said["ask-1"])
    assert any(re.fullmatch(r"Query latency: \d+ms \(L1 cache hit\)", message) for message in said["ask-2"])
    for process in ("api", "worker"):
        assert "L3 database cache initialized" in [line["message"] for line in logged.lines(process)]
    assert "Batch 1: Processing texts 1-1" in messages
    assert logged.access("bad-1")["status"] == 422
    # The last address before the trusted proxy's own: what stands before it was written by the client.
    assert [logged.access(name)["client"] for name in ("ask-1", "far-1")] == ["127.0.0.1", "203.0.113.9"]
