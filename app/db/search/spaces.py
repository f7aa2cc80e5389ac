"""Embedding spaces: one table of vectors for each collection and model.

A table of its own gives each space a column of its dimension and an HNSW graph that holds nothing of other
collections, so a search never has to skip over them; and dropping one costs the same whatever its size.
See docs/decisions/0002-a-table-per-embedding-space.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app.db.database import PooledConnection, new_rows
from app.domain.documents import EmbeddingSpace
from app.domain.retrieval import Vector

# pgvector's own defaults; `halfvec` halves the graph at equal recall for normalised vectors.
HNSW_M = 16
HNSW_EF_CONSTRUCTION = 64

# Seconds that building a graph may take: a million vectors need a quarter of an hour on two cores.
BUILD_TIMEOUT = 6 * 3600.0


# Autovacuum's usual fifth would let a graph lead through many dead ends first; a tenth costs a pass that often.
STORAGE = """autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05"""

# Of all chunks that are equal to one, so many are looked at for a vector.
_EQUALS_LOOKED_AT = 8


class SpaceGone(Exception):
    """The space was dropped: its collection has moved to another model, or is deleted."""


@dataclass(frozen=True, slots=True)
class EqualChunks:
    """Pairs of chunks with the same text: the first needs a vector, the second may have it in `space_id`."""

    space_id: int
    chunks: Sequence[int]
    sources: Sequence[int]


@contextmanager
def present() -> Iterator[None]:
    """Raise `SpaceGone` where a space's table is missing."""
    try:
        yield
    except asyncpg.UndefinedTableError as error:
        raise SpaceGone from error


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
    indexed: bool = True,
) -> EmbeddingSpace:
    """Make a space. One that is to be filled before anyone searches it is faster to index afterwards."""
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
        ) WITH ({STORAGE});
        CREATE INDEX {table}_document ON {table} (document_id);"""
    )
    if indexed:
        await build_index(connection, space_id)
    return EmbeddingSpace(space_id, model, digest, dimension, query_prefix, document_prefix)


async def get(connection: PooledConnection, space_id: int) -> EmbeddingSpace | None:
    row = await connection.fetchrow(
        "SELECT id, model, digest, dimension, query_prefix, document_prefix FROM embedding_spaces WHERE id = $1",
        space_id,
    )
    return EmbeddingSpace(**dict(row)) if row else None


async def build_index(connection: PooledConnection, space_id: int) -> None:
    """Build the graph over the vectors of a space unless it exists. May take minutes."""
    table = vectors_table(space_id)
    await connection.execute(
        f"""CREATE INDEX IF NOT EXISTS {table}_hnsw ON {table} USING hnsw (embedding halfvec_cosine_ops)
            WITH (m = {HNSW_M}, ef_construction = {HNSW_EF_CONSTRUCTION}) WHERE active""",
        timeout=BUILD_TIMEOUT,
    )


async def drop(connection: PooledConnection, space_id: int) -> None:
    await connection.execute(f"DROP TABLE IF EXISTS {vectors_table(space_id)}")
    await connection.execute("DELETE FROM embedding_spaces WHERE id = $1", space_id)


async def find_equal(
    connection: PooledConnection, space: EmbeddingSpace, tenant: str, chunks: Mapping[int, bytes]
) -> list[EqualChunks]:
    """Chunks that may have a vector of the same text and model, in whichever collection. `chunks`: hashes by id.

    A model without a digest may be another under its old name, so its vectors stay in their space.
    """
    rows = await connection.fetch(
        """SELECT s.id AS space_id, array_agg(c.id) AS chunks, array_agg(o.id) AS sources
        FROM unnest($1::bigint[], $2::bytea[]) AS c (id, content_hash)
        CROSS JOIN LATERAL (
            SELECT o.id, o.collection_id FROM chunks o
            WHERE o.content_hash = c.content_hash AND o.active AND o.tenant = $3 AND o.id <> c.id LIMIT $8
        ) o
        JOIN collections k ON k.id = o.collection_id AND k.deleted_at IS NULL
        JOIN embedding_spaces s ON s.id = k.space_id
        WHERE s.id = $9 OR s.digest <> ''
            AND s.model = $4 AND s.digest = $5 AND s.dimension = $6 AND s.document_prefix = $7
        GROUP BY s.id""",
        list(chunks),
        list(chunks.values()),
        tenant,
        space.model,
        space.digest,
        space.dimension,
        space.document_prefix,
        _EQUALS_LOOKED_AT,
        space.id,
    )
    return [EqualChunks(row["space_id"], row["chunks"], row["sources"]) for row in rows]


async def copy_vectors(connection: PooledConnection, space_id: int, equal: Sequence[EqualChunks]) -> set[int]:
    """Copy to chunks of a space the vectors of equal chunks. Returns the ids of the chunks that have one now.

    Raises:
        SpaceGone: a space was dropped.
    """
    copied: set[int] = set()
    for found in equal:
        with present():
            rows = await connection.fetch(
                f"""INSERT INTO {vectors_table(space_id)} (chunk_id, document_id, version, embedding)
                SELECT c.id, c.document_id, c.version, v.embedding
                FROM unnest($1::bigint[], $2::bigint[]) AS e (chunk, source)
                JOIN chunks c ON c.id = e.chunk
                JOIN {vectors_table(found.space_id)} v ON v.chunk_id = e.source
                ON CONFLICT DO NOTHING RETURNING chunk_id""",
                found.chunks,
                found.sources,
            )
        copied |= {row["chunk_id"] for row in rows}
    return copied


async def insert_vectors(
    connection: PooledConnection,
    space_id: int,
    document_id: UUID,
    version: int,
    vectors: Sequence[tuple[int, Vector]],
) -> None:
    """Store (chunk id, vector) pairs of one version, as `insert_rows` does."""
    rows = [(chunk_id, document_id, version, vector) for chunk_id, vector in vectors]
    await insert_rows(connection, space_id, rows)


async def insert_rows(
    connection: PooledConnection, space_id: int, rows: Sequence[tuple[int, UUID, int, Vector]]
) -> None:
    """Store (chunk id, document id, version, vector) by COPY.

    Raises:
        SpaceGone: the space was dropped.
        RowsExist: another has stored some of them meanwhile.
    """
    with present(), new_rows():
        await connection.copy_records_to_table(
            vectors_table(space_id),
            records=rows,
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
