"""A span for each statement of a trace that is recorded."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind

from app.telemetry import tracing
from app.telemetry.correlation import Correlation

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

_LONGEST_STATEMENT = 1000
_NAMES = ("SET application_name", "SET LOCAL application_name", "RESET application_name")
# Postgres cuts a name at 63 bytes; beside the trace there is room for the beginning of a request's id.
_REQUEST_ID = 20

_NESTED = re.compile(r"\([^()]*\)")
_CTE = re.compile(r"\b(\w+)\s*(?:\([^()]*\))?\s+AS\s+(?:NOT\s+)?(?:MATERIALIZED\s*)?\(", re.IGNORECASE)
_TABLE = re.compile(
    r"\bFROM\s+(?:ONLY\s+)?([a-z_]\w*)\b(?!\s*[(?])|\b(?:INTO|UPDATE)\s+(?:ONLY\s+)?([a-z_]\w*)\b", re.IGNORECASE
)
_FUNCTION = re.compile(r"\bSELECT\s+([a-z_]\w*)\s*\(", re.IGNORECASE)
_LOCK = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b(?:\s+OF)?", re.IGNORECASE)


def record_statement(query: "LoggedQuery") -> None:
    """Record a statement that has ended, without its values. The driver calls this in its sender's context."""
    if not tracing.recording() or query.query.startswith(_NAMES):
        return
    name = summary(query.query)
    tracing.record_ended(
        name,
        query.elapsed,
        kind=SpanKind.CLIENT,
        attributes={
            "db.system.name": "postgresql",
            "db.query.summary": name,
            "db.query.text": " ".join(query.query.split())[:_LONGEST_STATEMENT],
        },
        error=query.exception,
    )


def session_name(ids: Correlation) -> str:
    """How Postgres knows a session that works for these ids, in its log and in `pg_stat_activity`.

    Why no comment in SQL: docs/decisions/0007-traces-decided-at-the-edge.md.
    """
    return f"localchat {ids.trace_id} {ids.request_id[:_REQUEST_ID]}"


@lru_cache(maxsize=512)
def summary(statement: str) -> str:
    """A statement's verb and table, as `SELECT chunks`: OpenTelemetry's `db.query.summary`.

    Of a statement with common table expressions it is the strongest verb, and the first table that is none of them.
    """
    statement = _LOCK.sub(" ", statement)
    words = re.findall(r"\w+", statement.upper())
    verb = words[0] if words else "QUERY"
    if verb == "WITH":
        verb = next((each for each in ("INSERT", "DELETE", "UPDATE") if each in words), "SELECT")
    return f"{verb} {_table(statement)}".strip()


def _table(statement: str) -> str:
    expressions = {name.lower() for name in _CTE.findall(statement)} | {"set"}
    # A subquery's table is only taken where there is no other.
    for text in (_flat(statement), statement):
        for first, second in _TABLE.findall(text):
            if (name := first or second).lower() not in expressions:
                return str(name)
    function = _FUNCTION.search(statement)
    return function[1] if function else ""


def _flat(statement: str) -> str:
    """The statement with a `?` in place of everything in parentheses."""
    while (flat := _NESTED.sub(" ? ", statement)) != statement:
        statement = flat
    return statement
