"""Logs: one JSON object a line on stdout, or lines for a person, each with the ids of its request."""

import logging
import logging.config
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from app.telemetry import correlation

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class CorrelationFilter(logging.Filter):
    """Gives each record the ids of the request it was made in, where there is one."""

    def filter(self, record: logging.LogRecord) -> bool:
        ids = correlation.current()
        if ids is not None:
            record.request_id, record.trace_id, record.span_id = ids.request_id, ids.trace_id, ids.span_id
        return True


class JsonFormatter(logging.Formatter):
    """`timestamp` (RFC 3339, UTC), `level`, `logger`, `message`, `exception`, and what `extra` holds."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        try:
            return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:  # a lone surrogate, or an integer beyond 64 bits
            return orjson.dumps({name: ascii(value) for name, value in fields.items()}).decode()


class ConsoleFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        extra.pop("trace_id", None)
        extra.pop("span_id", None)
        return f"{line} {' '.join(f'{name}={value}' for name, value in extra.items())}" if extra else line


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
