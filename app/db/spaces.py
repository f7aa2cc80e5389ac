"""Embedding spaces: one table of vectors for each collection and model.

A table of its own gives each space a column of its dimension and an HNSW graph that holds nothing of other
collections, so a search never has to skip over them; and dropping one costs the same whatever its size.
See docs/decisions/0002-a-table-per-embedding-space.md.
"""

from collections.abc import Sequence
from uuid import UUID

from app.db.database import PooledConnection
from app.domain.documents import EmbeddingSpace
from app.domain.retrieval import Vector

# pgvector's own defaults; `halfvec` halves the graph at equal recall for normalised vectors.
HNSW_M = 16
HNSW_EF_CONSTRUCTION = 64


def vectors_table(space_id: int) -> str:
    """The table of a space. Safe to put into SQL: only digits vary."""
    return f"vectors_{int(space_id)}"


async def create(
    connection: PooledConnection,
    collection_id: int,
    *,
    model: str,
    digest: str,
    dimension: int,
    query_prefix: str,
    document_prefix: str,
) -> EmbeddingSpace:
    space_id = await connection.fetchval(
        """INSERT INTO embedding_spaces (collection_id, model, digest, dimension, query_prefix, document_prefix)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id""",
        collection_id,
        model,
        digest,
        dimension,
        query_prefix,
        document_prefix,
    )
    table = vectors_table(space_id)
    await connection.execute(
        f"""CREATE TABLE {table} (
            chunk_id bigint PRIMARY KEY,
            document_id uuid NOT NULL,
            version integer NOT NULL,
            active boolean NOT NULL DEFAULT true,
            embedding halfvec({int(dimension)}) NOT NULL
        );
        CREATE INDEX {table}_hnsw ON {table} USING hnsw (embedding halfvec_cosine_ops)
            WITH (m = {HNSW_M}, ef_construction = {HNSW_EF_CONSTRUCTION}) WHERE active;
        CREATE INDEX {table}_document ON {table} (document_id);"""
    )
    return EmbeddingSpace(space_id, model, digest, dimension, query_prefix, document_prefix)


async def drop(connection: PooledConnection, space_id: int) -> None:
    await connection.execute(f"DROP TABLE IF EXISTS {vectors_table(space_id)}")
    await connection.execute("DELETE FROM embedding_spaces WHERE id = $1", space_id)


async def reuse_vectors(connection: PooledConnection, space_id: int, document_id: UUID, version: int) -> int:
    """Copy vectors of equal chunks that the space holds already. Returns how many chunks need no embedding."""
    table = vectors_table(space_id)
    done = await connection.execute(
        f"""INSERT INTO {table} (chunk_id, document_id, version, embedding)
        SELECT c.id, c.document_id, c.version, known.embedding
        FROM chunks c CROSS JOIN LATERAL (
            SELECT v.embedding FROM chunks o JOIN {table} v ON v.chunk_id = o.id
            WHERE o.collection_id = c.collection_id AND o.content_hash = c.content_hash AND o.active LIMIT 1
        ) known
        WHERE c.document_id = $1 AND c.version = $2
        ON CONFLICT DO NOTHING""",
        document_id,
        version,
    )
    return int(done.rpartition(" ")[2])


async def insert_vectors(
    connection: PooledConnection,
    space_id: int,
    document_id: UUID,
    version: int,
    vectors: Sequence[tuple[int, Vector]],
) -> None:
    """Store (chunk id, vector) pairs by COPY."""
    await connection.copy_records_to_table(
        vectors_table(space_id),
        records=[(chunk_id, document_id, version, vector) for chunk_id, vector in vectors],
        columns=("chunk_id", "document_id", "version", "embedding"),
    )


async def deactivate(
    connection: PooledConnection, space_id: int, document_id: UUID, *, keep_version: int | None = None
) -> None:
    """Take a document's vectors out of the index, but for those of `keep_version`."""
    await connection.execute(
        f"""UPDATE {vectors_table(space_id)} SET active = false
        WHERE document_id = $1 AND active AND version IS DISTINCT FROM $2""",
        document_id,
        keep_version,
    )
