"""The text of passages that a search found, and of the chunks around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.db.database import PooledConnection
from app.domain.documents import Chunk

# A document has its new name at once when it is replaced, its passages when the new version is complete.
_VISIBLE = """
    FROM chunks c JOIN documents d ON d.id = c.document_id AND d.active_version = c.version AND d.deleted_at IS NULL
    JOIN document_versions v ON v.document_id = c.document_id AND v.version = c.version
"""
_COLUMNS = """
    c.id, c.document_id, v.filename, c.version, c.ordinal, c.text, c.token_count, c.page, c.section, c.error
"""

_FETCH = f"""
SELECT c.id, c.document_id, v.filename, c.ordinal, c.text, c.token_count, c.page, c.section,
    coalesce((v.properties->>'created_at')::timestamptz, v.created_at),
    CASE WHEN d.warnings <> '[]' THEN (
        SELECT string_agg(coalesce(w->>'where', w->>'message'), ', ') FROM jsonb_array_elements(d.warnings) w
        WHERE (w->>'missing')::boolean
    ) END {_VISIBLE}
WHERE c.active AND (c.id = ANY($1::bigint[]) OR c.id = ANY($2::bigint[]) AND c.tsv @@ $3::tsquery)
"""

_NEIGHBOURS = f"""
SELECT o.id AS of, {_COLUMNS} {_VISIBLE}
JOIN chunks o ON o.document_id = c.document_id AND o.version = c.version
    AND c.ordinal BETWEEN o.ordinal - $2 AND o.ordinal + $2
WHERE o.id = ANY($1::bigint[]) AND c.active ORDER BY o.id, c.ordinal
"""


_BY_DOCUMENT = """
SELECT d.id, v.filename, c.version, array_agg(c.id ORDER BY c.id) AS chunks
FROM chunks c JOIN documents d ON d.id = c.document_id
JOIN document_versions v ON v.document_id = c.document_id AND v.version = c.version
WHERE c.id = ANY($1::bigint[]) AND d.tenant = $2
GROUP BY d.id, v.filename, c.version ORDER BY v.filename, d.id, c.version
"""


@dataclass(frozen=True, slots=True)
class PassagesOfDocument:
    """Ids of chunks of one version of a document."""

    document_id: UUID
    filename: str
    version: int
    chunks: tuple[int, ...]


async def by_document(
    connection: PooledConnection, tenant: str, chunk_ids: Sequence[int]
) -> list[PassagesOfDocument]:
    """Sort chunks by the document they are of, visible or not; purged ones are left out."""
    rows = await connection.fetch(_BY_DOCUMENT, chunk_ids, tenant)
    return [PassagesOfDocument(row["id"], row["filename"], row["version"], tuple(row["chunks"])) for row in rows]


class Passage(NamedTuple):
    """The fields of a chunk that a result shows."""

    chunk_id: int
    document_id: UUID
    filename: str
    ordinal: int
    text: str
    token_count: int
    page: int | None
    section: str | None
    document_date: datetime
    unread: str | None


async def fetch(
    connection: PooledConnection, chunk_ids: Sequence[int], *, matching: Sequence[int] = (), match: str = ""
) -> Mapping[int, Passage]:
    """Visible chunks by id, and those of `matching` that match a tsquery.

    One that was removed in the meantime is left out.
    """
    rows = await connection.fetch(_FETCH, chunk_ids, matching, match)
    return {row[0]: Passage(*row) for row in rows}


async def neighbours(
    connection: PooledConnection, chunk_ids: Sequence[int], window: int = 1
) -> Mapping[int, tuple[Chunk, ...]]:
    """For each visible chunk, itself with up to `window` chunks on either side, in reading order."""
    rows = await connection.fetch(_NEIGHBOURS, chunk_ids, window)
    around: dict[int, list[Chunk]] = {}
    for row in rows:
        around.setdefault(row["of"], []).append(_chunk(row))
    return {chunk_id: tuple(chunks) for chunk_id, chunks in around.items()}


def _chunk(row: Any) -> Chunk:
    return Chunk(
        id=row["id"],
        document_id=row["document_id"],
        filename=row["filename"],
        version=row["version"],
        ordinal=row["ordinal"],
        text=row["text"],
        token_count=row["token_count"],
        page=row["page"],
        section=row["section"],
        error=row["error"],
    )
