"""Chunks of document versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection, new_rows
from app.db.search import spaces
from app.db.tables import documents
from app.domain.documents import Chunk, ChunkDraft
from app.domain.reading import names_of


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
    names: str = "",
) -> None:
    """Store chunks of a version, each with its content hash, by COPY. `names`: what people call the document.

    Raises:
        RowsExist: another has stored some of them meanwhile.
    """
    # COPY sends regconfig as its binary oid.
    config = await connection.fetchval("SELECT $1::text::regconfig::oid", language)
    with new_rows():
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
                    draft.last_page,
                    config,
                    names,
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
                "last_page",
                "language",
                "names",
            ),
        )


async def rename(connection: PooledConnection, document_id: UUID) -> None:
    """Let the chunks of a document be found by what people call it now."""
    versions = await connection.fetch(
        """SELECT v.version, v.filename, v.properties, d.metadata
        FROM documents d JOIN document_versions v ON v.document_id = d.id WHERE d.id = $1""",
        document_id,
    )
    for row in versions:
        await connection.execute(
            "UPDATE chunks SET names = $3 WHERE document_id = $1 AND version = $2 AND active AND names <> $3",
            document_id,
            row["version"],
            names_of(row["filename"], documents.read_properties(row["properties"]), row["metadata"]),
        )


async def hashes(connection: PooledConnection, document_id: UUID, version: int) -> list[bytes]:
    """The content hashes of a version's chunks, in order."""
    rows = await connection.fetch(
        "SELECT content_hash FROM chunks WHERE document_id = $1 AND version = $2 ORDER BY ordinal",
        document_id,
        version,
    )
    return [row["content_hash"] for row in rows]


async def discard(connection: PooledConnection, space_id: int, document_id: UUID, version: int) -> None:
    """Delete the chunks of a version that nobody sees, with their vectors and its counts.

    Raises:
        SpaceGone: the space was dropped.
    """
    with spaces.present():
        await connection.execute(
            f"DELETE FROM {spaces.vectors_table(space_id)} WHERE document_id = $1 AND version = $2",
            document_id,
            version,
        )
    await connection.execute("DELETE FROM chunks WHERE document_id = $1 AND version = $2", document_id, version)
    await connection.execute(
        """UPDATE documents SET chunk_count = 0, embedded_count = 0, failed_count = 0, reused_count = 0
        WHERE id = $1""",
        document_id,
    )


async def pending(
    connection: PooledConnection, space_id: int, document_id: UUID, version: int, *, after: int, limit: int
) -> list[PendingChunk]:
    """Chunks of a version without a vector and without a recorded failure, in order.

    Raises:
        SpaceGone: the space was dropped.
    """
    with spaces.present():
        rows = await connection.fetch(
            f"""SELECT c.id, c.ordinal, c.text, c.section, c.content_hash {_pending(space_id)}
            ORDER BY c.ordinal LIMIT $4""",
            document_id,
            version,
            after,
            limit,
        )
    return [
        PendingChunk(row["id"], row["ordinal"], row["text"], row["section"], row["content_hash"]) for row in rows
    ]


async def count_pending(
    connection: PooledConnection, space_id: int, document_id: UUID, version: int, *, after: int
) -> int:
    """How many chunks `pending` has after that ordinal. Raises what it does."""
    with spaces.present():
        number: int = await connection.fetchval(
            f"SELECT count(*) {_pending(space_id)}", document_id, version, after
        )
    return number


def _pending(space_id: int) -> str:
    return f"""FROM chunks c WHERE c.document_id = $1 AND c.version = $2 AND c.ordinal > $3 AND c.error IS NULL
        AND NOT EXISTS (SELECT FROM {spaces.vectors_table(space_id)} v WHERE v.chunk_id = c.id)"""


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
            c.section, c.error, c.last_page
        FROM chunks c JOIN documents d ON d.id = c.document_id AND c.version = coalesce(d.active_version, d.version)
        WHERE c.document_id = $1 AND c.ordinal > $2 ORDER BY c.ordinal LIMIT $3""",
        document_id,
        after,
        limit,
    )
    return [_chunk(row) for row in rows]


def _chunk(row: Any) -> Chunk:
    return Chunk(**dict(row))
