"""What keeps the tables lean: purging what nobody can see any more, and finding jobs that were lost."""

from collections.abc import Sequence
from uuid import UUID

from app.db import spaces
from app.db.database import PooledConnection

# One replica at a time does the housekeeping; any constant will do.
_LOCK = 0x10CA1C1E


async def try_lock(connection: PooledConnection) -> bool:
    """Become the one that cleans up until the transaction ends."""
    held: bool = await connection.fetchval(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
    return held


async def deleted_collections(connection: PooledConnection) -> Sequence[tuple[int, Sequence[int]]]:
    """(collection id, its space ids) of collections to purge."""
    rows = await connection.fetch(
        """SELECT c.id, array_agg(s.id) FILTER (WHERE s.id IS NOT NULL) AS spaces
        FROM collections c LEFT JOIN embedding_spaces s ON s.collection_id = c.id
        WHERE c.deleted_at IS NOT NULL GROUP BY c.id"""
    )
    return [(row["id"], row["spaces"] or ()) for row in rows]


async def drop_collection(connection: PooledConnection, collection_id: int, space_ids: Sequence[int]) -> None:
    """Drop the vectors and the row of a collection whose documents are purged."""
    for space_id in space_ids:
        await spaces.drop(connection, space_id)
    await connection.execute("DELETE FROM collections WHERE id = $1", collection_id)


async def purge_documents(connection: PooledConnection, limit: int) -> int:
    """Delete up to `limit` documents that were deleted, or whose collection was. Returns how many."""
    rows = await connection.fetch(
        """WITH doomed AS (
            SELECT d.id, c.space_id FROM documents d JOIN collections c ON c.id = d.collection_id
            WHERE d.deleted_at IS NOT NULL OR c.deleted_at IS NOT NULL
            ORDER BY d.id LIMIT $1 FOR UPDATE OF d SKIP LOCKED
        ), gone AS (DELETE FROM documents WHERE id IN (SELECT id FROM doomed))
        SELECT space_id, array_agg(id) AS ids FROM doomed GROUP BY space_id""",
        limit,
    )
    for row in rows:
        if row["space_id"] is not None:
            await connection.execute(
                f"DELETE FROM {spaces.vectors_table(row['space_id'])} WHERE document_id = ANY($1::uuid[])",
                row["ids"],
            )
    return sum(len(row["ids"]) for row in rows)


async def purge_versions(connection: PooledConnection, limit: int) -> int:
    """Delete superseded versions of up to `limit` documents. Returns how many versions went."""
    rows = await connection.fetch(
        """SELECT v.document_id, v.version, c.space_id
        FROM document_versions v JOIN documents d ON d.id = v.document_id
        JOIN collections c ON c.id = d.collection_id
        WHERE d.deleted_at IS NULL AND v.version < d.version AND v.version IS DISTINCT FROM d.active_version
        LIMIT $1""",
        limit,
    )
    for row in rows:
        key = (row["document_id"], row["version"])
        await connection.execute(
            f"DELETE FROM {spaces.vectors_table(row['space_id'])} WHERE document_id = $1 AND version = $2", *key
        )
        await connection.execute("DELETE FROM chunks WHERE document_id = $1 AND version = $2", *key)
        await connection.execute("DELETE FROM document_versions WHERE document_id = $1 AND version = $2", *key)
    return len(rows)


async def lost_jobs(connection: PooledConnection, older_than: float) -> Sequence[tuple[UUID, int]]:
    """Versions that wait for a worker, unchanged for `older_than` seconds, though no job says so."""
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


async def forget_uploads(connection: PooledConnection) -> None:
    """Idempotency keys are kept for a day."""
    await connection.execute("DELETE FROM upload_keys WHERE created_at < now() - interval '1 day'")
