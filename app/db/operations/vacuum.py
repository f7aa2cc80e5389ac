"""Vacuum and analyze where it is due, and indexes rebuilt where most of their pages are waste.

Nothing here may run inside a transaction; no statement keeps readers or writers out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db.database import PooledConnection

# Seconds for one statement.
_TIMEOUT = 6 * 3600.0

# From pgvector's src/hnsw.h: of an element's tuple, all but its vector; of a neighbour's tuple, its header; bytes
# of a neighbour; and what a page holds besides its header, special space and line pointers.
_ELEMENT, _NEIGHBOURS, _NEIGHBOUR, _LINE_POINTER, _PAGE, _USABLE = 72, 4, 6, 4, 8192, 8152
_VECTOR_HEADER, _HALF_FLOAT, _DEFAULT_M = 8, 2, 16

# A graph this many times as large as its vectors need, and with this much to win, is worth its rebuilding.
BLOATED = 1.5
_WORTH_BYTES = 1024 * 1024

# So many rows leave little behind.
_FEW_ROWS = 10_000

_CHUNKS = "chunks"


@dataclass(frozen=True, slots=True)
class TableState:
    """`dead` rows wait for a vacuum, `modified` ones came or went since the last analyze."""

    name: str
    live: int
    dead: int
    modified: int
    analyzed: bool


@dataclass(frozen=True, slots=True)
class GraphState:
    """An HNSW index: its size, and the size of a freshly built one, in bytes."""

    index: str
    vectors: int
    size_bytes: int
    expected_bytes: int

    @property
    def bloated(self) -> bool:
        return (
            self.size_bytes > BLOATED * self.expected_bytes and self.size_bytes - self.expected_bytes > _WORTH_BYTES
        )


@dataclass(frozen=True, slots=True)
class Turnover:
    """Rows of a table that are there, that were ever made, and that came and went since its indexes were built.

    Deleted rows leave their words behind: a GIN index never gives up a key, and every collection has its own keys.
    Other indexes use their pages again, but none becomes smaller.
    """

    table: str
    live: int
    made: int
    gone: int

    @property
    def bloated(self) -> bool:
        return self.gone > max(self.live, _FEW_ROWS)


async def tables(connection: PooledConnection) -> Sequence[TableState]:
    rows = await connection.fetch(
        """SELECT relname AS name, n_live_tup AS live, n_dead_tup AS dead, n_mod_since_analyze AS modified,
            coalesce(last_analyze, last_autoanalyze) IS NOT NULL AS analyzed
        FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY relname"""
    )
    return [TableState(**dict(row)) for row in rows]


async def vacuum(connection: PooledConnection, table: str) -> None:
    await connection.execute(f"VACUUM (ANALYZE) {_quoted(table)}", timeout=_TIMEOUT)


async def drop_leftovers(connection: PooledConnection, cache_table: str) -> Sequence[str]:
    """Drop indexes left behind by a rebuild that was interrupted."""
    rows = await connection.fetch(
        r"""SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT i.indisvalid AND c.relname ~ ('^(vectors_\d+|chunks|' || $1 || ')_\w+_cc(new|old)\d*$')""",
        cache_table,
    )
    for row in rows:
        await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_quoted(row['relname'])}", timeout=_TIMEOUT)
    return [row["relname"] for row in rows]


async def invalid(connection: PooledConnection) -> Sequence[str]:
    """Indexes that are not used, since building them was cut short."""
    rows = await connection.fetch(
        """SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname"""
    )
    return [row["relname"] for row in rows]


async def graphs(connection: PooledConnection) -> Sequence[GraphState]:
    """The graphs of spaces in use."""
    rows = await connection.fetch(
        """SELECT c.relname AS index, t.relname AS table, s.dimension, pg_relation_size(c.oid) AS size,
            (SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'm') AS m
        FROM embedding_spaces s JOIN pg_class t ON t.oid = to_regclass('vectors_' || s.id)
        JOIN pg_index i ON i.indrelid = t.oid AND i.indisvalid JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_am a ON a.oid = c.relam AND a.amname = 'hnsw'
        WHERE s.retired_at IS NULL ORDER BY s.id"""
    )
    found = []
    for row in rows:
        vectors = await connection.fetchval(
            f"SELECT count(*) FROM {_quoted(row['table'])} WHERE active", timeout=_TIMEOUT
        )
        expected = expected_bytes(vectors, row["dimension"], row["m"] or _DEFAULT_M)
        found.append(GraphState(row["index"], vectors, row["size"], expected))
    return found


def expected_bytes(vectors: int, dimension: int, m: int) -> int:
    """About the size of a new graph: an element stands with its neighbours on one page, with `2 * m` of them."""
    element = _ELEMENT + _aligned(_VECTOR_HEADER + _HALF_FLOAT * dimension)
    neighbours = _aligned(_NEIGHBOURS + 2 * m * _NEIGHBOUR)
    per_page = max(1, _USABLE // (element + neighbours + 2 * _LINE_POINTER))
    return (1 + -(-vectors // per_page)) * _PAGE


async def turnovers(connection: PooledConnection, cache_table: str) -> Sequence[Turnover]:
    """Of chunks, and of cached results, whose table's name is a plain identifier."""
    return [await _turnover(connection, table) for table in (_CHUNKS, cache_table)]


async def _turnover(connection: PooledConnection, table: str) -> Turnover:
    sequence = await connection.fetchval("SELECT pg_get_serial_sequence($1, 'id')", table)
    row = await connection.fetchrow(
        f"""SELECT $1::text AS table, live, made,
            made - live - coalesce((SELECT r.made - r.live FROM index_rebuilds r WHERE r.relation = $1), 0) AS gone
        FROM (SELECT count(*) AS live FROM {table}),
            (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS made FROM {sequence})""",
        table,
        timeout=_TIMEOUT,
    )
    assert row is not None
    return Turnover(**dict(row))


async def rebuild_all(connection: PooledConnection, turnover: Turnover) -> None:
    """Rebuild the indexes of a table beside the old ones, and then replace these.

    Those of the vectors of cached questions go with those of the results.
    """
    await connection.execute(f"REINDEX TABLE CONCURRENTLY {turnover.table}", timeout=_TIMEOUT)
    vectors = f"{turnover.table}_vectors"
    if await connection.fetchval("SELECT to_regclass($1)", vectors) is not None:
        await connection.execute(f"REINDEX TABLE CONCURRENTLY {vectors}", timeout=_TIMEOUT)
    await connection.execute(
        """INSERT INTO index_rebuilds (relation, made, live) VALUES ($1, $2, $3)
        ON CONFLICT (relation) DO UPDATE SET made = excluded.made, live = excluded.live, at = now()""",
        turnover.table,
        turnover.made,
        turnover.live,
    )


async def rebuild(connection: PooledConnection, index: str) -> None:
    """Rebuild an index beside the old one, and then replace it."""
    await connection.execute(f"REINDEX INDEX CONCURRENTLY {_quoted(index)}", timeout=_TIMEOUT)


def _aligned(size: int) -> int:
    return (size + 7) // 8 * 8


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
