"""Conversations and their messages."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.db.database import PooledConnection
from app.domain.conversations import Conversation, Exchange, Turn, UnansweredQuestion

_COLUMNS = "id, tenant, collection, title, created_at, updated_at"
# Of the collection called $3 of the tenant $2; null if it is gone.
_COLLECTION_ID = "(SELECT c.id FROM collections c WHERE c.tenant = $2 AND c.name = $3 AND c.deleted_at IS NULL)"


async def get(connection: PooledConnection, tenant: str, conversation_id: UUID) -> Conversation | None:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM conversations WHERE id = $1 AND tenant = $2", conversation_id, tenant
    )
    return Conversation(**dict(row)) if row else None


async def require(connection: PooledConnection, tenant: str, conversation_id: UUID) -> Conversation:
    """A conversation that is known to be there."""
    found = await get(connection, tenant, conversation_id)
    assert found is not None
    return found


async def page(
    connection: PooledConnection,
    tenant: str,
    *,
    before: UUID | None,
    limit: int,
    words: Sequence[str] = (),
    within: Sequence[int] | None = None,
) -> list[Conversation]:
    """Conversations, the newest first, those begun before the one with the id `before`.

    With `words`, those in whose title or messages each of the words stands, however it is written. With `within`,
    those that rest on these collections and no others.
    """
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS}, (
            SELECT m.content FROM messages m WHERE m.conversation_id = c.id AND m.content ILIKE ANY ($4)
            ORDER BY (SELECT count(*) FROM unnest($4::text[]) word WHERE m.content ILIKE word) DESC, m.id LIMIT 1
        ) AS excerpt
        FROM conversations c WHERE tenant = $1 AND ($2::uuid IS NULL OR id < $2)
          AND ($5::integer[] IS NULL OR collection_ids <@ $5)
          AND NOT EXISTS (
            SELECT FROM unnest($4::text[]) word WHERE c.title NOT ILIKE word AND NOT EXISTS (
                SELECT FROM messages m WHERE m.conversation_id = c.id AND m.content ILIKE word))
        ORDER BY id DESC LIMIT $3""",
        tenant,
        before,
        limit,
        [f"%{_literally(word)}%" for word in words],
        within,
    )
    return [Conversation(**dict(row)) for row in rows]


async def rests_on(
    connection: PooledConnection, tenant: str, conversation_id: UUID, collections: Sequence[int]
) -> bool:
    """Whether the conversation is there, and rests on these collections and no others."""
    found: bool = await connection.fetchval(
        """SELECT EXISTS (
            SELECT FROM conversations WHERE id = $1 AND tenant = $2 AND collection_ids <@ $3::integer[]
        )""",
        conversation_id,
        tenant,
        collections,
    )
    return found


async def turns(
    connection: PooledConnection,
    conversation_id: UUID,
    *,
    newest: int | None = None,
    before: UUID | None = None,
) -> list[Turn]:
    """The messages of a conversation, or its `newest` so many, the oldest first.

    With `before`, the messages that are older than the one with this id.
    """
    rows = await connection.fetch(
        """SELECT id, role, content, sources, query_id, created_at, finish_reason FROM messages
        WHERE conversation_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2""",
        conversation_id,
        newest,
        before,
    )
    return [Turn(**{**dict(row), "sources": tuple(row["sources"])}) for row in reversed(rows)]


async def turns_after(
    connection: PooledConnection, conversation_id: UUID, after: UUID | None, limit: int
) -> list[Turn]:
    """The first messages that are newer than the one with the id `after`, the oldest first."""
    rows = await connection.fetch(
        """SELECT id, role, content, sources, query_id, created_at, finish_reason FROM messages
        WHERE conversation_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3""",
        conversation_id,
        after,
        limit,
    )
    return [Turn(**{**dict(row), "sources": tuple(row["sources"])}) for row in rows]


async def insert(
    connection: PooledConnection, tenant: str, conversation_id: UUID, *, collection: str, title: str
) -> None:
    await connection.execute(
        f"""INSERT INTO conversations (id, tenant, collection, title, collection_ids)
        VALUES ($1, $2, $3, $4, ARRAY[{_COLLECTION_ID}])""",
        conversation_id,
        tenant,
        collection,
        title,
    )


