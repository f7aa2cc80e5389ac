"""The catalog of L3 for operators: the most used entries, entries by their question, and one entry."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.cache.backend import CacheKey
from app.cache.postgres.connections import HeldConnections

_COLUMNS = """
id, cache_key, query_text, query_params::text, metadata::text, hit_count, created_at, expires_at,
last_accessed_at, namespace, tenant, collection_id, partition, corpus_version, size_bytes, pinned
"""
_TOP = f"""
SELECT {_COLUMNS} FROM @table WHERE expires_at > now() AND tenant = $1 AND namespace = coalesce($3, namespace)
ORDER BY hit_count DESC, id LIMIT $2
"""  # noqa: S608 - constants only
_POPULAR = f"""
SELECT {_COLUMNS} FROM @table WHERE hit_count > 0 AND tenant = coalesce($1, tenant)
    AND namespace IN ('retrieval', 'answer') AND namespace = coalesce($2, namespace)
    AND collection_id IN (SELECT id FROM collections WHERE deleted_at IS NULL AND id = coalesce($3, id))
ORDER BY hit_count DESC, id LIMIT $4
"""  # noqa: S608 - constants only
_BROWSE = f"""
SELECT {_COLUMNS} FROM @table
WHERE tenant = $1 AND strpos(lower(query_text), lower($2)) > 0 AND id < coalesce($3, 2147483647)
    AND namespace = coalesce($4, namespace) AND ($5::integer IS NULL OR collection_id = $5)
ORDER BY id DESC LIMIT $6
"""  # noqa: S608 - constants only
_ONE = f"SELECT {_COLUMNS}, result_data FROM @table WHERE cache_key = $1 AND tenant = $2"  # noqa: S608 - as above

# Seconds for a statement, waiting for a connection included.
_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A row of L3 without its payload."""

    id: int
    key: CacheKey
    question: str
    parameters: dict[str, Any]
    metadata: dict[str, Any]
    hit_count: int
    created_at: datetime
    expires_at: datetime
    last_accessed_at: datetime
    corpus_version: int | None
    size_bytes: int
    pinned: bool


class PostgresCatalog:
    """Reads entries of one tenant; `popular` reads those of all.

    Raises:
        StoreUnavailable: Postgres does not answer.
    """

    def __init__(self, connections: HeldConnections, *, table: str = "query_cache") -> None:
        self._connections = connections
        self._top, self._popular, self._browse, self._one = (
            statement.replace("@table", table) for statement in (_TOP, _POPULAR, _BROWSE, _ONE)
        )

    async def top(self, tenant: str, *, limit: int = 10, namespace: str | None = None) -> list[CatalogEntry]:
        """Return the unexpired entries with the most hits."""
        return [_entry(row) for row in await self._fetch(self._top, tenant, limit, namespace)]

    async def popular(
        self,
        *,
        limit: int,
        tenant: str | None = None,
        collection: int | None = None,
        namespace: str | None = None,
    ) -> list[CatalogEntry]:
        """Return entries of existing collections with hits, most first, expired ones too. None: every tenant."""
        return [_entry(row) for row in await self._fetch(self._popular, tenant, namespace, collection, limit)]

    async def browse(
        self,
        tenant: str,
        *,
        text: str = "",
        namespace: str | None = None,
        collection: int | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[CatalogEntry]:
        """Return entries whose question contains `text`, newest first; `before` is the last page's last id."""
        arguments = (tenant, text, before, namespace, collection, limit)
        return [_entry(row) for row in await self._fetch(self._browse, *arguments)]

    async def one(self, tenant: str, digest: str) -> tuple[CatalogEntry, bytes] | None:
        """Return an entry and its sealed payload."""
        rows = await self._fetch(self._one, digest, tenant)
        return (_entry(rows[0]), rows[0]["result_data"]) if rows else None

    async def _fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async with self._connections.connection(_TIMEOUT) as connection:
            return list(await connection.fetch(statement, *arguments))


def _entry(row: Any) -> CatalogEntry:
    return CatalogEntry(
        id=row["id"],
        key=CacheKey(row["cache_key"], row["namespace"], row["tenant"], row["collection_id"], row["partition"]),
        question=row["query_text"],
        parameters=json.loads(row["query_params"] or "{}"),
        metadata=json.loads(row["metadata"] or "{}"),
        hit_count=row["hit_count"] or 0,
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_accessed_at=row["last_accessed_at"],
        corpus_version=row["corpus_version"],
        size_bytes=row["size_bytes"],
        pinned=row["pinned"],
    )
