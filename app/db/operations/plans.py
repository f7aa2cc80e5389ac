"""Query plans of real statements: connections that run EXPLAIN on each statement they are given."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

import orjson

from app.db.database import Database, PooledConnection
from app.db.search.spaces import vectors_table
from app.domain.documents import Collection
from app.domain.retrieval import Vector

# A scan of more rows than this should have had an index.
_MANY_ROWS = 10_000
# An estimate this many times too low leads to the wrong plan.
_MISJUDGED = 100

# The purpose of each statement, by the function that sends it.
_TITLES = {
    "collections.find": "The collection by its name",
    "vector_index.nearest": "Vector arm: the HNSW graph",
    "vector_index.nearest_exactly": "Vector arm: exact, where the graph falls short or few documents pass",
    "vector_index.matching": "How many vectors there are, and how many a filter keeps",
    "lexical_index.look_up": "Lexical arm: the question's lexemes and their statistics",
    "lexical_index.rank": "Lexical arm: BM25 over the GIN index",
    "lexical_index.rank_within": "Lexical arm: BM25 within few documents",
    "lexical_index.proximity": "Reranker: the question's words near each other",
    "passages.fetch": "The passages found",
    "documents.page": "The list of documents",
    "changes.between": "Cache: what changed since a result was kept",
    "changes.nearest_of": "Cache: whether a changed document would be found",
    "cache.read": "Cache: a result in Postgres by its key",
}
# Which of a plan's indexes must be there, by a part of its name, once its table has many rows.
_EXPECTED = {
    "vector_index.nearest": "_hnsw",
    "lexical_index.rank": "chunks_tsv",
    "cache.read": "_cache_key_key",
}


@dataclass(frozen=True, slots=True)
class StatementPlan:
    """A statement and how Postgres ran it. Times are milliseconds; buffers count pages of 8 KiB."""

    name: str
    title: str
    statement: str
    planning_ms: float
    execution_ms: float
    rows: int
    buffers_hit: int
    buffers_read: int
    indexes: tuple[str, ...]
    plan: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A stored chunk, whose contents serve as the question."""

    document_id: UUID
    text: str
    vector: Vector


async def largest_collection(connection: PooledConnection, tenant: str) -> str | None:
    name: str | None = await connection.fetchval(
        """SELECT name FROM collections WHERE tenant = $1 AND deleted_at IS NULL
        ORDER BY pg_relation_size(to_regclass('vectors_' || space_id)) DESC NULLS LAST, id LIMIT 1""",
        tenant,
    )
    return name


async def sample(connection: PooledConnection, collection: Collection) -> Sample | None:
    row = await connection.fetchrow(
        f"""SELECT v.document_id, left(c.text, 200) AS text, v.embedding::vector AS vector
        FROM {vectors_table(collection.space.id)} v JOIN chunks c ON c.id = v.chunk_id
        WHERE v.active AND c.text ~ '\\w' LIMIT 1"""
    )
    return Sample(row["document_id"], row["text"], row["vector"].to_numpy()) if row else None


async def sample_filter(connection: PooledConnection, collection: Collection) -> Mapping[str, Any]:
    """The first plain pair of some document's metadata; empty if no document has any."""
    metadata = await connection.fetchval(
        """SELECT metadata FROM documents
        WHERE collection_id = $1 AND deleted_at IS NULL AND metadata <> '{}' LIMIT 1""",
        collection.id,
    )
    plain = ((name, value) for name, value in (metadata or {}).items() if not isinstance(value, dict | list))
    return dict([found]) if (found := next(plain, None)) else {}


class ExplainingDatabase(Database):
    """Another database's connections, whose statements are explained before they are run.

    `note` is added to the title of each plan.
    """

    def __init__(self, database: Database, note: str = "") -> None:
        super().__init__(database.pool)
        self._note = note
        self._plans: dict[str, StatementPlan] = {}

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PooledConnection]:
        async with super().connection() as connection:
            yield cast("PooledConnection", _ExplainingConnection(connection, self._keep))

    async def explain(self, name: str, statement: str, *arguments: Any) -> None:
        """Explain a statement that is sent past this database."""
        async with super().connection() as connection:
            self._keep(await explain(connection, name, statement, arguments))

    def plans(self) -> tuple[StatementPlan, ...]:
        """The plan of each statement that was sent, the first of each function that sends one."""
        return tuple(self._plans.values())

    def _keep(self, plan: StatementPlan) -> None:
        self._plans.setdefault(plan.name, replace(plan, title=plan.title + self._note))


