"""One trace from an upload through the queue to the model server, and one from a question to its last word."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider

from app.db.database import Database
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.telemetry import correlation, tracing
from tests.support.databases import emptied, fresh_database
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import api_and_worker, environment, ingested
from tests.support.telemetry.collector import Collector, Span
from tests.support.waiting import until

TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide."
QUESTION = "Which ships wait at the harbour? word:3"
UPLOAD, ASK, AGAIN, FIND, SECRET = (digit * 32 for digit in "abdef")
CALLER = "c" * 16

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Traced:
    http: httpx.AsyncClient
    collector: Collector
    models: FakeOllama

    async def whole(self, trace_id: str, last: str) -> list[Span]:
        """The spans of a trace once the one called `last` and the root have come, from every process."""
        await until(
            lambda: {last, *self._roots(trace_id)} <= {span.name for span in self.collector.trace(trace_id)}
        )
        await asyncio.sleep(0.5)
        return self.collector.trace(trace_id)

    @staticmethod
    def _roots(trace_id: str) -> set[str]:
        return {"POST /api/documents"} if trace_id == UPLOAD else {"POST /api/chat"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def processes(postgres_server: EmbeddedPostgres, valkey_server: EmbeddedValkey) -> AsyncIterator[Traced]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        models = await stack.enter_async_context(FakeOllama().running())
        collector = Collector()
        env = environment(
            database=await stack.enter_async_context(fresh_database(postgres_server)),
            redis=emptied(valkey_server),
            models=models.url,
            folder=folder,
            OTEL_EXPORTER_OTLP_ENDPOINT=await stack.enter_async_context(collector.running()),
            OTEL_TRACES_SAMPLER_ARG="0",
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        http = await stack.enter_async_context(api_and_worker(env, folder))
        yield Traced(http, collector, models)


@pytest.fixture
def traced(processes: Traced) -> Traced:
    """The same processes for all tests."""
    processes.models.requests.clear()
    processes.collector.spans.clear()
    return processes


def traceparent(trace_id: str, *, sampled: bool = True) -> dict[str, str]:
    return {"traceparent": f"00-{trace_id}-{CALLER}-0{int(sampled)}"}


def chains(spans: list[Span]) -> set[str]:
    """Each span with all that it is part of, as `root > … > span`."""
    known = {span.span_id: span for span in spans}

    def chain(span: Span) -> str:
        parent = known.get(span.parent_id)
        return span.name if parent is None else f"{chain(parent)} > {span.name}"

    return {chain(span) for span in spans}


def named(spans: list[Span], name: str) -> Span:
    (span,) = (span for span in spans if span.name == name)
    return span


def assert_one_tree(spans: list[Span]) -> None:
    """Everything hangs together below the one span that goes on from the caller's."""
    known = {span.span_id for span in spans}
    assert [span.parent_id for span in spans if span.parent_id not in known] == [CALLER]
    assert all(span.began <= span.ended for span in spans)
    # A busy machine may be late at a shared tier, which is given up.
    assert {span.name for span in spans if span.failed} <= {
        "GET",
        "SET",
        "SELECT query_cache",
        "INSERT query_cache",
    }


async def test_a_trace_leads_from_the_upload_through_the_queue_and_the_worker_to_the_model_server(
    traced: Traced,
) -> None:
    await ingested(traced.http, "a.txt", TEXT.encode(), **traceparent(UPLOAD))
    spans = await traced.whole(UPLOAD, "process ingest")
    assert_one_tree(spans)
    process = "POST /api/documents > send ingest > process ingest"
    assert chains(spans) >= {
        "POST /api/documents > INSERT documents",
        "POST /api/documents > send ingest > INSERT pgqueuer",
        f"{process} > SELECT document_versions",
        f"{process} > ingest.parse",
        f"{process} > ingest.chunk",
        f"{process} > ingest.store",
        f"{process} > ingest.embed > UPDATE documents",
        f"{process} > ingest.embed > embeddings all-minilm > POST /api/embed",
    }
    assert {span.service for span in spans} == {"localchat-api", "localchat-worker"}
    sent, processed = named(spans, "send ingest"), named(spans, "process ingest")
    assert (sent.kind, sent.service) == ("PRODUCER", "localchat-api")
    assert (processed.kind, processed.service) == ("CONSUMER", "localchat-worker")
    assert sent.attributes["messaging.system"] == "pgqueuer"
    posted = named(spans, "POST /api/embed")
    (request,) = (request for request in traced.models.requests if request.path == "/api/embed")
    assert request.headers["traceparent"] == f"00-{UPLOAD}-{posted.span_id}-01"


