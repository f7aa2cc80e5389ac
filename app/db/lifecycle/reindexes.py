"""Moving a collection to another embedding model: the space being filled, how far it is, and the switch.

Only the worker that holds a reindex's lease writes to its space, as `lifecycle.leases` does for documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection
from app.db.search.spaces import vectors_table
from app.domain.documents import Reindex, ReindexStatus

_COLUMNS = """
    r.id, r.model AS embedding_model, r.status, r.chunk_count, r.embedded_count, r.failed_count, r.error,
    r.created_at, r.updated_at
"""
_ACTIVE = "r.status IN ('queued', 'running')"


@dataclass(frozen=True, slots=True)
class ReindexTask:
    """The facts that a worker needs. `switched`: questions use the new space. `resumed`: see `IngestTask`."""

    id: UUID
    collection_id: int
    space_id: int
    switched: bool
    resumed: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep over a collection's chunks is."""

    document_id: UUID
    version: int
    ordinal: int


BEGINNING = Place(UUID(int=0), 0, 0)


@dataclass(frozen=True, slots=True)
class MissingChunk:
    """A chunk that the new space lacks, with the text to embed."""

    id: int
    place: Place
    text: str
    section: str | None
    content_hash: bytes


async def newest(connection: PooledConnection, collection_id: int) -> Reindex | None:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM reindexes r WHERE collection_id = $1 ORDER BY id DESC LIMIT 1", collection_id
    )
    return _reindex(row) if row else None


async def insert(connection: PooledConnection, collection_id: int, space_id: int, model: str) -> UUID:
    """Begin a reindex in place of the collection's earlier ones, which have ended."""
    await connection.execute("DELETE FROM reindexes WHERE collection_id = $1", collection_id)
    created: UUID = await connection.fetchval(
        "INSERT INTO reindexes (collection_id, space_id, model) VALUES ($1, $2, $3) RETURNING id",
        collection_id,
        space_id,
        model,
    )
    return created


async def take_lease(connection: PooledConnection, reindex_id: UUID, lease: UUID) -> ReindexTask | None:
    """Become the only worker that fills the space. None if the move was cancelled or has ended."""
    row = await connection.fetchrow(
        f"""UPDATE reindexes r SET lease = $2, status = 'running', error = NULL, updated_at = now()
        FROM collections c
        WHERE r.id = $1 AND {_ACTIVE} AND c.id = r.collection_id AND c.deleted_at IS NULL
        RETURNING r.id, r.collection_id, r.space_id,
            r.switched_at IS NOT NULL AS switched,
            (SELECT before.lease IS NOT NULL FROM reindexes before WHERE before.id = r.id) AS resumed""",
        reindex_id,
        lease,
    )
    return ReindexTask(**dict(row)) if row else None


async def advance(
    connection: PooledConnection, reindex_id: UUID, lease: UUID, *, embedded: int = 0, failed: int = 0
) -> bool:
    """Add this transaction's counts. False if the lease is lost; the transaction must then add nothing."""
    changed = await connection.execute(
        """UPDATE reindexes r SET embedded_count = embedded_count + $3, failed_count = failed_count + $4,
            chunk_count = greatest(chunk_count, embedded_count + failed_count + $3 + $4), updated_at = now()
        FROM collections c
        WHERE r.id = $1 AND r.lease = $2 AND c.id = r.collection_id AND c.deleted_at IS NULL""",
        reindex_id,
        lease,
        embedded,
        failed,
    )
    return changed != "UPDATE 0"


async def count_chunks(connection: PooledConnection, task: ReindexTask) -> None:
    """Set the number of chunks to embed, and how many of them are done."""
    await connection.execute(
        f"""UPDATE reindexes SET chunk_count = (
            SELECT count(*) FROM documents d JOIN chunks c ON c.document_id = d.id
            WHERE d.collection_id = $2 AND d.deleted_at IS NULL AND c.active
        ), embedded_count = (SELECT count(*) FROM {vectors_table(task.space_id)}) WHERE id = $1""",
        task.id,
        task.collection_id,
    )


