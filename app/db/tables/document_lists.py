"""Documents of a collection by what a question asks of them: which there are, which are new, which it names."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.db.database import PooledConnection
from app.db.tables import documents
from app.domain.documents import Document

Order = Literal["name", "added", "changed"]
_ORDERS: Mapping[Order, str] = {
    "name": "d.filename, d.id",
    "added": "d.id DESC",
    "changed": "d.updated_at DESC, d.id DESC",
}


async def filtered(
    connection: PooledConnection,
    tenant: str,
    collection: str,
    *,
    predicate: str,
    since: datetime | None = None,
    order: Order,
    limit: int,
) -> tuple[list[Document], int]:
    """Documents of a collection that a filter lets pass, and how many there are.

    Args:
        connection: to the database.
        tenant: whose documents.
        collection: by name.
        predicate: a jsonpath over `attributes`, see `app.db.search.filters`.
        since: leaves out documents that have not changed since then.
        order: by name, or the last added or changed first.
        limit: how many documents are returned.
    """
    rows = await connection.fetch(
        f"""SELECT {documents.COLUMNS}, count(*) OVER () AS total FROM {documents.FROM}
        WHERE d.tenant = $1 AND c.name = $2 AND d.deleted_at IS NULL AND d.attributes @@ $3::text::jsonpath
          AND ($4::timestamptz IS NULL OR d.updated_at >= $4)
        ORDER BY {_ORDERS[order]} LIMIT $5""",
        tenant,
        collection,
        predicate,
        since,
        limit,
    )
    found = [{name: value for name, value in row.items() if name != "total"} for row in rows]
    return [documents.document_of(row) for row in found], rows[0]["total"] if rows else 0


async def names_like(
    connection: PooledConnection,
    tenant: str,
    collection: str,
    *,
    predicate: str,
    text: str,
    words: Sequence[str],
    limit: int,
) -> list[tuple[UUID, str]]:
    """Ids and names of documents that a filter lets pass, and whose name has a word of `words` or stands in `text`.

    Args:
        connection: to the database.
        tenant: whose documents.
        collection: by name.
        predicate: a jsonpath over `attributes`.
        text: in small letters.
        words: in small letters.
        limit: how many are returned, the newest first.
    """
    rows = await connection.fetch(
        rf"""SELECT d.id, d.filename FROM {documents.FROM}
        WHERE d.tenant = $1 AND c.name = $2 AND d.deleted_at IS NULL AND d.attributes @@ $3::text::jsonpath
          AND (regexp_split_to_array(lower(d.filename), '[\W_]+') && $5::text[]
            OR position(regexp_replace(lower(d.filename), '^.*/|\.[^./]*$', '', 'g') IN $4) > 0)
        ORDER BY d.id DESC LIMIT $6""",
        tenant,
        collection,
        predicate,
        text,
        list(words),
        limit,
    )
    return [(row["id"], row["filename"]) for row in rows]
