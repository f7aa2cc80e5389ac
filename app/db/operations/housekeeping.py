"""The statements of housekeeping: purging rows that nobody can see, and finding jobs that were lost.

Rows go in small batches, each in a transaction of its own, so that no lock is held for long. Nobody waits for them:
a deleted collection or document is invisible from its commit on.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from app.db.database import PooledConnection
from app.db.search import spaces

# One replica at a time does the housekeeping; any constant will do.
_LOCK = 0x10CA1C1E

# Deleted documents, and those of deleted collections. OFFSET 0: begin with those collections, of which there are
# mostly none, rather than with all documents.
_DOOMED = """
doomed AS (
    SELECT d.id FROM documents d WHERE d.deleted_at IS NOT NULL
    UNION ALL
    SELECT d.id FROM collections c CROSS JOIN LATERAL (
        SELECT d.id FROM documents d WHERE d.collection_id = c.id AND d.deleted_at IS NULL OFFSET 0
    ) d WHERE c.deleted_at IS NOT NULL
)"""

# Versions that a newer one has taken the place of, whether that one is visible or not.
_SUPERSEDED = """
superseded AS (
    SELECT v.document_id, v.version FROM documents d JOIN document_versions v ON v.document_id = d.id
    WHERE d.version > 1 AND d.deleted_at IS NULL AND v.version < d.version
      AND v.version IS DISTINCT FROM d.active_version
)"""


# Log lines and statistics of the queue, a few rows for each job, are kept for this long.
_RECORDS_KEPT = "7 days"


async def try_lock(connection: PooledConnection) -> bool:
    """Take the fleet's lock on housekeeping until the transaction ends. False if another process holds it."""
    held: bool = await connection.fetchval(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
    return held


async def lock(connection: PooledConnection) -> None:
    """Take the lock, waiting for the process that holds it."""
    await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")


async def purge_chunks(connection: PooledConnection, limit: int) -> int:
    """Delete up to `limit` chunks of deleted documents and superseded versions, with their vectors."""
    rows = await connection.fetch(
        f"""WITH {_DOOMED}, {_SUPERSEDED}, gone AS (
            (SELECT c.document_id, c.version, c.ordinal FROM doomed d JOIN chunks c ON c.document_id = d.id
            LIMIT $1)
            UNION
            (SELECT c.document_id, c.version, c.ordinal FROM superseded s
            JOIN chunks c ON c.document_id = s.document_id AND c.version = s.version LIMIT $1)
            LIMIT $1
        )
        DELETE FROM chunks c USING gone g
        WHERE c.document_id = g.document_id AND c.version = g.version AND c.ordinal = g.ordinal
        RETURNING c.id, c.collection_id""",
        limit,
    )
    purged = defaultdict(list)
    for row in rows:
        purged[row["collection_id"]].append(row["id"])
    for space in await connection.fetch(
        "SELECT id, collection_id FROM embedding_spaces WHERE collection_id = ANY($1::integer[]) "
        "AND retired_at IS NULL",  # those are dropped as a whole
        list(purged),
    ):
        await connection.execute(
            f"DELETE FROM {spaces.vectors_table(space['id'])} WHERE chunk_id = ANY($1::bigint[])",
            purged[space["collection_id"]],
        )
    return len(rows)


async def purge_documents(connection: PooledConnection, limit: int) -> int:
    """Delete up to `limit` deleted documents whose chunks are gone, with their original bytes."""
    done = await connection.execute(
        f"""WITH {_DOOMED}
        DELETE FROM documents WHERE id IN (
            SELECT d.id FROM doomed d
            WHERE NOT EXISTS (SELECT FROM chunks c WHERE c.document_id = d.id) LIMIT $1)""",
        limit,
    )
    return _rows(done)


async def purge_versions(connection: PooledConnection, limit: int) -> int:
    """Delete up to `limit` superseded versions whose chunks are gone, with their original bytes."""
    done = await connection.execute(
        f"""WITH {_SUPERSEDED}
        DELETE FROM document_versions v USING (
            SELECT s.document_id, s.version FROM superseded s WHERE NOT EXISTS (
                SELECT FROM chunks c WHERE c.document_id = s.document_id AND c.version = s.version) LIMIT $1
        ) s WHERE v.document_id = s.document_id AND v.version = s.version""",
        limit,
    )
    return _rows(done)


async def purge_cached(connection: PooledConnection, table: str, limit: int) -> int:
    """Delete up to `limit` cached results of deleted collections, pinned or not. `table` is a plain identifier."""
    done = await connection.execute(
        f"""DELETE FROM {table} WHERE id IN (
            SELECT q.id FROM collections c JOIN {table} q ON q.tenant = c.tenant AND q.collection_id = c.id
            WHERE c.deleted_at IS NOT NULL LIMIT $1)""",
        limit,
    )
    return _rows(done)


async def purge_collections(connection: PooledConnection) -> int:
    """Delete the rows of deleted collections of which nothing else is left."""
    done = await connection.execute(
        """DELETE FROM collections c WHERE c.deleted_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM documents d WHERE d.collection_id = c.id)
          AND NOT EXISTS (SELECT FROM embedding_spaces s WHERE s.collection_id = c.id)"""
    )
    return _rows(done)


async def retired_spaces(connection: PooledConnection, older_than: float) -> Sequence[int]:
    """Spaces that were retired at least `older_than` seconds ago, so that no search still reads them."""
    rows = await connection.fetch(
        """SELECT s.id FROM embedding_spaces s WHERE s.retired_at < now() - make_interval(secs => $1)
          AND NOT EXISTS (SELECT FROM collections c WHERE c.space_id = s.id AND c.deleted_at IS NULL)""",
        older_than,
    )
    return [row["id"] for row in rows]


async def drop_space(connection: PooledConnection, space_id: int) -> bool:
    """Drop a space. False if a statement still uses it: to wait for a table's lock would hold up all later ones."""
    await connection.execute("SET LOCAL lock_timeout = '500ms'")
    try:
        async with connection.transaction():
            await spaces.drop(connection, space_id)
    except asyncpg.LockNotAvailableError:
        return False
    return True


async def lost_jobs(connection: PooledConnection, older_than: float) -> Sequence[tuple[UUID, int]]:
    """Versions that have waited for a worker for `older_than` seconds although the queue has no job for them."""
    rows = await connection.fetch(
        """SELECT d.id, d.version FROM documents d
        WHERE d.status IN ('queued', 'processing') AND d.deleted_at IS NULL
          AND d.updated_at < now() - make_interval(secs => $1)
          AND NOT EXISTS (
            SELECT FROM pgqueuer q WHERE q.dedupe_key = 'ingest:' || d.id || ':' || d.version
              AND q.status IN ('queued', 'picked'))
        LIMIT 100""",
        older_than,
    )
    return [(row["id"], row["version"]) for row in rows]


async def purge_held_jobs(connection: PooledConnection) -> int:
    """Delete failed jobs whose document or reindex is gone, or has not failed any more."""
    done = await connection.execute(
        """DELETE FROM pgqueuer q WHERE q.status = 'failed' AND NOT CASE q.entrypoint
            WHEN 'ingest' THEN EXISTS (
                SELECT FROM documents d JOIN collections c ON c.id = d.collection_id AND c.deleted_at IS NULL
                WHERE d.id = split_part(q.dedupe_key, ':', 2)::uuid
                  AND d.version = split_part(q.dedupe_key, ':', 3)::integer
                  AND d.status = 'failed' AND d.deleted_at IS NULL)
            WHEN 'reindex' THEN EXISTS (
                SELECT FROM reindexes r JOIN collections c ON c.id = r.collection_id AND c.deleted_at IS NULL
                WHERE r.id = split_part(q.dedupe_key, ':', 2)::uuid AND r.status = 'failed')
            ELSE true END"""
    )
    return _rows(done)


async def purge_job_records(connection: PooledConnection, limit: int) -> int:
    """Delete old rows among the oldest `limit` of the queue's log and of its statistics."""
    purged = 0
    for table in ("pgqueuer_log", "pgqueuer_statistics"):
        done = await connection.execute(
            f"""DELETE FROM {table} WHERE id IN (
                SELECT id FROM (SELECT id, created FROM {table} ORDER BY id LIMIT $1) AS oldest
                WHERE created < now() - interval '{_RECORDS_KEPT}')""",
            limit,
        )
        purged += _rows(done)
    return purged


async def forget_uploads(connection: PooledConnection) -> None:
    """Delete idempotency keys after a day."""
    await connection.execute("DELETE FROM upload_keys WHERE created_at < now() - interval '1 day'")


def _rows(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