async def test_postgres_names_a_recorded_trace_in_its_activity(database_url: str) -> None:
    provider = TracerProvider()
    database = await Database.connect(database_url, min_size=1, max_size=1)
    ask = "SELECT current_setting('application_name')"
    try:
        bound = correlation.bind(correlation.correlate(request_id="asked-1"))
        token = tracing.adopt(provider.get_tracer("test"))
        try:
            with tracing.span("asked"):
                async with database.connection() as connection:
                    named = await connection.fetchval(ask)
        finally:
            tracing.release(token)
            ids = correlation.current()
            correlation.unbind(bound)
        assert ids is not None
        assert named == f"localchat {ids.trace_id} asked-1"
        async with database.connection() as connection:
            assert await connection.fetchval(ask) == ""
    finally:
        await database.close()


async def test_a_trace_leads_from_the_question_through_the_cache_and_both_arms_to_the_last_word(
    traced: Traced,
) -> None:
    await ingested(traced.http, "a.txt", TEXT.encode())
    answer = await traced.http.post("/api/chat", json={"question": QUESTION}, headers=traceparent(ASK))
    assert f'"trace_id":"{ASK}"' in answer.text
    spans = await traced.whole(ASK, "chat smollm2:135m")
    assert_one_tree(spans)
    query = "POST /api/chat > rag.query"
    found = f"{query} > retrieval default"
    assert chains(spans) >= {
        f"{query} > rag.cache get > GET",
        f"{found} > retrieval.embed > rag.cache get",
        f"{found} > retrieval.embed > embeddings all-minilm > POST /api/embed",
        f"{found} > retrieval.vector > SELECT vectors_1",
        f"{found} > retrieval.lexical > SELECT chunks",
        f"{found} > retrieval.fuse",
        f"{query} > rag.prompt",
        f"{query} > chat smollm2:135m > POST /api/chat",
        f"{query} > SET",
    }
    server = next(span for span in spans if span.kind == "SERVER")
    assert server.attributes["http.route"] == "/api/chat"
    assert server.attributes["http.response.status_code"] == 200
    asked = named(spans, "rag.query")
    assert (asked.attributes["rag.outcome"], asked.attributes["rag.cache"]) == ("answered", "miss")
    chat = named(spans, "chat smollm2:135m")
    assert chat.kind == "CLIENT"
    assert chat.attributes["gen_ai.usage.output_tokens"] == 3
    first = chat.attributes["gen_ai.response.time_to_first_chunk"]
    assert 0 < first < (chat.ended - chat.began) / 1e9 - 2 * traced.models.gap
    assert asked.began <= chat.began <= chat.ended <= asked.ended
    statement = named(spans, "SELECT vectors_1")
    assert statement.attributes["db.system.name"] == "postgresql"
    assert "$1" in statement.attributes["db.query.text"]
    posted = next(span for span in spans if span.name == "POST /api/chat" and span.kind == "CLIENT")
    (request,) = (request for request in traced.models.requests if request.path == "/api/chat")
    assert request.headers["traceparent"] == f"00-{ASK}-{posted.span_id}-01"

    # What was asked, found and answered stays out of the trace.
    told = repr([span.attributes for span in spans])
    assert not re.search("harbour|granite|piece", told)

    await traced.http.post("/api/chat", json={"question": QUESTION}, headers=traceparent(AGAIN))
    spans = await traced.whole(AGAIN, "rag.query")
    assert_one_tree(spans)
    # The end of an answer can reach its client before memory has it; then a second look finds it.
    got = max((span for span in spans if span.name == "rag.cache get"), key=lambda span: span.ended)
    assert (got.attributes["rag.cache.result"], got.attributes["rag.cache.tier"]) == ("hit", "l1")
    assert not any(span.name.startswith(("chat", "retrieval")) for span in spans)

    await traced.http.post("/api/search", json={"query": QUESTION})
    await traced.http.post("/api/search", json={"query": QUESTION}, headers=traceparent(FIND))
    await until(lambda: traced.collector.trace(FIND))
    (hit,) = traced.collector.trace(FIND)
    assert (hit.name, hit.kind, hit.parent_id) == ("POST /api/search", "SERVER", CALLER)
    assert (hit.attributes["rag.cache.tier"], hit.attributes["http.route"]) == ("l1", "/api/search")

    # Whoever began the trace decided about it, and of those begun here a share is recorded: none, in this test.
    await traced.http.post("/api/search", json={"query": "b"}, headers=traceparent(SECRET, sampled=False))
    await traced.http.post("/api/search", json={"query": "c"})
    await traced.http.get("/health/ready", headers=traceparent(SECRET))
    await asyncio.sleep(0.5)
    assert {span.trace_id for span in traced.collector.spans} == {ASK, AGAIN, FIND}
