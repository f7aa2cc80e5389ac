"""Spans. A trace is begun at the edge (a request, a job) and joined from anywhere below it.

Code opens a span around its work with `span` or `begin`; neither needs a tracer as an argument, since the
trace of the current task carries its own. Where no trace is recorded, both cost one look at a context variable.

The edge decides once, in `correlation.correlate`, whether a trace is recorded. If not, the SDK never sees it.
"""

import asyncio
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span as RecordedSpan
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.telemetry import correlation
from app.telemetry.correlation import Correlation

Attribute = str | bool | int | float
Attributes = Mapping[str, Attribute]

_tracer: ContextVar[Tracer | None] = ContextVar("tracer", default=None)
_propagator = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where spans go. Without a provider, nowhere."""

    provider: TracerProvider | None = None

    @classmethod
    def to(cls, endpoint: str | None, *, service: str, version: str) -> "Tracing":
        """Send spans to an OTLP/HTTP collector, in the background; spans that it does not take in time are dropped.

        `service` names this kind of process. Only traces that are sampled at the edge get here.
        """
        if not endpoint:
            return cls()
        resource = Resource.create(
            {
                "service.name": f"localchat-{service}",
                "service.namespace": "localchat",
                "service.version": version,
                "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            }
        )
        provider = TracerProvider(resource=resource, sampler=ALWAYS_ON)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        provider.add_span_processor(_Identified())
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider)

    @property
    def tracer(self) -> Tracer | None:
        return None if self.provider is None else self.provider.get_tracer("localchat")

    def close(self) -> None:
        """Send the spans that are left. Blocks for at most some seconds."""
        if self.provider is not None:
            self.provider.shutdown()


class _Identified(SpanProcessor):
    """Gives each span the id of the request that it is for."""

    def on_start(self, span: RecordedSpan, parent_context: Context | None = None) -> None:  # noqa: ARG002
        identify(span)


def identify(span: Span) -> None:
    """Give a span the current request's id."""
    ids = correlation.current()
    if ids is not None:
        span.set_attribute("localchat.request_id", ids.request_id)


def adopt(tracer: Tracer | None) -> Token[Tracer | None]:
    """Record spans of this task, and of those it starts, with `tracer`, until `release`."""
    return _tracer.set(tracer)


def release(token: Token[Tracer | None]) -> None:
    _tracer.reset(token)


def recording() -> bool:
    return _tracer.get() is not None


def begin(name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None) -> Span:
    """A span that is not the current one: for generators, whose caller runs between their steps. `end` it."""
    tracer = _tracer.get()
    return trace.INVALID_SPAN if tracer is None else tracer.start_span(name, kind=kind, attributes=attributes)


def record(name: str, began: float, ended: float) -> None:
    """A span of work that is over, as another process did it. Both times are epoch seconds."""
    tracer = _tracer.get()
    if tracer is not None:
        tracer.start_span(name, start_time=int(began * 1e9)).end(int(ended * 1e9))


def record_ended(
    name: str,
    seconds: float,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
    error: BaseException | None = None,
) -> None:
    """A span of work that has ended just now, after `seconds`."""
    tracer = _tracer.get()
    if tracer is not None:
        began = time.time_ns() - int(seconds * 1e9)
        end(tracer.start_span(name, kind=kind, attributes=attributes, start_time=began), error)


def record_root(
    tracer: Tracer,
    name: str,
    seconds: float,
    *,
    ids: Correlation,
    caller: Mapping[str, str],
    attributes: Attributes,
) -> Correlation:
    """The span of a request that has ended just now, in the trace of its `caller` if there is one; its ids."""
    span = tracer.start_span(
        name,
        context=_propagator.extract(caller) if caller else None,
        kind=SpanKind.SERVER,
        attributes=attributes,
        start_time=time.time_ns() - int(seconds * 1e9),
    )
    span.end()
    context = span.get_span_context()
    return ids._replace(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}")


def inside(span: Span) -> AbstractContextManager[object]:
    """Make a span of `begin` the current one for a block that yields nothing to a caller."""
    if not span.is_recording():
        return nullcontext()
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def end(span: Span, error: BaseException | None = None) -> None:
    """End a span, marked with the kind of `error`. Its text stays out: it may quote a document."""
    if error is not None and span.is_recording():
        span.set_attribute("error.type", getattr(error, "code", type(error).__name__))
        if not isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            span.set_status(Status(StatusCode.ERROR))
    span.end()


@contextmanager
def _current(span: Span) -> Iterator[Span]:
    failure: BaseException | None = None
    try:
        with inside(span):
            yield span
    except BaseException as error:
        failure = error
        raise
    finally:
        end(span, failure)


_NO_SPAN = nullcontext(trace.INVALID_SPAN)


def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """Open a span around a block and make it the current one."""
    if _tracer.get() is None:
        return _NO_SPAN
    return _current(begin(name, kind, attributes))


@contextmanager
def consumed(tracer: Tracer, name: str, headers: Mapping[str, str], attributes: Attributes) -> Iterator[Span]:
    """Go on in this process with the trace that `headers` were made in, as the consumer of a message."""
    parent = _propagator.extract(headers)
    span = tracer.start_span(name, context=parent, kind=SpanKind.CONSUMER, attributes=attributes)
    token = adopt(tracer)
    try:
        with _current(span):
            yield span
    finally:
        release(token)
