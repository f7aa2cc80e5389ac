"""What models wrote about texts."""

from collections.abc import Sequence
from uuid import UUID

from app.db.database import PooledConnection

# A reading is noted at most so often, so that most of them write nothing.
_NOTED = "1 hour"
# About documents, and about conversations, whose texts are written again at little cost.
_KEPT = "30 days"
_KEPT_OF_CONVERSATIONS = "1 day"


async def find(connection: PooledConnection, tenant: str, keys: Sequence[bytes]) -> dict[bytes, tuple[str, float]]:
    """The texts that there are, by key, each with the seconds that it took to write."""
    rows = await connection.fetch(
        f"""WITH read AS (
            UPDATE model_texts SET used_at = now()
            WHERE tenant = $1 AND key = ANY ($2) AND used_at < now() - interval '{_NOTED}'
        ) SELECT key, text, seconds FROM model_texts WHERE tenant = $1 AND key = ANY ($2)""",
        tenant,
        list(keys),
    )
    return {bytes(row["key"]): (row["text"], row["seconds"]) for row in rows}


async def keep(
    connection: PooledConnection, tenant: str, key: bytes, *, document_id: UUID | None, text: str, seconds: float
) -> None:
    """Store a text; not if its document has been purged meanwhile."""
    await connection.execute(
        """INSERT INTO model_texts (tenant, key, document_id, text, seconds)
        SELECT $1, $2, $3, $4, $5 WHERE $3::uuid IS NULL OR EXISTS (SELECT FROM documents WHERE id = $3)
        ON CONFLICT (tenant, key)
            DO UPDATE SET text = excluded.text, seconds = excluded.seconds, used_at = now()""",
        tenant,
        key,
        document_id,
        text,
        seconds,
    )


async def purge(connection: PooledConnection, limit: int) -> int:
    """Delete texts that nobody has read for long, and those of deleted documents; returns how many."""
    done = await connection.execute(
        f"""DELETE FROM model_texts WHERE (tenant, key) IN (
            SELECT t.tenant, t.key FROM model_texts t LEFT JOIN documents d ON d.id = t.document_id
            WHERE t.used_at < now() - interval '{_KEPT}' OR d.deleted_at IS NOT NULL
              OR (t.document_id IS NULL AND t.used_at < now() - interval '{_KEPT_OF_CONVERSATIONS}')
            LIMIT $1)""",
        limit,
    )
    return int(done.removeprefix("DELETE "))
