"""The vector arm's SQL: a space's HNSW graph, or an exact scan where that is cheaper or the graph falls short."""

from functools import lru_cache

from app.db.database import PooledConnection
from app.db.search.filters import Predicate, on_chunk
from app.db.search.spaces import vectors_table
from app.domain.documents import EmbeddingSpace
from app.domain.retrieval import Candidate, Vector

# Of a row of a vectors table, beside its vector: header, line pointer, chunk, document, version, active.
_ROW_OVERHEAD_BYTES = 72
_HALF_FLOAT_BYTES = 2

# Documents are counted up to this many, and as many are a sample of their collection: the hash of their content is
# an order that has nothing to do with what they are.
_FEW = 400
_MATCHING = f"""
WITH few AS MATERIALIZED (
    SELECT chunk_count FROM documents
    WHERE collection_id = $1 AND deleted_at IS NULL AND attributes @@ $2::text::jsonpath LIMIT {_FEW}
)
SELECT pg_relation_size($3::text::regclass) AS bytes, coalesce(sum(chunk_count), 0)::bigint AS counted,
    CASE WHEN count(*) = {_FEW} THEN (
        SELECT coalesce(
            sum(chunk_count) FILTER (WHERE attributes @@ $2::text::jsonpath)::float8
                / nullif(sum(chunk_count), 0), 0
        )
        FROM (
            SELECT chunk_count, attributes FROM documents
            WHERE collection_id = $1 AND deleted_at IS NULL ORDER BY sha256 LIMIT {_FEW}
        ) sample
    ) END AS share
FROM few
"""


async def matching(
    connection: PooledConnection, collection_id: int, space: EmbeddingSpace, where: Predicate
) -> tuple[int, int]:
    """About how many vectors a space holds, and how many of them belong to documents that pass a filter.

    The first by the table's size, which needs no ANALYZE and no scan. The second is counted where few documents
    pass, else guessed from a sample.
    """
    row = await connection.fetchrow(_MATCHING, collection_id, where.documents, vectors_table(space.id))
    assert row is not None
    size = row["bytes"] // (space.dimension * _HALF_FLOAT_BYTES + _ROW_OVERHEAD_BYTES)
    return size, row["counted"] if row["share"] is None else int(size * row["share"])


async def nearest(
    connection: PooledConnection,
    space: EmbeddingSpace,
    vector: Vector,
    *,
    limit: int,
    where: Predicate | None,
    ef_search: int | None = None,
) -> list[Candidate]:
    """The visible chunks nearest to `vector` as the HNSW graph finds them, with their cosine.

    `ef_search` None: as the session has it.
    """
    table = vectors_table(space.id)
    return await nearest_in(connection, table, vector, limit=limit, where=where, ef_search=ef_search)


async def nearest_in(
    connection: PooledConnection,
    table: str,
    vector: Vector,
    *,
    limit: int,
    where: Predicate | None,
    ef_search: int | None = None,
) -> list[Candidate]:
    """The same in another table of the same columns."""
    filters = where.parameters if where else []
    statement = _nearest_statement(table, limit, filters=len(filters), tuned=ef_search is not None)
    tuning = [str(ef_search)] if ef_search is not None else []
    rows = await connection.fetch(statement, vector, *filters, *tuning)
    # The graph yields in relaxed order.
    return sorted((Candidate(*row) for row in rows), key=lambda found: (-found.score, found.chunk_id))


async def nearest_exactly(
    connection: PooledConnection,
    collection_id: int,
    space: EmbeddingSpace,
    vector: Vector,
    *,
    limit: int,
    where: Predicate | None,
) -> list[Candidate]:
    """The same by comparing every visible chunk that passes the filter."""
    filters = where.parameters if where else []
    rows = await connection.fetch(
        _exact_statement(vectors_table(space.id), limit, filters=len(filters)), vector, collection_id, *filters
    )
    return [Candidate(*row) for row in rows]


# Limits are literals, because a prepared plan that does not know them prepares for a tenth of the table.
@lru_cache(maxsize=1024)
def _nearest_statement(table: str, limit: int, *, filters: int, tuned: bool = False) -> str:
    """`filters`: how many jsonpaths a predicate has."""
    condition = "AND d.attributes @@ $2::text::jsonpath" if filters else ""
    chunks = f"JOIN chunks c ON c.id = v.chunk_id AND {on_chunk(3)}" if filters > 1 else ""
    # Decided once before a row is read, and for this statement alone: to set it by another would cost a round trip.
    tuning = f"AND (SELECT set_config('hnsw.ef_search', ${2 + filters}, true)) IS NOT NULL" if tuned else ""
    return f"""
    SELECT v.chunk_id, v.document_id::text, 1 - (v.embedding <=> $1) AS score
    FROM {table} v
    JOIN documents d ON d.id = v.document_id AND d.active_version = v.version
        AND d.deleted_at IS NULL {condition}
    {chunks}
    WHERE v.active {tuning} ORDER BY v.embedding <=> $1 LIMIT {int(limit)}
    """


@lru_cache(maxsize=1024)
def _exact_statement(table: str, limit: int, *, filters: int) -> str:
    condition = "AND attributes @@ $3::text::jsonpath" if filters else ""
    chunks = f"JOIN chunks c ON c.id = v.chunk_id AND {on_chunk(4)}" if filters > 1 else ""
    return f"""
    WITH wanted AS MATERIALIZED (
        SELECT id, active_version, attributes FROM documents
        WHERE collection_id = $2 AND deleted_at IS NULL {condition}
    ), measured AS MATERIALIZED (
        SELECT v.chunk_id, v.document_id, v.embedding <=> $1 AS distance
        FROM wanted d JOIN {table} v ON v.document_id = d.id AND v.version = d.active_version {chunks}
        WHERE v.active
    )
    SELECT chunk_id, document_id::text, 1 - distance AS score
    FROM measured ORDER BY distance, chunk_id LIMIT {int(limit)}
    """