async def touch(
    connection: PooledConnection, tenant: str, conversation_id: UUID, *, collection: str | None = None
) -> bool:
    """Note a change, or that something was said about a collection. False if there is no such conversation."""
    changed = await connection.execute(
        f"""UPDATE conversations SET updated_at = now(), collection_ids = CASE
            WHEN $3::text IS NULL OR collection_ids @> ARRAY[{_COLLECTION_ID}] THEN collection_ids
            ELSE collection_ids || {_COLLECTION_ID} END
        WHERE id = $1 AND tenant = $2""",
        conversation_id,
        tenant,
        collection,
    )
    return changed != "UPDATE 0"


async def add_exchange(
    connection: PooledConnection, tenant: str, conversation_id: UUID, exchange: Exchange
) -> None:
    await connection.executemany(
        """INSERT INTO messages (tenant, conversation_id, role, content, sources, query_id, finish_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        [
            (tenant, conversation_id, "user", exchange.question, [], exchange.query_id, None),
            (
                tenant,
                conversation_id,
                "assistant",
                exchange.answer,
                list(exchange.sources),
                exchange.query_id,
                exchange.finish_reason,
            ),
        ],
    )


async def question(connection: PooledConnection, conversation_id: UUID, query_id: UUID) -> Turn | None:
    """The question of an exchange; None if the conversation has no such exchange."""
    row = await connection.fetchrow(
        """SELECT id, role, content, sources, query_id, created_at, finish_reason FROM messages
        WHERE conversation_id = $1 AND query_id = $2 AND role = 'user'""",
        conversation_id,
        query_id,
    )
    return Turn(**{**dict(row), "sources": tuple(row["sources"])}) if row else None


async def delete_exchange(connection: PooledConnection, conversation_id: UUID, query_id: UUID) -> bool:
    """False if the conversation has no such exchange."""
    deleted = await connection.execute(
        "DELETE FROM messages WHERE conversation_id = $1 AND query_id = $2", conversation_id, query_id
    )
    return deleted != "DELETE 0"


async def delete_from(connection: PooledConnection, conversation_id: UUID, message_id: UUID) -> None:
    """Delete a message and all after it."""
    await connection.execute(
        "DELETE FROM messages WHERE conversation_id = $1 AND id >= $2", conversation_id, message_id
    )


async def copy(
    connection: PooledConnection, original: UUID, conversation_id: UUID, *, title: str, before: UUID | None
) -> None:
    """Make a conversation of the messages of another, of those before the one with the id `before`."""
    await connection.execute(
        """INSERT INTO conversations (id, tenant, collection, title, collection_ids)
        SELECT $2, tenant, collection, $3, collection_ids FROM conversations WHERE id = $1""",
        original,
        conversation_id,
        title,
    )
    await connection.execute(
        """INSERT INTO messages
            (tenant, conversation_id, role, content, sources, query_id, created_at, finish_reason)
        SELECT tenant, $2, role, content, sources, query_id, created_at, finish_reason FROM (
            SELECT * FROM messages WHERE conversation_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id
        ) said""",
        original,
        conversation_id,
        before,
    )


async def unanswered(
    connection: PooledConnection, tenant: str, *, since: datetime, until: datetime, limit: int
) -> list[UnansweredQuestion]:
    """Questions of [since, until) whose answer found nothing, the most frequent first.

    A branch of a conversation repeats its exchanges, which count once.
    """
    rows = await connection.fetch(
        """SELECT min(asked.content) AS question, collection, answered.finish_reason,
            count(DISTINCT answered.query_id) AS times, max(answered.created_at) AS last_at
        FROM messages answered
        JOIN messages asked ON asked.query_id = answered.query_id
            AND asked.conversation_id = answered.conversation_id AND asked.role = 'user'
        JOIN conversations ON conversations.id = answered.conversation_id
        WHERE answered.tenant = $1 AND answered.created_at >= $2 AND answered.created_at < $3
          AND answered.finish_reason IN ('no_context', 'near_miss')
        GROUP BY collection, answered.finish_reason, lower(asked.content)
        ORDER BY times DESC, last_at DESC LIMIT $4""",
        tenant,
        since,
        until,
        limit,
    )
    return [UnansweredQuestion(**dict(row)) for row in rows]


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


def _literally(word: str) -> str:
    """The word for LIKE, to which some characters mean others."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