async def missing(
    connection: PooledConnection, task: ReindexTask, *, after: Place, limit: int, visible: bool = False
) -> Sequence[MissingChunk]:
    """Chunks that the space neither holds nor failed to embed, in order: all, or only visible ones."""
    shown = "AND c.version = d.active_version" if visible else ""
    rows = await connection.fetch(
        f"""SELECT c.id, c.document_id, c.version, c.ordinal, c.text, c.section, c.content_hash
        FROM documents d
        JOIN chunks c ON c.document_id = d.id AND c.active {shown}
        WHERE d.collection_id = $1 AND d.deleted_at IS NULL AND d.id >= $3
          AND (c.document_id, c.version, c.ordinal) > ($3, $4, $5)
          AND NOT EXISTS (SELECT FROM {vectors_table(task.space_id)} e WHERE e.chunk_id = c.id)
          AND NOT EXISTS (SELECT FROM reindex_failures f WHERE f.reindex_id = $2 AND f.chunk_id = c.id)
        ORDER BY c.document_id, c.version, c.ordinal LIMIT $6""",
        task.collection_id,
        task.id,
        after.document_id,
        after.version,
        after.ordinal,
        limit,
    )
    return [
        MissingChunk(
            row["id"],
            Place(row["document_id"], row["version"], row["ordinal"]),
            row["text"],
            row["section"],
            row["content_hash"],
        )
        for row in rows
    ]


async def record_failures(
    connection: PooledConnection, reindex_id: UUID, failures: Sequence[tuple[int, str]]
) -> None:
    """Note why chunks (by id) have no vector of the new model."""
    await connection.executemany(
        "INSERT INTO reindex_failures (reindex_id, chunk_id, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(reindex_id, chunk_id, reason) for chunk_id, reason in failures],
    )


async def wait(connection: PooledConnection, reindex_id: UUID, lease: UUID, reason: str) -> None:
    """Hand a reindex back to the queue; `reason` says why it waits."""
    await connection.execute(
        "UPDATE reindexes SET status = 'queued', error = $3, lease = NULL, updated_at = now() "
        "WHERE id = $1 AND lease = $2",
        reindex_id,
        lease,
        reason,
    )


async def end(connection: PooledConnection, reindex_id: UUID, status: ReindexStatus, reason: str) -> bool:
    """Give a reindex up before its switch, with the space it was filling. False if it is too late for that."""
    row = await connection.fetchrow(
        f"""UPDATE reindexes r SET status = $2, error = $3, lease = NULL, updated_at = now()
        WHERE r.id = $1 AND {_ACTIVE} AND r.switched_at IS NULL RETURNING r.space_id""",
        reindex_id,
        status,
        reason,
    )
    if row is None:
        return False
    await connection.execute("UPDATE embedding_spaces SET retired_at = now() WHERE id = $1", row["space_id"])
    await connection.execute("DELETE FROM reindex_failures WHERE reindex_id = $1", reindex_id)
    return True


async def lost(connection: PooledConnection, older_than: float) -> Sequence[UUID]:
    """Reindexes that have waited for a worker for `older_than` seconds although the queue has no job for them."""
    rows = await connection.fetch(
        f"""SELECT r.id FROM reindexes r
        WHERE {_ACTIVE} AND r.updated_at < now() - make_interval(secs => $1)
          AND NOT EXISTS (
            SELECT FROM pgqueuer q WHERE q.dedupe_key = 'reindex:' || r.id AND q.status IN ('queued', 'picked'))""",
        older_than,
    )
    return [row["id"] for row in rows]


def _reindex(row: Any) -> Reindex:
    fields = dict(row)
    fields["status"] = ReindexStatus(fields["status"])
    return Reindex(**fields)
