"""The access log: a line for each request, written in batches: a record for each costs more than a cache hit."""

import asyncio
import logging
import time
from typing import Any, NamedTuple

from app.telemetry import correlation

_log = logging.getLogger("localchat.access")
_MAX_WAITING = 1000


class Served(NamedTuple):
    """A request that was answered at `at`, in epoch seconds, after `seconds`."""

    at: float
    ids: correlation.Correlation
    method: str
    path: str
    status: int
    seconds: float

    @property
    def message(self) -> str:
        return f"{self.method} {self.path} {self.status}"

    def fields(self) -> dict[str, Any]:
        return {
            "request_id": self.ids.request_id,
            "trace_id": self.ids.trace_id,
            "span_id": self.ids.span_id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "duration_ms": round(self.seconds * 1000, 3),
        }


class AccessLog:
    """Collects requests for up to `delay` seconds, then logs one record that holds them as `served`.

    The formatters of `app.telemetry.logging` write each on a line of its own.
    """

    def __init__(self, *, delay: float = 0.1) -> None:
        self._delay = delay
        self._waiting: list[Served] = []
        self._timer: asyncio.TimerHandle | None = None

    def note(self, ids: correlation.Correlation, method: str, path: str, status: int, seconds: float) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        self._waiting.append(Served(time.time(), ids, method, path, status, seconds))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self.flush)
        elif len(self._waiting) >= _MAX_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write what was collected so far."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        if waiting:
            _log.info("%d requests", len(waiting), extra={"served": waiting})
