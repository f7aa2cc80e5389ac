"""Collections and their statistics."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from app.db.database import PooledConnection
from app.db.lifecycle import reindexes
from app.domain.access.caller import CollectionReach
from app.domain.documents import Collection, CollectionContents, CollectionStatistics, EmbeddingSpace
from app.errors import Conflict, NoCollection

_COLUMNS = """
    c.id, c.tenant, c.name, c.description, c.language, c.corpus_version, c.settings, c.created_at, c.updated_at,
    c.readers, c.writers,
    s.id AS space_id, s.model, s.digest, s.dimension, s.query_prefix, s.document_prefix,
    (SELECT max(l.id) FROM lexeme_snapshots l WHERE l.collection_id = c.id) AS statistics
"""

_FIND = f"""
SELECT {_COLUMNS} FROM collections c JOIN embedding_spaces s ON s.id = c.space_id
WHERE c.tenant = $1 AND c.name = $2 AND c.deleted_at IS NULL
"""

_GET = f"""
SELECT {_COLUMNS} FROM collections c JOIN embedding_spaces s ON s.id = c.space_id
WHERE c.id = $1 AND c.deleted_at IS NULL
"""

_ACCESS = (
    "SELECT id, name, readers, writers FROM collections WHERE tenant = $1 AND deleted_at IS NULL ORDER BY name"
)

_CONTENTS = """
SELECT r.at AS as_of, s.queued, s.processing, s.ready, s.partial, s.failed, s.failed_chunks, s.tokens, s.text_bytes,
    s.vector_bytes::bigint, s.index_bytes::bigint
FROM collection_statistics s, statistics_refreshes r
WHERE s.collection_id = $1 AND r.view = 'collection_statistics'
"""

_PAGE = f"""
SELECT {_COLUMNS}, d.documents, d.chunks, d.bytes
FROM collections c JOIN embedding_spaces s ON s.id = c.space_id
CROSS JOIN LATERAL (
    SELECT count(*) AS documents,
        coalesce(sum(chunk_count) FILTER (WHERE active_version IS NOT NULL), 0)::bigint AS chunks,
        coalesce(sum(size_bytes), 0)::bigint AS bytes
    FROM documents WHERE collection_id = c.id AND deleted_at IS NULL
) d
WHERE c.tenant = $1 AND c.deleted_at IS NULL AND c.name > $2 AND ($3::text IS NULL OR c.name = $3)
    AND ($5::text[] IS NULL OR c.name = ANY($5))
