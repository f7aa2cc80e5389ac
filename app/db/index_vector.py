"""The vector arm's SQL: a space's HNSW graph, or an exact scan where that is cheaper or the graph falls short."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.db.database import PooledConnection
from app.db.spaces import vectors_table
from app.domain.documents import EmbeddingSpace
from app.domain.retrieval import Candidate, Vector

# Of a row of a vectors table, beside its vector: header, line pointer, chunk, document, version, active.
_ROW_OVERHEAD_BYTES = 72
_HALF_FLOAT_BYTES = 2


async def size(connection: PooledConnection, space: EmbeddingSpace) -> int:
    """About how many vectors the space holds, from its table's size: needs no ANALYZE and no scan."""
    held: int = await connection.fetchval("SELECT pg_relation_size($1::text::regclass)", vectors_table(space.id))
    return held // (space.dimension * _HALF_FLOAT_BYTES + _ROW_OVERHEAD_BYTES)


async def matching_chunks(
    connection: PooledConnection, collection_id: int, metadata: Mapping[str, Any], *, limit: int
) -> int:
    """How many chunks the documents that pass a filter have. Counts no further than `limit` documents."""
    found: int = await connection.fetchval(
        """SELECT coalesce(sum(chunk_count), 0)::bigint FROM (
            SELECT chunk_count FROM documents
            WHERE collection_id = $1 AND deleted_at IS NULL AND metadata @> $2 LIMIT $3
        ) d""",
        collection_id,
        dict(metadata),
        limit,
    )
    return found


async def nearest(
    connection: PooledConnection, space: EmbeddingSpace, vector: Vector, *, limit: int, metadata: Mapping[str, Any]
) -> list[Candidate]:
    """The visible chunks nearest to `vector` as the HNSW graph finds them, with their cosine."""
    filters = [dict(metadata)] if metadata else []
    rows = await connection.fetch(
        _nearest_statement(vectors_table(space.id), limit, filtered=bool(filters)), vector, *filters
    )
    return [Candidate(row["chunk_id"], row["document_id"], row["score"]) for row in rows]


async def nearest_exactly(
    connection: PooledConnection,
    collection_id: int,
    space: EmbeddingSpace,
    vector: Vector,
    *,
    limit: int,
    metadata: Mapping[str, Any],
) -> list[Candidate]:
    """The same by comparing every visible chunk that passes the filter."""
    filters = [dict(metadata)] if metadata else []
    rows = await connection.fetch(
        _exact_statement(vectors_table(space.id), limit, filtered=bool(filters)), vector, collection_id, *filters
    )
    return [Candidate(row["chunk_id"], row["document_id"], row["score"]) for row in rows]


# Limits are literals, because a prepared plan that does not know them prepares for a tenth of the table.
@lru_cache(maxsize=1024)
def _nearest_statement(table: str, limit: int, *, filtered: bool) -> str:
    condition = "AND d.metadata @> $2" if filtered else ""
    # The graph yields in relaxed order, so the few that it found are sorted again.
    return f"""
    WITH found AS MATERIALIZED (
        SELECT v.chunk_id, v.document_id, v.embedding <=> $1 AS distance
        FROM {table} v
        JOIN documents d ON d.id = v.document_id AND d.active_version = v.version
            AND d.deleted_at IS NULL {condition}
        WHERE v.active ORDER BY v.embedding <=> $1 LIMIT {int(limit)}
    )
    SELECT chunk_id, document_id, 1 - distance AS score FROM found ORDER BY distance, chunk_id
    """


@lru_cache(maxsize=1024)
def _exact_statement(table: str, limit: int, *, filtered: bool) -> str:
    condition = "AND metadata @> $3" if filtered else ""
    return f"""
    WITH wanted AS MATERIALIZED (
        SELECT id, active_version FROM documents WHERE collection_id = $2 AND deleted_at IS NULL {condition}
    ), measured AS MATERIALIZED (
        SELECT v.chunk_id, v.document_id, v.embedding <=> $1 AS distance
        FROM wanted d JOIN {table} v ON v.document_id = d.id AND v.version = d.active_version WHERE v.active
    )
    SELECT chunk_id, document_id, 1 - distance AS score FROM measured ORDER BY distance, chunk_id LIMIT {int(limit)}
    """
