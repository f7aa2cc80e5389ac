"""Documents and their versions.

`version` is the newest version and `active_version` the one that readers see; they differ while a
replacement is being ingested.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection
from app.domain.documents import Document, DocumentStatus, Stage
from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind

COLUMNS = """
    d.id, d.tenant, c.name AS collection, d.filename, d.media_type, d.size_bytes, d.sha256, d.status, d.stage,
    d.chunk_count, d.embedded_count, d.failed_count, d.reused_count, d.error, d.metadata, d.version,
    d.created_at, d.updated_at, d.warnings, v.properties, v.created_at AS stored_at
"""
FROM = """documents d JOIN collections c ON c.id = d.collection_id AND c.deleted_at IS NULL
    LEFT JOIN document_versions v ON v.document_id = d.id AND v.version = d.version"""


async def get(connection: PooledConnection, tenant: str, document_id: UUID) -> Document | None:
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM {FROM} WHERE d.id = $1 AND d.tenant = $2 AND d.deleted_at IS NULL",
        document_id,
        tenant,
    )
    return document_of(row) if row else None


async def lock(connection: PooledConnection, tenant: str, document_id: UUID) -> Document | None:
    """Read a document and keep others from changing it until the transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM {FROM} WHERE d.id = $1 AND d.tenant = $2 AND d.deleted_at IS NULL FOR UPDATE OF d",
        document_id,
        tenant,
    )
    return document_of(row) if row else None


async def lock_names(connection: PooledConnection, collection_id: int, filenames: Sequence[str]) -> None:
    """Keep others from uploading to these names until the transaction ends."""
    for filename in sorted(set(filenames)):  # in one order, so that no two uploads wait for each other
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('document ' || $1::integer || ':' || $2::text, 0))",
            collection_id,
            filename,
        )


async def named(connection: PooledConnection, collection_id: int, filename: str) -> list[Document]:
    """The documents of a name, oldest first, kept from change until the transaction ends."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM {FROM} WHERE d.collection_id = $1 AND d.filename = $2 AND d.deleted_at IS NULL "
        "ORDER BY d.id FOR UPDATE OF d",
        collection_id,
        filename,
    )
    return [document_of(row) for row in rows]


async def page(
    connection: PooledConnection,
    tenant: str,
    *,
    collection: str | None,
    status: DocumentStatus | None,
    after: UUID | None,
    limit: int,
    within: Sequence[str] | None = None,
) -> list[Document]:
    """Documents in the order of their creation, those after the id `after`.

    `within`: those alone of collections of these names.
    """
    rows = await connection.fetch(
        f"""SELECT {COLUMNS} FROM {FROM}
        WHERE d.tenant = $1 AND d.deleted_at IS NULL AND ($2::text IS NULL OR c.name = $2)
          AND ($3::text IS NULL OR d.status = $3) AND ($4::uuid IS NULL OR d.id > $4)
          AND ($6::text[] IS NULL OR c.name = ANY($6))
        ORDER BY d.id LIMIT $5""",
        tenant,
        collection,
        status,
        after,
        limit,
        within,
    )
    return [document_of(row) for row in rows]


async def insert(
    connection: PooledConnection,
    *,
    tenant: str,
    collection_id: int,
    filename: str,
    media_type: str,
    size_bytes: int,
    sha256: str,
    metadata: dict[str, Any],
) -> UUID:
    """Make a document of version 1."""
    created: UUID = await connection.fetchval(
        """INSERT INTO documents (tenant, collection_id, filename, media_type, size_bytes, sha256, metadata)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id""",
        tenant,
        collection_id,
        filename,
        media_type,
        size_bytes,
        sha256,
        metadata,
    )
    return created


async def add_version(connection: PooledConnection, document_id: UUID) -> int:
    """Keep the document's newest version, described as the document is now. Returns its number."""
    version: int = await connection.fetchval(
        """INSERT INTO document_versions (document_id, version, filename, media_type, size_bytes, sha256, metadata)
        SELECT id, version, filename, media_type, size_bytes, sha256, metadata FROM documents WHERE id = $1
        RETURNING version""",
        document_id,
    )
    return version


