"""Verdicts on answers."""

from uuid import UUID

from app.db.database import PooledConnection


async def insert(connection: PooledConnection, tenant: str, query_id: UUID, verdict: str, comment: str) -> UUID:
    stored: UUID = await connection.fetchval(
        "INSERT INTO feedback (tenant, query_id, verdict, comment) VALUES ($1, $2, $3, $4) RETURNING id",
        tenant,
        query_id,
        verdict,
        comment,
    )
    return stored
