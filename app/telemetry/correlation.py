"""The ids that tie together the effects of one request: logs, jobs, calls to model servers.

`traceparent` is authoritative for the trace (https://www.w3.org/TR/trace-context/); `X-Request-ID` is
accepted when it is safe to log and made otherwise.
"""

import random
import re
from contextvars import ContextVar, Token
from typing import NamedTuple

from opentelemetry import trace

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


class Correlation(NamedTuple):
    """`trace_id` has 32 hex digits, `span_id` 16; `request_id` at most 128 safe characters.

    `sampled`: the trace's spans are recorded, here and in other processes.
    """

    request_id: str
    trace_id: str
    span_id: str
    sampled: bool = True


_current: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def current() -> Correlation | None:
    return _current.get()


def span_id(ids: Correlation) -> str:
    """Of the span that is open now, else the one of the request."""
    span = trace.get_current_span().get_span_context()
    return f"{span.span_id:016x}" if span.is_valid else ids.span_id


def joined(ids: Correlation) -> Correlation:
    """These ids in the trace and under the span that is open now, if one is."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return ids
    return ids._replace(trace_id=f"{span.trace_id:032x}", span_id=f"{span.span_id:016x}")


def bind(correlation: Correlation | None) -> Token[Correlation | None]:
    """Make `correlation` the current one for this task and those it starts, until `unbind`."""
    return _current.set(correlation)


def unbind(token: Token[Correlation | None]) -> None:
    _current.reset(token)


def headers() -> dict[str, str]:
    """Headers to send with a call, or to store with a job, so that the other side can `correlate`."""
    correlation = _current.get()
    if correlation is None:
        return {}
    flags = "01" if correlation.sampled else "00"
    traceparent = f"00-{correlation.trace_id}-{span_id(correlation)}-{flags}"
    return {"traceparent": traceparent, "x-request-id": correlation.request_id}


def correlate(traceparent: str | None = None, request_id: str | None = None, *, sample: float = 1.0) -> Correlation:
    """Take part in the caller's trace if it names one properly, else begin one.

    `sample` is the share of traces begun here that are recorded; the caller has decided about its own.
    """
    parent = _parse(traceparent) if traceparent else None
    # Ids have to differ, not to be secret: these cost a fifth of what a cryptographic generator's do.
    digits = random.randbytes(40).hex()  # noqa: S311
    trace_id, sampled = parent or (digits[:32], random.random() < sample)  # noqa: S311
    if request_id is None or not _REQUEST_ID.fullmatch(request_id):
        request_id = f"{digits[32:40]}-{digits[40:44]}-4{digits[45:48]}-a{digits[49:52]}-{digits[52:64]}"
    return Correlation(request_id, trace_id, digits[64:], sampled)


def _parse(traceparent: str) -> tuple[str, bool] | None:
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return None
    version, trace_id, parent_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return trace_id, bool(int(flags, 16) & 1)
