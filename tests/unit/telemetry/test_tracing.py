"""Spans around the application: where a trace begins, who decides about it, and what spans are called."""

import asyncio
import logging

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from app.db.spans import summary
from app.errors import NotFound
from app.services.search.cached import SearchResult
from app.telemetry import correlation, tracing
from app.telemetry.logging import JsonFormatter
from tests.support.api import Fakes, client_of
from tests.support.fakes.answers import HIT, RESULTS
from tests.support.telemetry.spans import Recorded
from tests.support.waiting import idle, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SEARCH = {"query": "leave"}


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


async def ask(
    recorded: Recorded, *, share: float = 1.0, path: str = "/api/search", **headers: str
) -> httpx.Response:
    fakes = Fakes()
    async with client_of(fakes, tracing=recorded.tracing, otel_traces_sampler_arg=share) as client:
        if path == "/api/search":
            return await client.post(path, json=SEARCH, headers=headers)
        return await client.get(path, headers=headers)


def id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


async def test_a_request_is_a_span_named_after_its_route(recorded: Recorded) -> None:
    await ask(recorded, path="/api/documents/01a20d43-644e-78a3-ad54-f4d5b3ea34f9")
    (span,) = recorded.spans
    assert (span.name, span.kind) == ("GET /api/documents/{document_id}", SpanKind.SERVER)
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 404


async def test_an_error_names_the_trace_that_its_span_is_in(recorded: Recorded) -> None:
    problem = (await ask(recorded, path="/nothing")).json()
    assert [id_of(span) for span in recorded.spans] == [problem["trace_id"]]


