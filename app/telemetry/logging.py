"""Logs: one JSON object a line on stdout, or lines for a person, each with the ids of its request."""

import logging
import logging.config
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from app.telemetry import correlation
from app.telemetry.access import Served
from app.telemetry.correlation import span_id

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class CorrelationFilter(logging.Filter):
    """Gives each record the ids of the request it was made in, where there is one."""

    def filter(self, record: logging.LogRecord) -> bool:
        ids = correlation.current()
        if ids is not None:
            record.request_id, record.trace_id, record.span_id = ids.request_id, ids.trace_id, span_id(ids)
        return True


class JsonFormatter(logging.Formatter):
    """`timestamp` (RFC 3339, UTC), `level`, `logger`, `message`, `exception`, and what `extra` holds."""

    def format(self, record: logging.LogRecord) -> str:
        served: Sequence[Served] | None = getattr(record, "served", None)
        if served is not None:
            return "\n".join([_json({**_head(record, each.at, each.message), **each.fields()}) for each in served])
        fields = _head(record, record.created, record.getMessage())
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return _json(fields)


def _head(record: logging.LogRecord, at: float, message: str) -> dict[str, Any]:
    timestamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return {"timestamp": timestamp, "level": record.levelname, "logger": record.name, "message": message}


def _json(fields: dict[str, Any]) -> str:
    try:
        return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        return orjson.dumps({name: ascii(value) for name, value in fields.items()}).decode()


class ConsoleFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        served: Sequence[Served] | None = getattr(record, "served", None)
        if served is not None:
            return "\n".join([self._request(record, each) for each in served])
        return self._line(record, {name: value for name, value in vars(record).items() if name not in _STANDARD})

    def _request(self, record: logging.LogRecord, served: Served) -> str:
        line = logging.makeLogRecord(
            {"name": record.name, "levelname": record.levelname, "created": served.at, "msg": served.message}
        )
        return self._line(line, served.fields())

    def _line(self, record: logging.LogRecord, extra: dict[str, Any]) -> str:
        shown = [f"{name}={value}" for name, value in extra.items() if name not in {"trace_id", "span_id"}]
        return " ".join([super().format(record), *shown])


def configure_logging(level: str, style: Literal["json", "console"]) -> None:
    """Send every logger's records, uvicorn's included, to stdout. Requests are logged by the service itself."""
    formatter = JsonFormatter if style == "json" else ConsoleFormatter
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"correlation": {"()": CorrelationFilter}},
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
