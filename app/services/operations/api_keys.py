"""API keys: each opens one tenant."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from app.db.database import Database
from app.db.tables import api_keys


@dataclass(frozen=True, slots=True)
class KnownKey:
    """The facts of a key that can be shown."""

    name: str
    tenant: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """The tenant that a key opens, and the name that it was made under."""

    tenant: str
    name: str


class KeyService:
    """Makes keys and looks up their owners. A key is 256 random bits, so one SHA-256 of it is safe to store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, tenant: str, name: str) -> str:
        """Returns the key, which cannot be read again."""
        key = f"lc_{secrets.token_urlsafe(32)}"
        async with self._database.connection() as connection:
            await api_keys.insert(connection, tenant, name, _hash(key))
        return key

    async def known(self) -> list[KnownKey]:
        """Every key, the oldest first."""
        async with self._database.connection() as connection:
            return [KnownKey(**row) for row in await api_keys.find_all(connection)]

    async def revoke(self, name: str) -> int:
        """Refuse the keys of this name from now on; how many there were."""
        async with self._database.connection() as connection:
            return await api_keys.revoke(connection, name)

    async def owner_of(self, key: str) -> KeyOwner | None:
        """Return who a key was given to; None if it is unknown or revoked."""
        async with self._database.connection() as connection:
            found = await api_keys.find_owner(connection, _hash(key))
        return KeyOwner(*found) if found else None


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
