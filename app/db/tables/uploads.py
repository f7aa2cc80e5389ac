"""Idempotency keys of uploads, each with the reply to its upload."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db.database import PooledConnection


@dataclass(frozen=True, slots=True)
class IdempotentReply:
    fingerprint: str
    response: list[dict[str, Any]]
    created_at: datetime


async def recall(connection: PooledConnection, tenant: str, key: str) -> IdempotentReply | None:
    """The reply to an earlier upload with this Idempotency-Key; waits for an upload that is under way."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1 || ':' || $2, 0))", tenant, key)
    row = await connection.fetchrow(
        "SELECT fingerprint, response, created_at FROM upload_keys WHERE tenant = $1 AND key = $2", tenant, key
    )
    return IdempotentReply(**dict(row)) if row else None


async def remember(
    connection: PooledConnection, tenant: str, key: str, fingerprint: str, response: list[dict[str, Any]]
) -> None:
    await connection.execute(
        "INSERT INTO upload_keys (tenant, key, fingerprint, response) VALUES ($1, $2, $3, $4)",
        tenant,
        key,
        fingerprint,
        response,
    )
