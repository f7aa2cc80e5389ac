"""The lease on a version being ingested: it names the one worker that may write, and fences off all others.

Every write of a worker is in a transaction with an update `WHERE lease = …`; a worker that lost the lease changes
no row, learns it, and writes nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection
from app.db.search.spaces import vectors_table
from app.db.tables import documents
from app.domain.documents import Stage
from app.domain.reading import DocumentProperties, DocumentWarning

_FAILED = "status = 'failed', stage = NULL, error = $2, lease = NULL, updated_at = now()"


@dataclass(frozen=True, slots=True)
class IngestTask:
    """The facts that a worker needs to ingest a version. `visible`: readers see this version already.

    `split`: its chunks are all stored. `resumed`: another worker had it, and neither finished nor gave it back.
    """

    document_id: UUID
    tenant: str
    collection: str
    collection_id: int
    filename: str
    media_type: str | None
    metadata: dict[str, Any]
    version: int
    visible: bool
    split: bool
    resumed: bool


async def take_lease(
    connection: PooledConnection, document_id: UUID, version: int, lease: UUID
) -> IngestTask | None:
    """Become the only writer of a version. None if it was superseded, deleted, cancelled or is done."""
    row = await connection.fetchrow(
        """UPDATE documents d SET lease = $3, status = 'processing', error = NULL, updated_at = now()
        FROM collections c
        WHERE d.id = $1 AND d.version = $2 AND d.deleted_at IS NULL AND d.status IN ('queued', 'processing')
          AND c.id = d.collection_id AND c.deleted_at IS NULL
        RETURNING d.id AS document_id, d.tenant, c.name AS collection, c.id AS collection_id, d.filename,
            nullif(d.media_type, '') AS media_type, d.metadata, d.version,
            d.version IS NOT DISTINCT FROM d.active_version AS visible,
            (SELECT v.split FROM document_versions v WHERE v.document_id = d.id AND v.version = d.version) AS split,
            (SELECT before.lease IS NOT NULL FROM documents before WHERE before.id = d.id) AS resumed""",
        document_id,
        version,
        lease,
    )
    return IngestTask(**dict(row)) if row else None


async def advance(
    connection: PooledConnection,
    document_id: UUID,
    lease: UUID,
    *,
    stage: Stage,
    chunks: int = 0,
    embedded: int = 0,
    failed: int = 0,
    reused: int = 0,
) -> bool:
    """Record progress under the lease: the additions to each count. False if the lease is lost.

    In the transaction of the rows that it counts, so that it is their fence too; as its last statement, so that
    several may write at once and wait for each other only to commit.
    """
    changed = await connection.execute(
        """UPDATE documents SET stage = $3, chunk_count = chunk_count + $4,
        embedded_count = embedded_count + $5, failed_count = failed_count + $6, reused_count = reused_count + $7,
        updated_at = now() WHERE id = $1 AND lease = $2
          AND EXISTS (SELECT FROM collections c WHERE c.id = collection_id AND c.deleted_at IS NULL)""",
        document_id,
        lease,
        stage,
        chunks,
        embedded,
        failed,
        reused,
    )
    return changed != "UPDATE 0"


async def begin_again(
    connection: PooledConnection, document_id: UUID, version: int, lease: UUID, space_id: int
) -> bool:
    """Recount the chunks with a vector, after the collection moved to this space. False if the lease is lost."""
    changed = await connection.execute(
        f"""UPDATE documents SET failed_count = 0, reused_count = 0, updated_at = now(), embedded_count = (
            SELECT count(*) FROM {vectors_table(space_id)} WHERE document_id = $1 AND version = $2
        ) WHERE id = $1 AND lease = $3""",
        document_id,
        version,
        lease,
    )
    return changed != "UPDATE 0"


async def holds_space(connection: PooledConnection, collection_id: int, space_id: int) -> bool:
    """Whether the collection uses this space, and will until the transaction ends."""
    current: int | None = await connection.fetchval(
        "SELECT space_id FROM collections WHERE id = $1 FOR NO KEY UPDATE", collection_id
    )
    return current == space_id


async def activate(connection: PooledConnection, document_id: UUID, lease: UUID) -> bool:
    """Show readers the newest version. False if the lease is lost."""
    changed = await connection.execute(
        f"""UPDATE documents SET active_version = version, stage = NULL, lease = NULL, updated_at = now(),
        {documents.outcome("failed_count")}
        WHERE id = $1 AND lease = $2""",
        document_id,
        lease,
    )
    return changed != "UPDATE 0"


async def fail(connection: PooledConnection, document_id: UUID, lease: UUID, reason: str) -> bool:
    """End a version that cannot be ingested. The active version, if any, stays. False if the lease is lost."""
    changed = await connection.execute(
        f"UPDATE documents SET {_FAILED} WHERE id = $1 AND lease = $3", document_id, reason, lease
    )
    return changed != "UPDATE 0"


async def holds(connection: PooledConnection, document_id: UUID, lease: UUID) -> bool:
    return bool(
        await connection.fetchval("SELECT true FROM documents WHERE id = $1 AND lease = $2", document_id, lease)
    )


async def cancel(connection: PooledConnection, document_id: UUID) -> None:
    """Take the lease from its holder and end the version. The active version, if any, stays."""
    await connection.execute(f"UPDATE documents SET {_FAILED} WHERE id = $1", document_id, "Cancelled.")


async def wait(connection: PooledConnection, document_id: UUID, lease: UUID, reason: str) -> None:
    """Hand a version back to the queue; `reason` says why it waits."""
    await connection.execute(
        "UPDATE documents SET status = 'queued', stage = NULL, error = $3, lease = NULL, updated_at = now() "
        "WHERE id = $1 AND lease = $2",
        document_id,
        lease,
        reason,
    )


async def set_split(
    connection: PooledConnection, document_id: UUID, version: int, properties: DocumentProperties
) -> None:
    """Note that all chunks of a version are stored, and what its file states of itself."""
    await connection.execute(
        "UPDATE document_versions SET split = true, properties = $3 WHERE document_id = $1 AND version = $2",
        document_id,
        version,
        documents.stored_properties(properties),
    )


async def is_split(connection: PooledConnection, document_id: UUID, version: int) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT split FROM document_versions WHERE document_id = $1 AND version = $2", document_id, version
        )
    )


async def recognise(
    connection: PooledConnection,
    document_id: UUID,
    lease: UUID,
    media_type: str,
    warnings: Sequence[DocumentWarning],
) -> None:
    """Record the media type found in the bytes, and warnings about the parts that were not read."""
    await connection.execute(
        "UPDATE documents SET media_type = $3, warnings = $4 WHERE id = $1 AND lease = $2",
        document_id,
        lease,
        media_type,
        documents.stored_warnings(warnings),
    )
