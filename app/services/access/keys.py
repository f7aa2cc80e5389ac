"""API keys: made, listed, changed, rotated and revoked. A secret is shown once, and only its hash is stored."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from app.db.database import Database
from app.db.tables import api_keys
from app.domain.access.caller import EVERY_COLLECTION, AccessScope, Caller, with_included
from app.domain.access.keys import ApiKey, KeyGrant
from app.errors import Forbidden, InvalidInput, NotFound
from app.services.pagination import Page, page_of, uuid_of

PREFIX = "lc_"
_PATTERN = re.compile(r"[A-Za-z0-9_.*?-]{1,64}")


class NewKey(NamedTuple):
    """A key with its newest secret, which cannot be read again."""

    key: ApiKey
    secret: str


class FoundKey(NamedTuple):
    """A key, and the time until which the secret that led to it is valid; None for ever."""

    key: ApiKey
    valid_until: datetime | None


class KeyService:
    """Looks after the keys of tenants.

    A secret is 256 random bits. HMAC-SHA-256 of it is stored, under the first of `pepper`, so that a copy of the
    database makes no key and who can write to the database cannot either. Hashes under the other peppers are known,
    and plain SHA-256, which keys from before have.

    Args:
        database: where they are kept.
        pepper: secrets that the database does not hold, newest first; without any, SHA-256 alone is stored.
    """

    def __init__(self, database: Database, pepper: Sequence[str] = ()) -> None:
        self._database = database
        self._pepper = tuple(secret.encode() for secret in pepper)

    async def create(self, tenant: str, grant: KeyGrant, *, maker: Caller | None = None) -> NewKey:
        """Make a key.

        Args:
            tenant: whose data it opens.
            grant: what it opens there.
            maker: who makes it, and cannot give more than they have; None for the command line.

        Raises:
            InvalidInput: the grant makes no sense.
            Forbidden: the maker has less.
        """
        _check(grant)
        _check_maker(maker, tenant, grant)
        secret = _draw()
        async with self._database.transaction() as connection:
            return NewKey(await api_keys.insert(connection, tenant, grant, self._hashes(secret)[0]), secret)

    async def list(self, tenant: str | None, *, limit: int = 50, cursor: str | None = None) -> Page[ApiKey]:
        """Keys of a tenant, or of all, the oldest first. `cursor` is the last id of the page before."""
        after = uuid_of(cursor)
        async with self._database.connection() as connection:
            found = await api_keys.page(connection, tenant, after=after, limit=limit + 1)
        return page_of(found, limit, lambda key: key.id)

    async def change(self, key_id: UUID, changes: Mapping[str, Any], *, maker: Caller | None = None) -> ApiKey:
        """Change fields of a key's grant.

        Raises:
            NotFound: the maker may not see the key, or there is none.
            InvalidInput, Forbidden: as `create`.
        """
        async with self._database.transaction() as connection:
            key = _found(await api_keys.lock(connection, key_id), key_id, maker)
            grant = key.grant(**changes)
            _check(grant)
            _check_maker(maker, key.tenant, grant)
            return await api_keys.change(connection, key_id, grant)

    async def rotate(self, key_id: UUID, *, grace: timedelta, maker: Caller | None = None) -> NewKey:
        """Give a key a new secret. The one before stays valid for `grace`.

        Raises:
            NotFound: the maker may not see the key, or there is none.
            Forbidden: the key can do more than the maker.
        """
        secret = _draw()
        async with self._database.transaction() as connection:
            key = _found(await api_keys.lock(connection, key_id), key_id, maker)
            _check_maker(maker, key.tenant, key.grant())
            until = datetime.now(UTC) + grace
            return NewKey(await api_keys.rotate(connection, key_id, self._hashes(secret)[0], until), secret)

    async def revoke(self, key_id: UUID, *, maker: Caller | None = None) -> None:
        """Refuse a key from now on, with all its secrets. It stays in the list.

        Raises:
            NotFound: the maker may not see the key, or there is none.
        """
        async with self._database.transaction() as connection:
            _found(await api_keys.lock(connection, key_id), key_id, maker)
            await api_keys.revoke(connection, key_id)

    async def find(self, secret: str) -> FoundKey | None:
        """Return the key that a secret opens now; None if it is unknown, revoked or expired."""
        async with self._database.connection() as connection:
            found = await api_keys.find_valid(connection, self._hashes(secret))
        return None if found is None else FoundKey(*found)

    async def used(self, at: Mapping[UUID, datetime]) -> None:
        """Note when keys were used."""
        async with self._database.connection() as connection:
            await api_keys.used(connection, at)

    def _hashes(self, secret: str) -> Sequence[bytes]:
        """The hashes that a key may have, the one for new keys first."""
        keyed = [hmac.digest(pepper, secret.encode(), "sha256") for pepper in self._pepper]
        return [*keyed, hashlib.sha256(secret.encode()).digest()]


def _draw() -> str:
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def _check(grant: KeyGrant) -> None:
    if not grant.label.strip():
        raise InvalidInput("label: must not be blank.")
    if not grant.scopes:
        raise InvalidInput("scopes: at least one is needed.")
    if not grant.collections or not all(map(_PATTERN.fullmatch, grant.collections)):
        raise InvalidInput("collections: names or patterns of them, with * and ?; * alone for all.")
    if AccessScope.ADMIN in grant.scopes and grant.collections != EVERY_COLLECTION:
        raise InvalidInput("collections: an admin's key reaches every collection of its tenant.")
    if any(":" in group or not group.strip() for group in grant.groups):
        raise InvalidInput("groups: names without a colon, not blank.")
    if grant.expires_at is not None and grant.expires_at <= datetime.now(UTC):
        raise InvalidInput("expires_at: must be in the future.")


def _check_maker(maker: Caller | None, tenant: str, grant: KeyGrant) -> None:
    """Keys are made by admins, who reach every collection of their tenant. Only operators reach other tenants."""
    if maker is None:
        return
    if tenant != maker.tenant and not maker.may(AccessScope.OPERATOR):
        raise Forbidden("Keys of another tenant are made by a key with the scope operator.")
    beyond = with_included(grant.scopes) - maker.scopes
    if beyond:
        raise Forbidden(f"A key cannot give a scope that it does not have: {', '.join(sorted(beyond))}.")


def _found(key: ApiKey | None, key_id: UUID, maker: Caller | None) -> ApiKey:
    visible = key is not None and (maker is None or key.tenant == maker.tenant or maker.may(AccessScope.OPERATOR))
    if key is None or not visible:
        raise NotFound(f"There is no key {key_id}.")
    return key
