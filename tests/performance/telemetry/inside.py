"""What a trace costs a hit of memory inside the process: neither server nor network, so little noise.

The application is called as a server would call it. Processor time is that of all threads, so that it has the
encoding and sending of spans in it.
"""

import asyncio
import logging
import os
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from starlette.types import ASGIApp, Message

from app.cache.entry import CacheResult, CacheStatus
from app.services.search.cached import SearchResult
from app.telemetry.logging import CorrelationFilter, JsonFormatter
from app.telemetry.tracing import Tracing
from tests.performance.shared.figures import Figure, show
from tests.support.api import Fakes, serving
from tests.support.fakes.answers import RESULTS

TABLE = "a hit of memory inside the process, processor time of one"
BASE = "without traces"
_HITS, _ROUNDS = 3000, 25
_BODY = b'{"query": "Where is the harbour?"}'
_SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/api/search",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))],
}
_REQUEST: Message = {"type": "http.request", "body": _BODY, "more_body": False}
_HIT: CacheResult[Any] = CacheResult({}, CacheStatus.HIT, "c" * 64, "l1", 12.3, 4, 60.0)


async def measure(collector: str) -> list[Figure]:
    shares = {BASE: None, "none recorded": 0.0, "5 % recorded": 0.05, "all recorded": 1.0}
    with _logging():
        async with _applications(collector, shares) as applications:
            costs: dict[str, list[float]] = {name: [] for name in applications}
            for _ in range(_ROUNDS):
                for name, application in applications.items():
                    costs[name].append(await _cost(application))
    base = costs[BASE]
    figures = [
        Figure(
            TABLE,
            name,
            statistics.median(found),
            "us",
            statistics.median(first / each for first, each in zip(base, found, strict=True)),
            BASE,
        )
        for name, found in costs.items()
    ]
    show(TABLE, figures)
    return figures


@asynccontextmanager
async def _applications(collector: str, shares: dict[str, float | None]) -> AsyncIterator[dict[str, ASGIApp]]:
    traces = []
    made: dict[str, ASGIApp] = {}
    for name, share in shares.items():
        fakes = Fakes()
        fakes.search.hit = SearchResult(RESULTS, _HIT, {"total": 0.1})
        tracing = Tracing.to(None if share is None else collector, service="api", version="1")
        made[name] = serving(fakes, fresh=True, tracing=tracing, otel_traces_sampler_arg=share or 0.0)
        traces.append(tracing)
    try:
        yield made
    finally:
        for tracing in traces:
            await asyncio.to_thread(tracing.close)


async def _cost(application: ASGIApp) -> float:
    """Microseconds of the processor for one hit."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return _REQUEST

    began = time.process_time()
    for number in range(_HITS):
        sent.clear()
        await application(dict(_SCOPE), receive, send)
        if number % 16 == 0:
            await asyncio.sleep(0)
    assert sent[0]["status"] == 200
    await asyncio.sleep(0.15)  # the access log is written, and spans go out
    return 1e6 * (time.process_time() - began) / _HITS


@contextmanager
def _logging() -> Iterator[None]:
    """The access log as in production, but to nowhere."""
    log = logging.getLogger("localchat.access")
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
        handler = logging.StreamHandler(nowhere)
        handler.setFormatter(JsonFormatter())
        handler.addFilter(CorrelationFilter("api"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
        try:
            yield
        finally:
            log.removeHandler(handler)
