"""API keys, of which only hashes are stored."""

from typing import Any
from uuid import UUID

from app.db.database import PooledConnection


async def find_owner(connection: PooledConnection, key_hash: bytes) -> tuple[str, str] | None:
    """Return the tenant and the name of a key that is not revoked."""
    row = await connection.fetchrow(
        "SELECT tenant, name FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL", key_hash
    )
    return None if row is None else (row["tenant"], row["name"])


async def insert(connection: PooledConnection, tenant: str, name: str, key_hash: bytes) -> UUID:
    stored: UUID = await connection.fetchval(
        "INSERT INTO api_keys (tenant, name, key_hash) VALUES ($1, $2, $3) RETURNING id", tenant, name, key_hash
    )
    return stored


async def find_all(connection: PooledConnection) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT name, tenant, created_at, revoked_at FROM api_keys ORDER BY id")
    return [dict(row) for row in rows]


async def revoke(connection: PooledConnection, name: str) -> int:
    done: str = await connection.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL", name
    )
    return int(done.removeprefix("UPDATE "))
