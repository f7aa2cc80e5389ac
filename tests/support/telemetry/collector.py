"""A stub OTLP/HTTP collector: takes the spans that processes export, and shows a trace as a tree."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.support.http_server import Request, ScriptedServer


@dataclass(frozen=True)
class Span:
    """Ids are hex digits, times epoch nanoseconds."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    began: int
    ended: int
    attributes: dict[str, Any]
    failed: bool


@dataclass
class Collector:
    spans: list[Span] = field(default_factory=list)
    exports: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        async with ScriptedServer(self._take).running() as server:
            yield server.url

    async def _take(self, request: Request, writer: asyncio.StreamWriter) -> None:
        assert (request.method, request.path) == ("POST", "/v1/traces")
        self.spans.extend(_spans(ExportTraceServiceRequest.FromString(request.body)))
        self.exports += 1
        body = ExportTraceServiceResponse().SerializeToString()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of a trace in the order in which they began."""
        return sorted((span for span in self.spans if span.trace_id == trace_id), key=lambda span: span.began)

    def tree(self, trace_id: str) -> str:
        """A trace as lines of `name`, set in below the span that it is part of."""
        spans = self.trace(trace_id)
        known = {span.span_id for span in spans}
        roots = [span for span in spans if span.parent_id not in known]
        return "\n".join(line for root in roots for line in _lines(root, spans, 0))


def _lines(span: Span, spans: list[Span], depth: int) -> Iterator[str]:
    yield "  " * depth + span.name
    for child in spans:
        if child.parent_id == span.span_id:
            yield from _lines(child, spans, depth + 1)


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        service = _plain(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    service=service,
                    name=span.name,
                    kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    began=span.start_time_unix_nano,
                    ended=span.end_time_unix_nano,
                    attributes=_plain(span.attributes),
                    failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
                )


def _plain(attributes: Any) -> dict[str, Any]:
    found = {}
    for item in attributes:
        assert isinstance(item, KeyValue)
        kind = item.value.WhichOneof("value")
        found[item.key] = getattr(item.value, kind) if kind else None
    return found