async def supersede(
    connection: PooledConnection,
    document_id: UUID,
    *,
    filename: str,
    media_type: str,
    size_bytes: int,
    sha256: str,
    metadata: dict[str, Any],
) -> None:
    """Begin the next version; readers keep the active one."""
    await connection.execute(
        """UPDATE documents SET version = version + 1, filename = $2, media_type = $3, size_bytes = $4,
        sha256 = $5, metadata = $6, status = 'queued', stage = NULL, chunk_count = 0, embedded_count = 0,
        failed_count = 0, reused_count = 0, error = NULL, warnings = '[]', lease = NULL, updated_at = now()
        WHERE id = $1""",
        document_id,
        filename,
        media_type,
        size_bytes,
        sha256,
        metadata,
    )


async def requeue(connection: PooledConnection, document_id: UUID) -> None:
    await connection.execute(
        "UPDATE documents SET status = 'queued', stage = NULL, error = NULL, failed_count = 0, lease = NULL, "
        "updated_at = now() WHERE id = $1",
        document_id,
    )


async def describe(
    connection: PooledConnection, document_id: UUID, *, filename: str | None, metadata: dict[str, Any]
) -> None:
    """Change the metadata by which filters find a document, and its name in every version unless that is None.

    This changes the corpus.
    """
    await connection.execute(
        "UPDATE document_versions SET filename = $2 WHERE document_id = $1 AND filename <> $2",
        document_id,
        filename,
    )
    await connection.execute(
        """WITH described AS (
            UPDATE documents SET filename = coalesce($2, filename), metadata = $3, updated_at = now() WHERE id = $1
            RETURNING collection_id, id, version
        ) SELECT bump_corpus(collection_id, id, version, 'replaced') FROM described""",
        document_id,
        filename,
        metadata,
    )


async def mark_deleted(connection: PooledConnection, document_id: UUID) -> None:
    await connection.execute("UPDATE documents SET deleted_at = now(), lease = NULL WHERE id = $1", document_id)


async def content_size(connection: PooledConnection, document_id: UUID, version: int) -> int | None:
    """Bytes of a version's file; None if there is no such version."""
    size: int | None = await connection.fetchval(
        "SELECT size_bytes FROM document_versions WHERE document_id = $1 AND version = $2", document_id, version
    )
    return size


def outcome(failed: str) -> str:
    """SQL that sets how a stored document ended, by the number of its chunks that `failed`."""
    unread = "warnings @? '$[*] ? (@.missing == true)'"
    return f"""status = CASE WHEN {failed} > 0 OR {unread} THEN 'partial' ELSE 'ready' END,
        error = CASE WHEN {failed} > 0 THEN {failed} || ' chunks could not be embedded'
            WHEN {unread} THEN 'A part of the file was not read; see warnings.' END"""


def stored_warnings(warnings: Sequence[DocumentWarning]) -> list[dict[str, Any]]:
    return [
        {"kind": told.kind, "message": told.message, "where": told.where, "missing": told.kind.missing}
        for told in warnings
    ]


def stored_properties(properties: DocumentProperties) -> dict[str, str]:
    """What is kept of a file's properties. A date without a zone is taken as UTC."""
    created_at = properties.created_at
    if created_at is not None and created_at.tzinfo is None:
        created_at = created_at.replace(tzinfo=UTC)
    found = {
        "title": properties.title,
        "author": properties.author,
        "created_at": created_at and created_at.isoformat(),
    }
    return {name: value for name, value in found.items() if value}


def read_properties(stored: Mapping[str, str]) -> DocumentProperties:
    created_at = stored.get("created_at")
    return DocumentProperties(
        stored.get("title"), stored.get("author"), datetime.fromisoformat(created_at) if created_at else None
    )


def document_of(row: Any) -> Document:
    fields = dict(row)
    properties = read_properties(fields.pop("properties") or {})
    stored_at = fields.pop("stored_at") or fields["created_at"]
    fields |= {
        "title": properties.title,
        "author": properties.author,
        "document_date": properties.created_at or stored_at,
    }
    fields["status"] = DocumentStatus(fields["status"])
    fields["stage"] = Stage(fields["stage"]) if fields["stage"] else None
    fields["warnings"] = tuple(
        DocumentWarning(WarningKind(told["kind"]), told["message"], told["where"]) for told in fields["warnings"]
    )
    return Document(**fields)