class _ExplainingConnection:
    def __init__(self, connection: PooledConnection, keep: Callable[[StatementPlan], None]) -> None:
        self._connection = connection
        self._keep = keep

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, statement: str, *arguments: Any, **options: Any) -> Any:
        await self._explain(_sender(), statement, arguments)
        return await self._connection.fetch(statement, *arguments, **options)

    async def fetchrow(self, statement: str, *arguments: Any, **options: Any) -> Any:
        await self._explain(_sender(), statement, arguments)
        return await self._connection.fetchrow(statement, *arguments, **options)

    async def fetchval(self, statement: str, *arguments: Any, **options: Any) -> Any:
        await self._explain(_sender(), statement, arguments)
        return await self._connection.fetchval(statement, *arguments, **options)

    async def _explain(self, name: str, statement: str, arguments: Sequence[Any]) -> None:
        if not statement.lstrip().startswith(("SELECT", "WITH")) or "refresh_lexeme_statistics" in statement:
            return  # EXPLAIN ANALYZE runs the statement, so a write would happen twice
        self._keep(await explain(self._connection, name, statement, arguments))


async def explain(
    connection: PooledConnection, name: str, statement: str, arguments: Sequence[Any]
) -> StatementPlan:
    """Run a statement that only reads, and tell how that went."""
    async with connection.transaction(readonly=True):
        # Once before it is measured: the first run of a statement is of another kind than all that follow.
        await connection.fetch(statement, *arguments)
        explained = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *arguments)
    return read_plan(name, statement, orjson.loads(explained)[0])


def _sender() -> str:
    """The outermost function of this package that led to the statement: `vector_index.nearest`."""
    frame, name = sys._getframe(2), ""  # noqa: SLF001 - the traceback module uses it too
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith("app.db."):
            break
        name = f"{module.rpartition('.')[2]}.{frame.f_code.co_name}"
        frame = cast("Any", frame.f_back)
    return name


def read_plan(name: str, statement: str, explained: Mapping[str, Any]) -> StatementPlan:
    """The output of `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)`, without the values in its conditions."""
    top = explained["Plan"]
    nodes = list(_nodes(top))
    return StatementPlan(
        name=name,
        title=_TITLES.get(name, name),
        statement=" ".join(statement.split()),
        planning_ms=explained["Planning Time"],
        execution_ms=explained["Execution Time"],
        rows=int(top["Actual Rows"]),
        buffers_hit=top.get("Shared Hit Blocks", 0),
        buffers_read=top.get("Shared Read Blocks", 0),
        indexes=tuple(sorted({node["Index Name"] for _, node in nodes if "Index Name" in node})),
        plan=tuple(f"{'  ' * depth}{_line(node)}" for depth, node in nodes),
        warnings=tuple(_warnings(name, [node for _, node in nodes])),
    )


def _nodes(node: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[int, Mapping[str, Any]]]:
    yield depth, node
    for child in node.get("Plans", ()):
        yield from _nodes(child, depth + 1)


def _line(node: Mapping[str, Any]) -> str:
    parts = [node["Node Type"]]
    if "Index Name" in node:
        parts.append(f"using {node['Index Name']}")
    if "Relation Name" in node:
        parts.append(f"on {node['Relation Name']}")
    loops = f", {node['Actual Loops']} loops" if node["Actual Loops"] > 1 else ""
    parts.append(
        f"({node['Actual Total Time']:.3f} ms, {node['Actual Rows']:g} rows, {node['Plan Rows']} expected{loops})"
    )
    return " ".join(parts)


def _warnings(name: str, nodes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    expected = _EXPECTED.get(name)
    used = [node["Index Name"] for node in nodes if "Index Name" in node]
    if expected and not any(expected in index for index in used) and max(map(_read, nodes)) > _MANY_ROWS:
        yield f"The index made for this ({expected.strip('_')}) is not used."
    for node in nodes:
        kind, rows, wanted = node["Node Type"], node["Actual Rows"], max(node["Plan Rows"], 1)
        if kind == "Seq Scan" and _read(node) > _MANY_ROWS:
            yield f"All {_read(node):.0f} rows of {node['Relation Name']} are read: no index is used."
        if rows > _MANY_ROWS and rows > _MISJUDGED * wanted:
            yield f"{kind} gave {rows:g} rows where {wanted} were expected: the statistics are stale."
        if node.get("Sort Space Type") == "Disk":
            yield f"{kind} needed {node['Sort Space Used']} kB of disk: work_mem is too small."


def _read(node: Mapping[str, Any]) -> float:
    rows: float = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return rows
