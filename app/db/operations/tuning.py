"""The statements of tuning a graph: questions to ask, and other graphs built beside the one in use.

All of it on a connection of its own, which is made `gentle` first.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.db.database import PooledConnection
from app.db.search import spaces
from app.db.search.spaces import BUILD_TIMEOUT, HNSW_EF_CONSTRUCTION, HNSW_M, vectors_table
from app.domain.documents import Collection
from app.domain.retrieval import Vector

# Seconds that one question may take.
STATEMENT_TIMEOUT = 30

# Any constant will do: tuning a space holds the advisory lock of this number and the space's id.
_LOCK = 0x7C4E


@dataclass(frozen=True, slots=True, order=True)
class GraphSettings:
    """How an HNSW graph is built: links of each vector, and how many are looked at to choose them."""

    m: int = HNSW_M
    ef_construction: int = HNSW_EF_CONSTRUCTION


async def gentle(connection: PooledConnection) -> None:
    """Let this session's statements take one core each, and not for long."""
    await connection.execute(
        f"""SET statement_timeout = '{STATEMENT_TIMEOUT}s'; SET lock_timeout = '2s';
        SET max_parallel_workers_per_gather = 0; SET max_parallel_maintenance_workers = 0;
        SET application_name = 'localchat tune'"""
    )


@asynccontextmanager
async def alone(connection: PooledConnection, space_id: int) -> AsyncIterator[bool]:
    """Yield whether this is the only process that tunes the space. Removes leftovers of an interrupted one."""
    held: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _LOCK, space_id)
    try:
        if held:
            await _drop_copy(connection, space_id)
        yield held
    finally:
        if held:
            await connection.execute("SELECT pg_advisory_unlock($1, $2)", _LOCK, space_id)


async def count(connection: PooledConnection, space_id: int) -> int:
    counted: int = await connection.fetchval(f"SELECT count(*) FROM {vectors_table(space_id)} WHERE active")
    return counted


async def stored_questions(
    connection: PooledConnection, collection: Collection, cache_table: str, limit: int
) -> list[str]:
    """Questions that were asked of the collection and are still cached, the most frequent first.

    `cache_table` is a plain identifier.
    """
    rows = await connection.fetch(
        f"""SELECT query_text FROM {cache_table}
        WHERE tenant = $1 AND collection_id = $2 AND namespace IN ('retrieval', 'answer')
          AND coalesce(metadata ->> 'conversation', '') = ''
        GROUP BY query_text ORDER BY sum(hit_count) DESC, min(id) LIMIT $3""",
        collection.tenant,
        collection.id,
        limit,
    )
    return [row["query_text"] for row in rows]


async def sampled(connection: PooledConnection, space_id: int, limit: int) -> list[tuple[int, Vector]]:
    """Chunks by chance, the same ones each time, with their vectors."""
    rows = await connection.fetch(
        f"""SELECT chunk_id, embedding::vector AS vector FROM {vectors_table(space_id)}
        WHERE active ORDER BY hashint8(chunk_id), chunk_id LIMIT $1""",
        limit,
    )
    return [(row["chunk_id"], row["vector"].to_numpy()) for row in rows]


async def graph_of(connection: PooledConnection, space_id: int) -> GraphSettings:
    """How the graph in use was built."""
    row = await connection.fetchrow(
        """SELECT max(option_value::int) FILTER (WHERE option_name = 'm') AS m,
            max(option_value::int) FILTER (WHERE option_name = 'ef_construction') AS ef_construction
        FROM pg_class c, pg_options_to_table(c.reloptions) WHERE c.oid = to_regclass($1)""",
        f"{vectors_table(space_id)}_hnsw",
    )
    return GraphSettings(**{name: value for name, value in dict(row or {}).items() if value is not None})


@asynccontextmanager
async def copied(connection: PooledConnection, space_id: int) -> AsyncIterator[str]:
    """Copy a space's vectors into a table without a graph, for this process alone. Returns its name."""
    await _drop_copy(connection, space_id)
    await _unhurried(
        connection,
        f"CREATE UNLOGGED TABLE {_copy(space_id)} AS SELECT * FROM {vectors_table(space_id)} WHERE active",
    )
    try:
        yield _copy(space_id)
    finally:
        await _drop_copy(connection, space_id)


async def build(connection: PooledConnection, table: str, graph: GraphSettings) -> None:
    """Give a copy another graph in place of the one it has."""
    await connection.execute(f"DROP INDEX IF EXISTS {table}_hnsw")
    await _unhurried(connection, f"CREATE INDEX {table}_hnsw {_on(table, graph)}")
    await connection.execute(f"ANALYZE {table}", timeout=BUILD_TIMEOUT)


async def replace_graph(connection: PooledConnection, space_id: int, graph: GraphSettings) -> None:
    """Build another graph beside the one in use and then replace that; no search waits for it.

    Cut short, it leaves an index that `localchat maintain` removes or one that is as good as the other.
    """
    table = vectors_table(space_id)
    new = f"{table}_hnsw_ccnew"
    with spaces.present():
        await _unhurried(connection, f"DROP INDEX CONCURRENTLY IF EXISTS {new}")
        await _unhurried(connection, f"CREATE INDEX CONCURRENTLY {new} {_on(table, graph)}")
        await _unhurried(connection, f"DROP INDEX CONCURRENTLY IF EXISTS {table}_hnsw")
        await connection.execute(f"ALTER INDEX {new} RENAME TO {table}_hnsw")


async def _unhurried(connection: PooledConnection, statement: str) -> None:
    await connection.execute("SET statement_timeout = 0; SET lock_timeout = 0")
    try:
        await connection.execute(statement, timeout=BUILD_TIMEOUT)
    finally:
        await gentle(connection)


async def _drop_copy(connection: PooledConnection, space_id: int) -> None:
    await connection.execute(f"DROP TABLE IF EXISTS {_copy(space_id)}")


def _on(table: str, graph: GraphSettings) -> str:
    return f"""ON {table} USING hnsw (embedding halfvec_cosine_ops)
        WITH (m = {int(graph.m)}, ef_construction = {int(graph.ef_construction)}) WHERE active"""


def _copy(space_id: int) -> str:
    return f"tuning_{int(space_id)}"
