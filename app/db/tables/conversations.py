"""Conversations and their messages."""

from uuid import UUID

from app.db.database import PooledConnection
from app.domain.conversations import Conversation, Exchange, Turn

_COLUMNS = "id, tenant, collection, title, created_at, updated_at"


async def get(connection: PooledConnection, tenant: str, conversation_id: UUID) -> Conversation | None:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM conversations WHERE id = $1 AND tenant = $2", conversation_id, tenant
    )
    return Conversation(**dict(row)) if row else None


async def page(connection: PooledConnection, tenant: str, *, before: UUID | None, limit: int) -> list[Conversation]:
    """Conversations, the newest first, those begun before the one with the id `before`."""
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS} FROM conversations WHERE tenant = $1 AND ($2::uuid IS NULL OR id < $2)
        ORDER BY id DESC LIMIT $3""",
        tenant,
        before,
        limit,
    )
    return [Conversation(**dict(row)) for row in rows]


async def turns(connection: PooledConnection, conversation_id: UUID, *, newest: int | None = None) -> list[Turn]:
    """The messages of a conversation, or its `newest` so many, the oldest first."""
    rows = await connection.fetch(
        """SELECT id, role, content, sources, query_id, created_at FROM messages WHERE conversation_id = $1
        ORDER BY id DESC LIMIT $2""",
        conversation_id,
        newest,
    )
    return [Turn(**{**dict(row), "sources": tuple(row["sources"])}) for row in reversed(rows)]


async def insert(
    connection: PooledConnection, tenant: str, conversation_id: UUID, *, collection: str, title: str
) -> None:
    await connection.execute(
        "INSERT INTO conversations (id, tenant, collection, title) VALUES ($1, $2, $3, $4)",
        conversation_id,
        tenant,
        collection,
        title,
    )


async def touch(connection: PooledConnection, tenant: str, conversation_id: UUID) -> bool:
    """Note that something was said. False if there is no such conversation."""
    changed = await connection.execute(
        "UPDATE conversations SET updated_at = now() WHERE id = $1 AND tenant = $2", conversation_id, tenant
    )
    return changed != "UPDATE 0"


async def add_exchange(
    connection: PooledConnection, tenant: str, conversation_id: UUID, exchange: Exchange
) -> None:
    await connection.executemany(
        """INSERT INTO messages (tenant, conversation_id, role, content, sources, query_id)
        VALUES ($1, $2, $3, $4, $5, $6)""",
        [
            (tenant, conversation_id, "user", exchange.question, [], exchange.query_id),
            (tenant, conversation_id, "assistant", exchange.answer, list(exchange.sources), exchange.query_id),
        ],
    )


async def rename(
    connection: PooledConnection, tenant: str, conversation_id: UUID, title: str
) -> Conversation | None:
    row = await connection.fetchrow(
        f"""UPDATE conversations SET title = $3, updated_at = now() WHERE id = $1 AND tenant = $2
        RETURNING {_COLUMNS}""",
        conversation_id,
        tenant,
        title,
    )
    return Conversation(**dict(row)) if row else None


async def delete(connection: PooledConnection, tenant: str, conversation_id: UUID) -> bool:
    """False if there is no such conversation."""
    deleted = await connection.execute(
        "DELETE FROM conversations WHERE id = $1 AND tenant = $2", conversation_id, tenant
    )
    return deleted != "DELETE 0"
