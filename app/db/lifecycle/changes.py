"""The history of a collection, and whether an earlier search would have found its new chunks."""

from collections.abc import Sequence
from uuid import UUID

from app.db.database import PooledConnection
from app.db.search.filters import Predicate
from app.db.search.spaces import vectors_table
from app.domain.retrieval import Vector

# Older history is dropped by housekeeping; entries that old are recomputed.
KEPT_CHANGES = 10_000


async def between(
    connection: PooledConnection, collection_id: int, after: int, upto: int
) -> Sequence[tuple[UUID | None, str]]:
    """(document, kind of change) of each version in (after, upto], in order; fewer if history was dropped."""
    rows = await connection.fetch(
        """SELECT document_id, kind FROM corpus_changes
        WHERE collection_id = $1 AND version > $2 AND version <= $3 ORDER BY version""",
        collection_id,
        after,
        upto,
    )
    return [(row["document_id"], row["kind"]) for row in rows]


async def nearest_of(
    connection: PooledConnection, space_id: int, documents: Sequence[UUID], vector: Vector
) -> float | None:
    """The highest cosine that a visible chunk of these documents has to `vector`; None if there is no chunk."""
    nearest: float | None = await connection.fetchval(
        f"""SELECT 1 - min(v.embedding <=> $2) FROM {vectors_table(space_id)} v
        JOIN documents d ON d.id = v.document_id AND d.active_version = v.version AND d.deleted_at IS NULL
        WHERE v.document_id = ANY($1::uuid[]) AND v.active""",
        documents,
        vector,
    )
    return nearest


async def any_matches(connection: PooledConnection, documents: Sequence[UUID], where: Predicate) -> bool:
    """Whether one of these documents may have a passage that passes a filter."""
    matches: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM documents WHERE id = ANY($1::uuid[]) AND attributes @@ $2::text::jsonpath)",
        documents,
        where.documents,
    )
    return matches


async def forget(connection: PooledConnection) -> None:
    """Drop history that no entry is worth checking against."""
    await connection.execute(
        f"""DELETE FROM corpus_changes h USING collections c
        WHERE c.id = h.collection_id AND h.version <= c.corpus_version - {KEPT_CHANGES}"""
    )
