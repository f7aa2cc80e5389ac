"""Logs: one JSON object a line on stdout, or lines for a person, each with the ids of its request.

Text from a client may be part of a message or a field, but begins no line and reaches no terminal as a command.
"""

import json
import logging
import logging.config
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import orjson

from app.telemetry import correlation
from app.telemetry.access import ServedRequest
from app.telemetry.correlation import span_id

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
# A person who reads along needs one id.
_HIDDEN = frozenset({"service", "trace_id", "span_id"})
# Control characters, and characters that some readers take for the end of a line.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class CorrelationFilter(logging.Filter):
    """Gives each record the ids of the request or job it was made in.

    Records that belong to neither, such as those of a start or of housekeeping, have ids that the process shares.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service
        self._process = correlation.correlate(request_id=f"{service}-{os.getpid()}")

    def filter(self, record: logging.LogRecord) -> bool:
        record.service = self._service
        ids = correlation.current() or self._process
        record.request_id, record.trace_id, record.span_id = ids.request_id, ids.trace_id, span_id(ids)
        return True


class JsonFormatter(logging.Formatter):
    """Fields: `timestamp` (RFC 3339, UTC), `level`, `service`, `logger`, `message`, `exception`, and `extra`'s."""

    def format(self, record: logging.LogRecord) -> str:
        served: Sequence[ServedRequest] | None = getattr(record, "served", None)
        if served is not None:
            return "\n".join([_json(_head(record, each.at, each.message) | each.fields()) for each in served])
        fields = _head(record, record.created, record.getMessage())
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return _json(fields)


def _head(record: logging.LogRecord, at: float, message: str) -> dict[str, Any]:
    second = int(at)
    service = getattr(record, "service", None)
    return {
        "timestamp": f"{_until(second)}.{int((at - second) * 1000):03d}+00:00",
        "level": record.levelname,
        "service": service,
        "logger": record.name,
        "message": message,
    }


@lru_cache(maxsize=16)
def _until(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _json(fields: dict[str, Any]) -> str:
    try:
        text = orjson.dumps(fields, default=str).decode()
    except TypeError:  # a lone surrogate, an integer beyond 64 bits, or a key that is no text
        return json.dumps(fields, default=str, skipkeys=True)
    return text if text.isascii() else text.translate(_LINE_ENDS)


class ConsoleFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        served: Sequence[ServedRequest] | None = getattr(record, "served", None)
        if served is not None:
            return "\n".join([self._request(record, each) for each in served])
        return self._line(record, {name: value for name, value in vars(record).items() if name not in _STANDARD})

    def _request(self, record: logging.LogRecord, served: ServedRequest) -> str:
        line = logging.makeLogRecord(
            {"name": record.name, "levelname": record.levelname, "created": served.at, "msg": served.message}
        )
        return self._line(line, served.fields())

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the base class's name
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the base class's name
        return _indented(super().formatStack(stack_info))

    def _line(self, record: logging.LogRecord, extra: dict[str, Any]) -> str:
        shown = [escaped(f"{name}={value}") for name, value in extra.items() if name not in _HIDDEN]
        first, *rest = super().format(record).split("\n")
        return "\n".join([" ".join([first, *shown]), *rest])


def escaped(text: str) -> str:
    """The text with every character spelled out that would move a terminal's cursor or end a line."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _indented(text: str) -> str:
    """A traceback below its line. Each of its lines is set in, so that none can pass for a line of the log."""
    return "\n".join("    " + escaped(line) for line in text.split("\n"))


def configure_logging(level: str, style: Literal["json", "console"], *, service: str) -> None:
    """Send every logger's records, uvicorn's and warnings included, to stdout.

    Requests are logged by the service itself. `service` names this kind of process.
    """
    logging.captureWarnings(capture=True)
    formatter = JsonFormatter if style == "json" else ConsoleFormatter
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"correlation": {"()": CorrelationFilter, "service": service}},
            "formatters": {"line": {"()": formatter}},
            "handlers": {
                "stdout": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "line",
                    "filters": ["correlation"],
                }
            },
            "root": {"level": level, "handlers": ["stdout"]},
            "loggers": {
                "uvicorn": {"handlers": [], "propagate": True, "level": "NOTSET"},
                "uvicorn.error": {"handlers": [], "propagate": True, "level": "NOTSET"},
                "uvicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
            },
        }
    )
