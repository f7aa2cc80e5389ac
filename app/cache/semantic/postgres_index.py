"""An index of L3's questions by their vectors, in a table beside it: the nearest within one partition."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from app.cache.backend import CacheKey
from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.matching import MatchCandidate

# Settings of a session that reads the graph: nearest first, reading on past rows of other partitions. Planning a
# lookup anew would take longer than the lookup.
SESSION = (
    "SET hnsw.iterative_scan = strict_order; SET hnsw.ef_search = 40; SET plan_cache_mode = force_generic_plan"
)

# Up to so many rows of a partition, comparing all of them is as fast as the graph and misses none.
LARGE = 5000
# Rows read beyond the limit, since some may have expired and not been removed yet.
_SPARE = 2

# A quarantined row stays as it is, and an entry that is gone gets no row.
_ADD = """
INSERT INTO @table_vectors (cache_key, partition, vector)
SELECT cache_key, partition, $2::halfvec FROM @table WHERE cache_key = $1 ON CONFLICT (cache_key) DO NOTHING
"""
# Entries are looked up one by one, and only near enough ones: mostly none.
_NEAREST = """
SELECT near.cache_key, q.query_text, 1 - near.distance FROM (
    SELECT cache_key, @distance AS distance FROM @table_vectors
    WHERE partition = $1 AND NOT quarantined @graph ORDER BY @distance LIMIT @limit
) near CROSS JOIN LATERAL (
    SELECT id, query_text FROM @table
    WHERE cache_key = near.cache_key AND partition = $1 AND expires_at > now() OFFSET 0
) q WHERE near.distance <= $3 ORDER BY near.distance, q.id
"""
# Graphs are built for the distance with its dimension, so this one never uses a graph.
_EXACT = "vector <=> $2::halfvec"
_GRAPH = "(vector::halfvec(@dimension)) <=> $2::halfvec(@dimension)"
_SIZE = "SELECT count(*) FROM (SELECT FROM @table_vectors WHERE partition = $1 LIMIT $2) counted"
_QUARANTINE = "UPDATE @table_vectors SET quarantined = true WHERE cache_key = $1 AND NOT quarantined"
_DIMENSIONS = """
SELECT DISTINCT vector_dims(vector) FROM @table_vectors WHERE partition IN (
    SELECT partition FROM @table_vectors GROUP BY partition HAVING count(*) > $1
)
"""
_READY = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"


class PostgresQuestionIndex:
    """`table` is L3's, a plain identifier. `connections` must have run `SESSION`.

    The size of a partition is counted again after `size_age` seconds.

    Raises:
        StoreUnavailable: Postgres does not answer.
    """

    def __init__(
        self,
        connections: HeldConnections,
        *,
        table: str = "query_cache",
        large: int = LARGE,
        size_age: float = 60.0,
        timeout: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = connections
        self._table = table
        self._large = large
        self._size_age = size_age
        self._timeout = timeout
        self._clock = clock
        self._sizes: dict[str, tuple[float, int]] = {}
        self._graphs: set[int] = set()
        self._add, self._size, self._quarantine, self._dimensions = (
            statement.replace("@table", table) for statement in (_ADD, _SIZE, _QUARANTINE, _DIMENSIONS)
        )

    async def add(self, key: CacheKey, vector: bytes) -> None:
        """Add an entry of L3 by its question's vector, little-endian float32."""
        async with self._connections.connection() as connection:
            await connection.execute(self._add, key.digest, _array(vector), timeout=self._timeout)

    async def nearest(
        self, partition: str, vector: bytes, *, limit: int = 3, least: float = -1.0
    ) -> list[MatchCandidate]:
        """Return the unexpired entries of one partition with the nearest questions by cosine, the nearest first.

        Entries with a similarity below `least` are left out.
        """
        array = _array(vector)
        statement = self._nearest(_EXACT, limit)
        if len(array) in self._graphs and await self._size_of(partition) > self._large:
            dimension = len(array)
            statement = self._nearest(
                _GRAPH.replace("@dimension", str(dimension)), limit, f"AND vector_dims(vector) = {dimension}"
            )
        rows = await self._connections.fetch(statement, partition, array, 1 - least)
        return [MatchCandidate(row[0], row[1], float(row[2])) for row in rows[:limit]]

    async def quarantine(self, key: str) -> bool:
        """Keep an entry from being found by meaning. Returns whether it could be found until now."""
        async with self._connections.connection() as connection:
            tag = await connection.execute(self._quarantine, key, timeout=self._timeout)
        return tag != "UPDATE 0"

    async def build_graphs(self) -> None:
        """Build the graphs that large partitions need, without locking out writers. This may take minutes.

        A graph whose building failed is built anew.
        """
        async with self._connections.connection() as connection:
            for (dimension,) in await connection.fetch(self._dimensions, self._large):
                name = f"{self._table}_vectors_graph_{dimension}"
                ready = await connection.fetchval(_READY, name)
                if ready is False and not await _is_being_built(connection, name):
                    await connection.execute(f"DROP INDEX IF EXISTS {name}")
                    ready = None
                if ready is None:
                    await connection.execute(
                        f"""CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {self._table}_vectors
                        USING hnsw ((vector::halfvec({dimension})) halfvec_cosine_ops)
                        WHERE NOT quarantined AND vector_dims(vector) = {dimension}""",
                        timeout=None,
                    )
                    ready = True
                if ready:
                    self._graphs.add(dimension)

    async def _size_of(self, partition: str) -> int:
        now = self._clock()
        read_at, size = self._sizes.get(partition, (-self._size_age, 0))
        if now - read_at < self._size_age:
            return size
        rows = await self._connections.fetch(self._size, partition, self._large + 1)
        if len(self._sizes) >= _REMEMBERED_SIZES:
            self._sizes.clear()
        self._sizes[partition] = (now, rows[0][0])
        return int(rows[0][0])

    def _nearest(self, distance: str, limit: int, graph: str = "") -> str:
        """The limit is written out: a plan for any limit would not walk the graph."""
        statement = _NEAREST.replace("@distance", distance).replace("@graph", graph).replace("@table", self._table)
        return statement.replace("@limit", str(limit * _SPARE))


_REMEMBERED_SIZES = 4096


async def _is_being_built(connection: Any, name: str) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT true FROM pg_stat_progress_create_index WHERE index_relid = to_regclass($1)", name
        )
    )


def _array(vector: bytes) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.frombuffer(vector, dtype="<f4")