ORDER BY c.name LIMIT $4
"""


async def find(connection: PooledConnection, tenant: str, name: str) -> Collection | None:
    row = await connection.fetchrow(_FIND, tenant, name)
    return _collection(row) if row else None


async def require(connection: PooledConnection, tenant: str, name: str) -> Collection:
    """
    Raises:
        NoCollection: the tenant has none of this name.
    """
    found = await find(connection, tenant, name)
    if found is None:
        raise NoCollection(name)
    return found


async def get(connection: PooledConnection, collection_id: int) -> Collection | None:
    row = await connection.fetchrow(_GET, collection_id)
    return _collection(row) if row else None


async def lock(connection: PooledConnection, tenant: str, name: str) -> Collection | None:
    """Find a collection and keep others from changing it until the transaction ends."""
    row = await connection.fetchrow(f"{_FIND} FOR NO KEY UPDATE OF c", tenant, name)
    return _collection(row) if row else None


async def access(connection: PooledConnection, tenant: str) -> list[CollectionReach]:
    """Who may read and write each collection, in the order of their names."""
    return [_reach(row) for row in await connection.fetch(_ACCESS, tenant)]


async def open_to(
    connection: PooledConnection,
    tenant: str,
    name: str,
    *,
    readers: Sequence[str] | None,
    writers: Sequence[str] | None,
) -> bool:
    """Say who may read and write a collection. False if there is none of this name."""
    changed = await connection.execute(
        """WITH changed AS (
            UPDATE collections SET readers = $3, writers = $4, updated_at = now()
            WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL RETURNING id, corpus_version
        ) SELECT pg_notify('corpus_changed', id || ':' || corpus_version) FROM changed""",
        tenant,
        name,
        readers,
        writers,
    )
    return bool(changed != "SELECT 0")


async def page(
    connection: PooledConnection,
    tenant: str,
    *,
    after: str = "",
    name: str | None = None,
    limit: int = 100,
    within: Sequence[str] | None = None,
) -> list[CollectionStatistics]:
    """Collections by name: those that sort after `after`, or the one called `name`; only of `within`, if given."""
    rows = await connection.fetch(_PAGE, tenant, after, name, limit, within)
    return [
        CollectionStatistics(
            collection=_collection(row),
            document_count=row["documents"],
            chunk_count=row["chunks"],
            size_bytes=row["bytes"],
            reindex=await reindexes.newest(connection, row["id"]),
            contents=await _contents(connection, row["id"]),
        )
        for row in rows
    ]


async def insert(
    connection: PooledConnection, tenant: str, name: str, *, description: str, language: str
) -> int | None:
    """Make a collection that has no space yet. None if the name is taken."""
    created: int | None = await connection.fetchval(
        """INSERT INTO collections (tenant, name, description, language) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, name) WHERE deleted_at IS NULL DO NOTHING RETURNING id""",
        tenant,
        name,
        description,
        language,
    )
    return created


async def use_space(connection: PooledConnection, collection_id: int, space_id: int) -> None:
    await connection.execute("UPDATE collections SET space_id = $2 WHERE id = $1", collection_id, space_id)


async def update(
    connection: PooledConnection,
    tenant: str,
    name: str,
    *,
    new_name: str | None = None,
    description: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> bool:
    """Change what is not None; of the settings, those named. False if there is no such collection.

    Raises:
        Conflict: the new name is taken.
    """
    try:
        changed = await connection.execute(
            """WITH changed AS (
                UPDATE collections SET name = coalesce($3, name), description = coalesce($4, description),
                settings = settings || coalesce($5::jsonb, '{}'), updated_at = now()
                WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL
                RETURNING id, corpus_version
            ) SELECT pg_notify('corpus_changed', id || ':' || corpus_version) FROM changed""",
            tenant,
            name,
            new_name,
            description,
            settings,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"A collection called {new_name!r} exists already.") from error
    return changed != "SELECT 0"


async def mark_deleted(connection: PooledConnection, tenant: str, name: str) -> int | None:
    """Take a collection out of sight at commit; its rows are purged later. Its id, or None."""
    deleted: int | None = await connection.fetchval(
        """UPDATE collections SET deleted_at = now() WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL
        RETURNING id""",
        tenant,
        name,
    )
    if deleted is not None:
        await connection.execute("UPDATE embedding_spaces SET retired_at = now() WHERE collection_id = $1", deleted)
        await connection.fetchval("SELECT bump_corpus($1, NULL, NULL, 'removed')", deleted)
    return deleted


async def names_of(connection: PooledConnection, ids: Sequence[int]) -> Mapping[int | None, str]:
    """Names by id, deleted collections' included."""
    rows = await connection.fetch("SELECT id, name FROM collections WHERE id = ANY($1::integer[])", ids)
    return {row["id"]: row["name"] for row in rows}


async def corpus_version(connection: PooledConnection, collection_id: int) -> int | None:
    version: int | None = await connection.fetchval(
        "SELECT corpus_version FROM collections WHERE id = $1", collection_id
    )
    return version


async def _contents(connection: PooledConnection, collection_id: int) -> CollectionContents | None:
    row = await connection.fetchrow(_CONTENTS, collection_id)
    return CollectionContents(**dict(row)) if row else None


def _named(stored: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(stored)


def _reach(row: Any) -> CollectionReach:
    return CollectionReach(row["id"], row["name"], _named(row["readers"]), _named(row["writers"]))


def _collection(row: Any) -> Collection:
    return Collection(
        id=row["id"],
        tenant=row["tenant"],
        name=row["name"],
        description=row["description"],
        language=row["language"],
        corpus_version=row["corpus_version"],
        settings=row["settings"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        statistics=row["statistics"],
        readers=_named(row["readers"]),
        writers=_named(row["writers"]),
        space=EmbeddingSpace(
            id=row["space_id"],
            model=row["model"],
            digest=row["digest"],
            dimension=row["dimension"],
            query_prefix=row["query_prefix"],
            document_prefix=row["document_prefix"],
        ),
    )
