"""The access log: a line for each request, written in batches: a record for each costs more than a cache hit."""

import asyncio
import logging
import time
from contextvars import ContextVar
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from app.telemetry import correlation

_log = logging.getLogger("localchat.access")
_MAX_WAITING = 1000
_LONGEST_QUESTION = 1000

_notes: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)


def begin(client: tuple[str, int] | None = None) -> dict[str, Any]:
    """Begin the notes that `annotate` adds to, in this task and in the tasks that it starts.

    Args:
        client: the address and port that the request came from; unknown on a unix socket.
    """
    notes: dict[str, Any] = {} if client is None else {"client": client[0]}
    _notes.set(notes)
    return notes


def annotate(**notes: Any) -> None:
    """Add to the line of the current request: `tenant`, `tier`, `outcome`, `question`, `timings_ms` and such."""
    known = _notes.get()
    if known is not None:
        known.update(notes)


def tenant() -> str:
    """Whose the current request is; empty for none."""
    return str((_notes.get() or {}).get("tenant", ""))


class ServedRequest(NamedTuple):
    """A request that was answered at `at`, in epoch seconds, after `seconds`."""

    at: float
    ids: correlation.Correlation
    method: str
    path: str
    status: int
    seconds: float
    notes: dict[str, Any]

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
            **self.notes,
        }


class AccessLog:
    """Collects requests for up to `delay` seconds, then logs one record that holds them as `served`.

    The formatters of `app.telemetry.logging` write each on a line of its own. A question is logged as a hash, which
    is the same for the same text, unless `questions` asks for the text.
    """

    def __init__(self, *, delay: float = 0.1, questions: bool = False) -> None:
        self._delay = delay
        self._questions = questions
        self._waiting: list[ServedRequest] = []
        self._timer: asyncio.TimerHandle | None = None

    def note(
        self,
        ids: correlation.Correlation,
        method: str,
        path: str,
        status: int,
        seconds: float,
        notes: dict[str, Any],
    ) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        self._waiting.append(ServedRequest(time.time(), ids, method, path, status, seconds, notes))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self.flush)
        elif len(self._waiting) >= _MAX_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write the requests collected so far."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        for served in waiting:
            question = served.notes.get("question")
            if question is not None:
                served.notes["question"] = question[:_LONGEST_QUESTION] if self._questions else hashed(question)
        if waiting:
            _log.info("%d requests", len(waiting), extra={"served": waiting})


@lru_cache(maxsize=1024)
def hashed(question: str) -> str:
    """Twelve hex digits that tell questions apart without revealing them."""
    return sha256(question.encode("utf-8", "replace")).hexdigest()[:12]
