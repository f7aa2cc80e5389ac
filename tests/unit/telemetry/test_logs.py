"""Log lines: one for each event, with the ids of its request, and with nothing in it that was not asked for."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.middleware.disconnect import ClientDisconnectMiddleware
from app.api.middleware.request_context import RequestContextMiddleware
from app.cache.backend import CacheKey, StoredPayload
from app.cache.postgres.eviction import HitCountBuffer
from app.telemetry import access, correlation
from app.telemetry.access import AccessLog
from app.telemetry.correlation import correlate
from app.telemetry.logging import ConsoleFormatter, CorrelationFilter, JsonFormatter
from tests.support.api import Fakes, client_of
from tests.support.cache.assembly import assemble
from tests.support.cache.chain import SPEC, Pipeline, Tier
from tests.support.fakes.access import KEY
from tests.support.waiting import idle, until

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Fakes()) as client:
        yield client


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of the access log."""
    records = [record for record in caplog.records if record.name == "localchat.access"]
    return [json.loads(line) for record in records for line in JsonFormatter().format(record).splitlines()]


async def test_each_request_is_logged_once_without_its_query(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        await client.get("/api/documents?cursor=secret", headers={"x-request-id": "first"})
        await client.get("/health/live")
        await client.get("/nothing")
        await until(lambda: bool(lines_of(caplog)))
    first, second = lines_of(caplog)
    assert (first["method"], first["path"], first["status"]) == ("GET", "/api/documents", 200)
    assert (first["request_id"], first["level"], first["logger"]) == ("first", "INFO", "localchat.access")
    assert first["duration_ms"] > 0
    assert (second["path"], second["status"]) == ("/nothing", 404)
    assert "secret" not in json.dumps(first)
    (record,) = [record for record in caplog.records if record.name == "localchat.access"]
    shown = ConsoleFormatter().format(record).splitlines()
    assert "GET /api/documents 200" in shown[0]
    assert "request_id=first" in shown[0]
    assert "trace_id" not in shown[0]


async def test_a_question_is_logged_with_its_tier_outcome_and_timings_but_as_a_hash(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        for query in ("Am I ill?", "Am I ill?", "Am I well?"):
            await client.post("/api/search", json={"query": query})
        await until(lambda: len(lines_of(caplog)) == 3)
    first, second, other = lines_of(caplog)
    assert first["tier"] in {"l1", "miss"}
    assert first["timings_ms"] == {"embed": 1.0}
    assert first["question"] == second["question"] != other["question"]
    assert "ill" not in json.dumps([first, second, other])


async def test_a_question_is_logged_as_it_is_where_that_was_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        async with client_of(Fakes(), log_questions=True) as client:
            await client.post("/api/search", json={"query": "Am I ill?"})
            await until(lambda: bool(lines_of(caplog)))
    assert lines_of(caplog)[0]["question"] == "Am I ill?"


async def test_a_line_names_the_tenant_and_the_name_of_its_key_but_not_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        async with client_of(Fakes(), auth_mode="api_key") as client:
            await client.get("/api/collections", headers={"authorization": f"Bearer {KEY}"})
            await client.get("/api/collections", headers={"authorization": f"Bearer {KEY}x"})
        async with client_of(Fakes()) as client:
            await client.post("/api/search", json={"query": "leave"})
        await until(lambda: len(lines_of(caplog)) == 3)
    known, unknown, open_to_all = lines_of(caplog)
    assert (known["tenant"], known["api_key"]) == ("acme", "laptop")
    assert (unknown["status"], "tenant" in unknown, "api_key" in unknown) == (401, False, False)
    assert (open_to_all["tenant"], "api_key" in open_to_all) == ("default", False)
    assert KEY not in json.dumps([known, unknown])


def note(log: AccessLog) -> None:
    log.note(correlate(), "GET", "/api/documents", 200, 0.001, {})


async def test_requests_are_logged_before_the_process_ends(caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog(delay=60)
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        note(log)
        assert not caplog.records

        async def ended(scope: Scope, receive: Receive, send: Send) -> None:
            """A lifespan that is over."""

        await RequestContextMiddleware(ended, access=log)({"type": "lifespan"}, no_messages, Sent())
    assert lines_of(caplog)[0]["message"] == "GET /api/documents 200"


async def test_a_full_access_log_is_written_at_once(caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog(delay=60)
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        for _ in range(1000):
            note(log)
    assert [record.getMessage() for record in caplog.records] == ["1000 requests"]


async def test_a_level_above_info_leaves_requests_out(caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog(delay=0)
    with caplog.at_level(logging.WARNING, logger="localchat.access"):
        note(log)
        await idle()
    assert not caplog.records


async def no_messages() -> Message:
    raise AssertionError


class Sent(list[Message]):
    """What an application sent."""

    async def __call__(self, message: Message) -> None:
        self.append(message)


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """A stream whose client left before its first event."""


async def cut_off(scope: Scope, receive: Receive, send: Send) -> None:
    raise ClientDisconnect


@pytest.mark.parametrize("app", [silent, cut_off])
async def test_a_client_that_left_before_it_was_answered_is_logged_as_499(
    app: ASGIApp, caplog: pytest.LogCaptureFixture
) -> None:
    scope = {"type": "http", "method": "POST", "path": "/api/chat", "headers": []}
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        log = AccessLog(delay=60)
        await RequestContextMiddleware(ClientDisconnectMiddleware(app), access=log)(scope, no_messages, Sent())
        log.flush()
    assert lines_of(caplog)[0]["status"] == 499


async def test_a_broken_response_is_logged_as_such_and_what_the_server_logs_of_it_has_its_ids(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-request-id", b"mine")]}

    async def serve() -> correlation.Correlation | None:
        with pytest.raises(RuntimeError):
            await RequestContextMiddleware(broken, access=log)(scope, no_messages, Sent())
        return correlation.current()

    log = AccessLog(delay=60)
    with caplog.at_level(logging.INFO, logger="localchat.access"):
        ids = await asyncio.create_task(serve())
        log.flush()
    (line,) = lines_of(caplog)
    assert (line["status"], line["outcome"], line["request_id"]) == (200, "broken", "mine")
    assert ids is not None
    assert ids.request_id == "mine"


def record_of(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    record = logging.LogRecord("app", logging.WARNING, __file__, 1, message, arguments, None)
    vars(record).update(fields)
    return record


@given(text=st.text(), name=st.text(max_size=20))
def test_nothing_that_a_client_sends_makes_a_line_of_its_own(text: str, name: str) -> None:
    record = record_of("%s of %r", text, name, path=text)
    CorrelationFilter("api").filter(record)
    (line,) = JsonFormatter().format(record).splitlines()
    fields = json.loads(line)
    assert (fields["path"], fields["message"]) == (text, f"{text} of {name!r}")
    (line,) = ConsoleFormatter().format(record).splitlines()
    assert line.isprintable() or not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line)


@given(path=st.text())
def test_no_path_makes_a_line_of_its_own_in_the_access_log(path: str) -> None:
    served = access.ServedRequest(0.0, correlate(), "GET", path, 200, 0.1, {"question": path})
    record = record_of("1 request", served=[served])
    (line,) = JsonFormatter().format(record).splitlines()
    assert json.loads(line)["path"] == path
    assert len(ConsoleFormatter().format(record).splitlines()) == 1


def test_a_traceback_is_set_in_so_that_it_cannot_pass_for_lines_of_the_log() -> None:
    error = ValueError("bad\n12:00:00 INFO    app: everything is fine\x1b[2J")
    record = logging.LogRecord("app", logging.ERROR, __file__, 1, "failed", (), (ValueError, error, None))
    first, *rest = ConsoleFormatter().format(record).splitlines()
    assert first.endswith("failed")
    assert all(line.startswith("    ") for line in rest)
    assert "\x1b" not in "".join(rest)
    assert len(JsonFormatter().format(record).splitlines()) == 1


def test_what_json_cannot_hold_is_written_all_the_same() -> None:
    record = record_of("odd %s", "\ud800", size=2**70, pair={(1, 2): 3, "when": object})
    line = json.loads(JsonFormatter().format(record))
    assert (line["level"], line["size"], line["message"]) == ("WARNING", 2**70, "odd \ud800")


def test_a_line_has_the_ids_of_its_request_or_those_of_its_process() -> None:
    filter_, record = CorrelationFilter("worker"), record_of("done")
    token = correlation.bind(correlate(TRACEPARENT, "abc"))
    try:
        filter_.filter(record)
    finally:
        correlation.unbind(token)
    line = json.loads(JsonFormatter().format(record))
    assert (line["request_id"], line["trace_id"]) == ("abc", "4bf92f3577b34da6a3ce929d0e0e4736")
    assert len(line["span_id"]) == 16
    first, second = record_of("started"), record_of("upkeep")
    for each in (first, second):
        filter_.filter(each)
    lines = [json.loads(JsonFormatter().format(each)) for each in (first, second)]
    assert lines[0]["service"] == "worker"
    assert lines[0]["request_id"].startswith("worker-")
    assert lines[0]["trace_id"] == lines[1]["trace_id"] != line["trace_id"]


async def test_a_hit_is_logged_with_its_tier_the_beginning_of_its_key_and_how_often_it_was_hit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    l3, hit_counts = CountingTier("l3"), HitCountBuffer()
    await assemble([l3]).chain.get_or_compute(SPEC, Pipeline())
    made = assemble([l3], hit_counts=hit_counts)
    with caplog.at_level(logging.DEBUG, logger="app.cache.tiered_reader"):
        await made.chain.get_or_compute(SPEC, Pipeline())
        await made.chain.get_or_compute(SPEC, Pipeline())
    digits = SPEC.key.digest[:6]
    assert caplog.messages == [f"Cache HIT (L3): {digits}… (hits=5)", f"Cache HIT (L1): {digits}…"]
    assert [record.levelname for record in caplog.records] == ["INFO", "DEBUG"]


class CountingTier(Tier):
    """Has served each of its entries four times."""

    async def get(self, key: CacheKey) -> StoredPayload[bytes] | None:
        entry = await super().get(key)
        return entry and replace(entry, hits=4)
