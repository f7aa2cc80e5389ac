"""Statistics in materialized views: contents of collections, kinds of documents, and cache hits by hour."""

import time
from collections.abc import Mapping
from datetime import datetime

from app.db.database import PooledConnection

VIEWS = ("collection_statistics", "document_statistics", "query_statistics")

# A view rests for this many times the seconds of its last refresh, and for at least MIN_AGE seconds.
_REST = 20
MIN_AGE = 60.0

# Seconds that one refresh may take.
_TIMEOUT = 3600.0


async def due(connection: PooledConnection, min_age: float = MIN_AGE) -> list[str]:
    """Views that are old enough to be refreshed."""
    rows = await connection.fetch(
        """SELECT v FROM unnest($1::text[]) v LEFT JOIN statistics_refreshes r ON r.view = v
        WHERE r.at IS NULL OR r.at < now() - make_interval(secs => greatest($2, r.seconds * $3))""",
        list(VIEWS),
        min_age,
        float(_REST),
    )
    return [row["v"] for row in rows]


async def refresh(connection: PooledConnection, view: str, *, min_age: float = 0.0) -> bool:
    """Refresh one view while others read it, in the caller's transaction.

    Returns:
        False if another replica is at it, or was within `min_age` seconds.
    """
    if view not in VIEWS:
        raise ValueError(view)
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtext($1))", view):
        return False
    if min_age and view not in await due(connection, min_age):
        return False
    began = time.monotonic()
    await connection.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {view}", timeout=_TIMEOUT)
    await connection.execute(
        """INSERT INTO statistics_refreshes (view, at, seconds) VALUES ($1, now(), $2)
        ON CONFLICT (view) DO UPDATE SET at = excluded.at, seconds = excluded.seconds""",
        view,
        time.monotonic() - began,
    )
    return True


async def refreshed_at(connection: PooledConnection) -> Mapping[str, datetime]:
    rows = await connection.fetch("SELECT view, at FROM statistics_refreshes")
    return {row["view"]: row["at"] for row in rows}
