"""API keys: each opens one tenant."""

import hashlib
import secrets

from app.db import api_keys
from app.db.database import Database


class KeyService:
    """Makes keys and tells whose they are. A key is 256 random bits, so one SHA-256 of it is safe to store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, tenant: str, name: str) -> str:
        """Returns the key, which cannot be read again."""
        key = f"lc_{secrets.token_urlsafe(32)}"
        async with self._database.connection() as connection:
            await api_keys.insert(connection, tenant, name, _hash(key))
        return key

    async def tenant_of(self, key: str) -> str | None:
        """The tenant that a key belongs to; None if it is unknown or revoked."""
        async with self._database.connection() as connection:
            return await api_keys.find_tenant(connection, _hash(key))


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
