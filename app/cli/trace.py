"""`localchat trace ID`: the log lines of every process about a request or a document, in order of time."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from app.cli.shared import CommandFailed
from app.telemetry.logging import escaped

_IDS = ("request_id", "trace_id", "span_id", "document")
# Shown in the head, in the message or below the line.
_SHOWN_ELSEWHERE = frozenset(
    {"timestamp", "level", "service", "logger", "message", "method", "path", "status", "duration_ms"}
    | {"request_id", "trace_id", "span_id", "exception", "stack"}
)
_READS = frozenset({"GET", "HEAD"})
# How Postgres begins a line.
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?:UTC|GMT) (.*)", re.DOTALL)
_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log. `fields` are empty if it is not one of ours.

    `at` is the time at which its event began; None if unknown.
    """

    source: str
    text: str
    fields: dict[str, Any]
    at: datetime | None

    def is_about(self, wanted: str) -> bool:
        """Return whether it carries an id or, unless it only reads, changes the object with that id."""
        if any(self.fields.get(name) == wanted for name in _IDS) or wanted in self.fields.get("documents", ()):
            return True
        return wanted in str(self.fields.get("path", "")) and self.fields.get("method") not in _READS


def print_story(wanted: str, logs: Sequence[Path]) -> None:
    """Print the story of a request, trace or document id.

    Args:
        wanted: the id.
        logs: files, folders of `*.log` files, or `-` for standard input.

    Raises:
        CommandFailed: nothing is known about it.
    """
    lines = list(_read(logs))
    told = story(lines, wanted)
    if not told:
        where = ", ".join(map(str, logs))
        hint = "" if any(text.startswith("{") for _, text in lines) else "; it is told from LOG_FORMAT=json"
        raise CommandFailed(f"nothing about {escaped(wanted)} among {len(lines)} lines in {where}{hint}")
    _show(told)


def story(lines: Sequence[tuple[str, str]], wanted: str) -> list[Line]:
    """Return the lines of every trace in which the id occurs, in order; lines without a time come last.

    `lines` are pairs of a source and a text.
    """
    about = [line for line in _holding(lines, {wanted}) if line.fields and line.is_about(wanted)]
    traces = {str(line.fields["trace_id"]) for line in about}
    told = [
        line for line in _holding(lines, {wanted, *traces}) if not line.fields or line.fields["trace_id"] in traces
    ]
    latest = datetime.max.replace(tzinfo=UTC)
    return sorted(told, key=lambda line: line.at or latest)


def _holding(lines: Iterable[tuple[str, str]], ids: Iterable[str]) -> Iterator[Line]:
    """Yield the lines that hold an id. Searching a text is much faster than parsing it."""
    found = re.compile("|".join(map(re.escape, ids))).search
    return (parse(source, text) for source, text in lines if found(text))


def parse(source: str, text: str) -> Line:
    """Parse a line of a log, ours or not."""
    try:
        fields = json.loads(text) if text.startswith("{") else {}
        if "trace_id" in fields:
            # A request is logged when it is over.
            took = timedelta(milliseconds=fields.get("duration_ms", 0))
            return Line(source, text, fields, datetime.fromisoformat(fields["timestamp"]) - took)
    except (ValueError, KeyError, TypeError):
        pass  # cut off, or not ours
    stamp = _STAMP.match(text)
    if stamp is None:
        return Line(source, text, {}, None)
    return Line(source, stamp[2], {}, datetime.fromisoformat(stamp[1]).replace(tzinfo=UTC))


def _read(logs: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for path in logs:
        if str(path) == "-":
            yield from (("-", text.rstrip("\n")) for text in sys.stdin)
            continue
        try:
            for file in sorted(path.glob("*.log*")) if path.is_dir() else [path]:
                source = file.name.partition(".")[0]
                with file.open(encoding="utf-8", errors="replace", newline="\n") as opened:
                    yield from ((source, text.rstrip("\n")) for text in opened)
        except OSError as error:
            raise CommandFailed(
                f"{error.filename} cannot be read ({error.strerror}); name logs by --logs"
            ) from None


def _show(told: Sequence[Line]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    traces = list(dict.fromkeys(str(line.fields["trace_id"]) for line in told if line.fields))
    began = next((line.at for line in told if line.at), None)
    for trace in traces:
        requests = dict.fromkeys(
            str(line.fields["request_id"]) for line in told if line.fields.get("trace_id") == trace
        )
        console.print(Text(f"trace {trace}  request {', '.join(requests)}", "bold"))
    if began is not None:
        moment = began.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")
        console.print(Text(f"{moment} UTC", "dim"))
    for line in told:
        after = "" if line.at is None or began is None else f"{(line.at - began).total_seconds():.3f}"
        which = f"{line.fields.get('trace_id', '')!s:.6} " if len(traces) > 1 else ""
        service = line.fields.get("service") or line.source
        console.print(
            Text(f"{after:>10}  {which}{service:<13}{_told(line)}", _STYLES.get(line.fields.get("level", ""), ""))
        )


def _told(line: Line) -> str:
    if not line.fields:
        return escaped(line.text)
    shown = [
        f"{name}={value if isinstance(value, str) else json.dumps(value, separators=(',', ':'))}"
        for name, value in line.fields.items()
        if name not in _SHOWN_ELSEWHERE
    ]
    took = [f"took {line.fields['duration_ms']:.1f} ms"] if "duration_ms" in line.fields else []
    first = escaped("  ".join([str(line.fields.get("message")), *took, *shown]))
    below = [escaped(each) for each in str(line.fields.get("exception", "")).splitlines()]
    return "\n".join([first, *(f"{'':25}{each}" for each in below)])
