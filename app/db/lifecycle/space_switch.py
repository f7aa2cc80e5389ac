"""The switch of a collection's questions to another embedding space, and the corrections right after it."""

from app.db.database import PooledConnection
from app.db.lifecycle.reindexes import ReindexTask
from app.db.search.spaces import vectors_table
from app.db.tables import documents


async def failures(connection: PooledConnection, task: ReindexTask) -> tuple[int, int]:
    """How many of the chunks that readers see the new model cannot embed though the old one could, of how many."""
    row = await connection.fetchrow(
        """SELECT count(f.chunk_id) FILTER (WHERE c.error IS NULL) AS failed, count(*) AS chunks
        FROM documents d JOIN chunks c ON c.document_id = d.id AND c.version = d.active_version AND c.active
        LEFT JOIN reindex_failures f ON f.reindex_id = $2 AND f.chunk_id = c.id
        WHERE d.collection_id = $1 AND d.deleted_at IS NULL""",
        task.collection_id,
        task.id,
    )
    assert row is not None
    return row["failed"], row["chunks"]


async def lock_collection(connection: PooledConnection, task: ReindexTask) -> None:
    """Let no change of the collection become visible until the transaction ends. Readers go on."""
    await connection.execute("SELECT FROM collections WHERE id = $1 FOR NO KEY UPDATE", task.collection_id)


async def switch(connection: PooledConnection, task: ReindexTask) -> None:
    """Let questions use the new space, which the caller has found complete under `lock_collection`."""
    await connection.execute(
        f"""DELETE FROM {vectors_table(task.space_id)} v
        WHERE NOT EXISTS (SELECT FROM chunks c WHERE c.id = v.chunk_id AND c.active)"""
    )
    await connection.execute(
        """UPDATE embedding_spaces s SET retired_at = now() FROM collections c
        WHERE c.id = $1 AND s.id = c.space_id""",
        task.collection_id,
    )
    await connection.execute(
        "UPDATE collections SET space_id = $2 WHERE id = $1", task.collection_id, task.space_id
    )
    await connection.execute("UPDATE reindexes SET switched_at = now() WHERE id = $1", task.id)
    await connection.execute("SELECT bump_corpus($1, NULL, NULL, 'reindexed')", task.collection_id)


async def settle(connection: PooledConnection, task: ReindexTask) -> None:
    """After the switch, write to chunks and documents which of them the new model could not embed; end the move."""
    table = vectors_table(task.space_id)
    rows = await connection.fetch(
        """SELECT id FROM documents WHERE deleted_at IS NULL AND collection_id = $1 AND (
            failed_count > 0 OR id IN (
                SELECT c.document_id FROM reindex_failures f JOIN chunks c ON c.id = f.chunk_id
                WHERE f.reindex_id = $2))
        ORDER BY id FOR UPDATE""",
        task.collection_id,
        task.id,
    )
    touched = [row["id"] for row in rows]
    await connection.execute(
        f"""UPDATE chunks c SET error = f.reason FROM reindex_failures f
        WHERE f.reindex_id = $1 AND c.id = f.chunk_id
          AND NOT EXISTS (SELECT FROM {table} v WHERE v.chunk_id = c.id)""",
        task.id,
    )
    await connection.execute(
        f"""UPDATE chunks c SET error = NULL WHERE c.document_id = ANY($1::uuid[]) AND c.error IS NOT NULL
          AND EXISTS (SELECT FROM {table} v WHERE v.chunk_id = c.id)""",
        touched,
    )
    await connection.execute(
        f"""UPDATE documents d SET failed_count = k.failed, embedded_count = k.chunks - k.failed,
            {documents.outcome("k.failed")}, updated_at = now()
        FROM (
            SELECT document_id, version, count(*) AS chunks, count(error) AS failed FROM chunks
            WHERE document_id = ANY($1::uuid[]) GROUP BY document_id, version
        ) k
        WHERE k.document_id = d.id AND k.version = d.version AND d.status IN ('ready', 'partial')""",
        touched,
    )
    await connection.execute("DELETE FROM reindex_failures WHERE reindex_id = $1", task.id)
    await connection.execute(
        "UPDATE reindexes SET status = 'done', lease = NULL, updated_at = now() WHERE id = $1", task.id
    )
