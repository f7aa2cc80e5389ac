"""Cache counters over time, slow statements and kinds of documents, for people and dashboards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from app.db.database import PooledConnection

Step = Literal["minute", "hour", "day"]

COUNTERS = (
    "requests",
    "l1_hits",
    "l2_hits",
    "l3_hits",
    "semantic_hits",
    "misses",
    "stale",
    "bypassed",
    "coalesced",
    "seconds_saved",
    "tokens_saved",
)
_SUMS = ", ".join(f"sum({name}){'' if name == 'seconds_saved' else '::bigint'} AS {name}" for name in COUNTERS)

# Days for which minutes are kept.
KEPT_DAYS = 30

# Replicas add to the same rows; in one order, so that they cannot deadlock.
_ADD = f"""
INSERT INTO cache_minutes (minute, namespace, {", ".join(COUNTERS)})
SELECT date_trunc('minute', now()), namespace, {", ".join(COUNTERS)}
FROM jsonb_to_recordset($1) AS counted (namespace text, {
    ", ".join(f"{name} {'float8' if name == 'seconds_saved' else 'bigint'}" for name in COUNTERS)
})
ORDER BY namespace
ON CONFLICT (minute, namespace) DO UPDATE SET {
    ", ".join(f"{name} = cache_minutes.{name} + excluded.{name}" for name in COUNTERS)
}
"""


async def add(connection: PooledConnection, counted: Sequence[Mapping[str, Any]]) -> None:
    """Add a replica's counts to this minute: `namespace` and every name of COUNTERS."""
    await connection.execute(_ADD, list(counted))


async def over_time(
    connection: PooledConnection, *, since: datetime, until: datetime, step: Step, namespace: str | None
) -> Sequence[Mapping[str, Any]]:
    """Counters of each step in [since, until) that had any. Hours and days are as of the last refresh."""
    table, column = ("cache_minutes", "minute") if step == "minute" else ("query_statistics", "hour")
    rows = await connection.fetch(
        f"""SELECT date_trunc($1, {column}, 'UTC') AS at, namespace, {_SUMS} FROM {table}
        WHERE {column} >= date_trunc($1, $2::timestamptz, 'UTC') AND {column} < $3
          AND ($4::text IS NULL OR namespace = $4)
        GROUP BY 1, 2 ORDER BY 1, 2""",
        step,
        since,
        until,
        namespace,
    )
    return [dict(row) for row in rows]


async def totals(connection: PooledConnection, since: datetime, until: datetime) -> Sequence[Mapping[str, Any]]:
    """Counters of [since, until) by namespace, to the minute."""
    rows = await connection.fetch(
        f"""SELECT namespace, {_SUMS} FROM cache_minutes
        WHERE minute >= date_trunc('minute', $1::timestamptz) AND minute < $2 GROUP BY 1 ORDER BY 1""",
        since,
        until,
    )
    return [dict(row) for row in rows]


async def slow_statements(
    connection: PooledConnection, *, before: int | None, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Slow statements, newest first, those older than the one of id `before`."""
    rows = await connection.fetch(
        """SELECT id, at, seconds, statement, parameters, plan, request_id FROM slow_statements
        WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2""",
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def kinds_of_documents(connection: PooledConnection, tenant: str) -> Sequence[Mapping[str, Any]]:
    """Documents by collection and media type, as of the last refresh."""
    rows = await connection.fetch(
        """SELECT c.name AS collection, s.media_type, s.documents, s.troubled, s.size_bytes, s.chunks,
            s.median_chunks, s.most_chunks, s.first_at, s.last_at
        FROM document_statistics s JOIN collections c ON c.id = s.collection_id AND c.deleted_at IS NULL
        WHERE s.tenant = $1 ORDER BY c.name, s.documents DESC, s.media_type""",
        tenant,
    )
    return [dict(row) for row in rows]


async def forget(connection: PooledConnection) -> None:
    """Drop minutes that are too old."""
    await connection.execute(f"DELETE FROM cache_minutes WHERE minute < now() - interval '{KEPT_DAYS} days'")