async def test_the_callers_trace_is_joined(recorded: Recorded) -> None:
    await ask(recorded, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    assert {id_of(span) for span in recorded.spans} == {TRACE}
    root = next(span for span in recorded.spans if span.kind is SpanKind.SERVER)
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == "00f067aa0ba902b7"


@pytest.mark.parametrize(("share", "flag", "kept"), [(0.0, "01", True), (1.0, "00", False), (1.0, "01", True)])
async def test_whoever_began_a_trace_has_decided_whether_it_is_recorded(
    recorded: Recorded, share: float, flag: str, kept: bool
) -> None:
    await ask(recorded, share=share, traceparent=f"00-{TRACE}-00f067aa0ba902b7-{flag}")
    assert bool(recorded.spans) is kept


async def test_of_the_traces_that_begin_here_the_given_share_is_recorded(recorded: Recorded) -> None:
    fakes = Fakes()
    async with client_of(fakes, tracing=recorded.tracing, otel_traces_sampler_arg=0.3) as client:
        for _ in range(300):
            await client.post("/api/search", json=SEARCH)
    roots = [span for span in recorded.spans if span.kind is SpanKind.SERVER]
    assert 50 < len(roots) < 130  # 90 expected; five standard deviations are 40


async def test_a_hit_of_memory_is_one_span_recorded_when_it_is_over(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    fakes = Fakes()
    fakes.search.hit = SearchResult(RESULTS, HIT, {"total": 0.1})
    joined = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        async with client_of(fakes, tracing=recorded.tracing, otel_traces_sampler_arg=0) as client:
            await client.post("/api/search", json=SEARCH, headers=joined)
            await client.post("/api/search", json=SEARCH)
            await until(lambda: caplog.records)
    (span,) = recorded.spans
    assert (span.name, span.kind, id_of(span)) == ("POST /api/search", SpanKind.SERVER, TRACE)
    assert span.parent is not None
    assert span.context is not None
    assert span.attributes is not None
    assert span.attributes["rag.cache.tier"] == "l1"
    assert span.start_time is not None
    assert span.end_time is not None
    assert 0 < span.end_time - span.start_time < 1e9
    line = JsonFormatter().format(caplog.records[0]).splitlines()[0]
    assert f'"span_id":"{span.context.span_id:016x}"' in line


async def test_probes_and_scrapes_are_not_traced(recorded: Recorded) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        await ask(recorded, path=path, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    assert recorded.spans == ()


async def test_without_a_recorded_trace_there_are_no_spans_below(recorded: Recorded) -> None:
    assert not tracing.recording()
    with tracing.span("nothing") as span:
        assert not span.is_recording()
    tracing.end(tracing.begin("nothing"))
    tracing.record("nothing", 1.0, 2.0)
    tracing.record_ended("nothing", 1.0)
    assert recorded.spans == ()


async def test_tasks_that_a_traced_one_starts_are_part_of_its_trace(recorded: Recorded) -> None:
    async def work() -> None:
        with tracing.span("inner"):
            await idle()

    token = tracing.adopt(recorded.tracing.tracer)
    with tracing.span("outer"):
        await asyncio.gather(asyncio.create_task(work()), work())
    tracing.release(token)
    await work()
    assert recorded.names == ["inner", "inner", "outer"]
    assert len({id_of(span) for span in recorded.spans}) == 1


async def test_what_fails_marks_its_span_with_the_kind_of_error_and_not_with_its_text(recorded: Recorded) -> None:
    token = tracing.adopt(recorded.tracing.tracer)
    try:
        with pytest.raises(NotFound), tracing.span("find"):
            raise NotFound("no document about Mrs Zilgenbrecht")
        with pytest.raises(asyncio.CancelledError), tracing.span("wait"):
            raise asyncio.CancelledError
    finally:
        tracing.release(token)
    found, waited = recorded.spans
    assert found.status.status_code is StatusCode.ERROR
    assert found.attributes == {"error.type": "not-found"}
    assert not found.events
    assert "Zilgenbrecht" not in found.to_json()
    assert waited.status.status_code is StatusCode.UNSET


async def test_headers_for_another_process_name_the_span_that_sends_them(recorded: Recorded) -> None:
    ids = correlation.correlate(f"00-{TRACE}-00f067aa0ba902b7-01", "mine")
    tracer = recorded.tracing.tracer
    assert tracer is not None
    bound, adopted = correlation.bind(ids), tracing.adopt(tracer)
    try:
        assert correlation.headers()["traceparent"] == f"00-{TRACE}-{ids.span_id}-01"
        with tracing.consumed(tracer, "process", correlation.headers(), {}) as span:
            inner = correlation.headers()["traceparent"]
            assert inner == f"00-{TRACE}-{span.get_span_context().span_id:016x}-01"
            assert correlation.joined(ids).span_id == inner.split("-")[2]
    finally:
        tracing.release(adopted)
        correlation.unbind(bound)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT count(*) FROM chunks WHERE id = $1", "SELECT chunks"),
        ("SELECT c.x, (SELECT max(id) FROM snapshots) FROM collections c", "SELECT collections"),
        (
            "SELECT s.id FROM (\n SELECT id FROM chunks WHERE tsv @@ $1\n) c JOIN documents d ON true",
            "SELECT chunks",
        ),
        ("INSERT INTO documents (a, b) VALUES ($1, $2)", "INSERT documents"),
        ("UPDATE documents d SET lease = $3 FROM collections c", "UPDATE documents"),
        ("DELETE FROM x WHERE id IN (SELECT id FROM y)", "DELETE x"),
        (
            """WITH a AS (SELECT id FROM q JOIN unnest($1) AS n (k) USING (k) FOR NO KEY UPDATE OF q)
            UPDATE query_cache SET hits = 1 FROM a""",
            "UPDATE query_cache",
        ),
        (
            "WITH w AS MATERIALIZED (SELECT a FROM vectors_1), b AS (SELECT 1) SELECT * FROM w, b",
            "SELECT vectors_1",
        ),
        ("SELECT id FROM collections WHERE id = $1 FOR NO KEY UPDATE", "SELECT collections"),
        ("SELECT bump_corpus($1, $2)", "SELECT bump_corpus"),
        ("COMMIT;", "COMMIT"),
        ("  ", "QUERY"),
    ],
)
def test_a_statement_is_named_after_what_it_does_to_which_table(statement: str, expected: str) -> None:
    assert summary(statement) == expected
