"""Reading files again that are there already: the same bytes become a document's next version."""

from uuid import UUID

from app.db.database import PooledConnection


async def begin(
    connection: PooledConnection, *, collection_id: int | None = None, document_id: UUID | None = None
) -> list[tuple[UUID, int]]:
    """Begin the next version of a collection's documents, or of one; readers keep the active one.

    The bytes move to the new version, so that none are copied. Documents that failed stay as they are.

    Returns:
        The documents with their new version.
    """
    rows = await connection.fetch(
        """UPDATE documents SET version = version + 1, status = 'queued', stage = NULL, chunk_count = 0,
        embedded_count = 0, failed_count = 0, reused_count = 0, error = NULL, warnings = '[]', lease = NULL,
        updated_at = now()
        WHERE (collection_id = $1 OR id = $2) AND deleted_at IS NULL AND status <> 'failed'
        RETURNING id, version""",
        collection_id,
        document_id,
    )
    ids = [row["id"] for row in rows]
    await connection.execute(
        """INSERT INTO document_versions (document_id, version, filename, media_type, size_bytes, sha256, metadata)
        SELECT id, version, filename, media_type, size_bytes, sha256, metadata FROM documents WHERE id = ANY($1)""",
        ids,
    )
    await connection.execute(
        """UPDATE document_parts p SET version = d.version FROM documents d
        WHERE d.id = ANY($1) AND p.document_id = d.id AND p.version = d.version - 1""",
        ids,
    )
    return [(row["id"], row["version"]) for row in rows]
