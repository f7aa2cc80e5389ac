"""API keys, of which only hashes are stored."""

from uuid import UUID

from app.db.database import PooledConnection


async def find_tenant(connection: PooledConnection, key_hash: bytes) -> str | None:
    tenant: str | None = await connection.fetchval(
        "SELECT tenant FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL", key_hash
    )
    return tenant


async def insert(connection: PooledConnection, tenant: str, name: str, key_hash: bytes) -> UUID:
    stored: UUID = await connection.fetchval(
        "INSERT INTO api_keys (tenant, name, key_hash) VALUES ($1, $2, $3) RETURNING id", tenant, name, key_hash
    )
    return stored
