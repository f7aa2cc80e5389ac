"""Chunks of document versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import spaces
from app.db.database import PooledConnection
from app.domain.documents import Chunk, ChunkDraft


@dataclass(frozen=True, slots=True)
class PendingChunk:
    """A chunk that has no vector yet."""

    id: int
    ordinal: int
    text: str
    section: str | None
    content_hash: bytes


async def insert(
    connection: PooledConnection,
    *,
    tenant: str,
    collection_id: int,
    language: str,
    document_id: UUID,
    version: int,
    drafts: Sequence[tuple[ChunkDraft, bytes]],
) -> None:
    """Store a version's chunks, each with its content hash, by COPY."""
    # COPY sends regconfig as its binary oid.
    config = await connection.fetchval("SELECT $1::text::regconfig::oid", language)
    await connection.copy_records_to_table(
        "chunks",
        records=[
            (
                tenant,
                collection_id,
                document_id,
                version,
                draft.ordinal,
                content_hash,
                draft.text,
                draft.token_count,
                draft.page,
                draft.section,
                config,
            )
            for draft, content_hash in drafts
        ],
        columns=(
            "tenant",
            "collection_id",
            "document_id",
            "version",
            "ordinal",
            "content_hash",
            "text",
            "token_count",
            "page",
            "section",
            "language",
        ),
    )


async def count(connection: PooledConnection, document_id: UUID, version: int) -> int:
    stored: int = await connection.fetchval(
        "SELECT count(*) FROM chunks WHERE document_id = $1 AND version = $2", document_id, version
    )
    return stored


async def pending(
    connection: PooledConnection, space_id: int, document_id: UUID, version: int, *, after: int, limit: int
) -> list[PendingChunk]:
    """Chunks of a version without a vector and without a recorded failure, in order.

    Raises:
        SpaceGone: the space was dropped.
    """
    with spaces.present():
        rows = await connection.fetch(
            f"""SELECT c.id, c.ordinal, c.text, c.section, c.content_hash FROM chunks c
            WHERE c.document_id = $1 AND c.version = $2 AND c.ordinal > $3 AND c.error IS NULL
              AND NOT EXISTS (SELECT FROM {spaces.vectors_table(space_id)} v WHERE v.chunk_id = c.id)
            ORDER BY c.ordinal LIMIT $4""",
            document_id,
            version,
            after,
            limit,
        )
    return [
        PendingChunk(row["id"], row["ordinal"], row["text"], row["section"], row["content_hash"]) for row in rows
    ]


async def record_failures(connection: PooledConnection, failures: Sequence[tuple[int, str]]) -> None:
    """Note why chunks (by id) have no vector."""
    await connection.executemany("UPDATE chunks SET error = $2 WHERE id = $1", failures)


async def forgive(connection: PooledConnection, document_id: UUID, version: int) -> None:
    """Forget recorded failures, so that the chunks are tried again."""
    await connection.execute(
        "UPDATE chunks SET error = NULL WHERE document_id = $1 AND version = $2 AND error IS NOT NULL",
        document_id,
        version,
    )


async def deactivate(connection: PooledConnection, document_id: UUID, *, keep_version: int | None = None) -> int:
    """Take a document's chunks out of the index, but for those of `keep_version`; how many."""
    changed = await connection.execute(
        "UPDATE chunks SET active = false WHERE document_id = $1 AND active AND version IS DISTINCT FROM $2",
        document_id,
        keep_version,
    )
    return int(changed.removeprefix("UPDATE "))


async def page(connection: PooledConnection, document_id: UUID, *, after: int, limit: int) -> list[Chunk]:
    """Chunks in order, of the version that readers see, or of the first one while it is being ingested."""
    rows = await connection.fetch(
        """SELECT c.id, c.document_id, d.filename, c.version, c.ordinal, c.text, c.token_count, c.page,
            c.section, c.error
        FROM chunks c JOIN documents d ON d.id = c.document_id AND c.version = coalesce(d.active_version, d.version)
        WHERE c.document_id = $1 AND c.ordinal > $2 ORDER BY c.ordinal LIMIT $3""",
        document_id,
        after,
        limit,
    )
    return [_chunk(row) for row in rows]


def _chunk(row: Any) -> Chunk:
    return Chunk(**dict(row))
