"""Keys and reach in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from typing_extensions import override

from app.domain.access.caller import AccessScope, Caller, with_included
from app.domain.access.keys import ApiKey, KeyGrant
from app.domain.access.quotas import parse_quotas
from app.errors import NoCollection, NotFound
from app.services.access.collections import CollectionAccess, OpenCollections
from app.services.access.keys import KeyService, NewKey
from app.services.access.rate_limits import RateLimits
from app.services.access.verified_keys import VerifiedKeys
from app.services.pagination import Page
from tests.support.fakes.documents import FakeDocuments

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = "lc_a-key"
# A key for each scope, and one for some collections alone.
KEYS = {scope: f"lc_{scope}" for scope in AccessScope}
NARROW_KEY = "lc_narrow"

_CALLERS = {
    KEY: Caller("acme", "laptop"),
    **{KEYS[scope]: Caller("acme", str(scope), with_included({scope})) for scope in AccessScope},
    NARROW_KEY: Caller("acme", "narrow", with_included({AccessScope.WRITE}), ("team-*",)),
}


def limits_of(*, key: str = "", tenant: str = "") -> RateLimits:
    """Limits in memory: `requests=5/minute, streams=1`."""
    quotas = [parse_quotas(tuple(filter(None, text.split(", ")))) for text in (key, tenant)]
    return RateLimits(*quotas, memory=FixedWindowRateLimiter(MemoryStorage()))


class FakeVerifiedKeys(VerifiedKeys):
    """`heard`: whether the keys can be proven without asking."""

    def __init__(self) -> None:
        self.heard = True

    @override
    def known(self, secret: str) -> Caller | None:
        return _CALLERS.get(secret) if self.heard else None

    @override
    async def verify(self, secret: str) -> Caller | None:
        return _CALLERS.get(secret)


class FakeAccess(CollectionAccess):
    def __init__(self, documents: FakeDocuments) -> None:
        self._documents = documents

    @override
    def reads(self, caller: Caller, name: str) -> bool:
        return caller.reaches(name)

    @override
    async def check_read(self, caller: Caller, name: str) -> None:
        if not caller.reaches(name):
            raise NoCollection(name)

    @override
    async def check_write(self, caller: Caller, name: str) -> None:
        await self.check_read(caller, name)

    @override
    async def readable(self, caller: Caller) -> OpenCollections | None:
        if caller.sees_all:
            return None
        return OpenCollections([1], ["default"]) if caller.reaches("default") else OpenCollections([], [])

    @override
    async def check_conversation(self, caller: Caller, conversation_id: UUID) -> None:
        if not caller.reaches("default"):
            raise NotFound("There is no such conversation.")


class FakeKeys(KeyService):
    def __init__(self) -> None:
        self.found: dict[UUID, ApiKey] = {}

    @override
    async def create(self, tenant: str, grant: KeyGrant, *, maker: Caller | None = None) -> NewKey:
        key = ApiKey(
            uuid4(), tenant, grant.label, grant.scopes, grant.collections, grant.groups, NOW, grant.expires_at
        )
        self.found[key.id] = key
        return NewKey(key, "lc_new")

    @override
    async def list(self, tenant: str | None, *, limit: int = 50, cursor: str | None = None) -> Page[ApiKey]:
        return Page(tuple(key for key in self.found.values() if tenant in {None, key.tenant})[:limit])

    @override
    async def change(self, key_id: UUID, changes: Mapping[str, Any], *, maker: Caller | None = None) -> ApiKey:
        self.found[key_id] = replace(self._find(key_id), **changes)
        return self.found[key_id]

    @override
    async def rotate(self, key_id: UUID, *, grace: timedelta, maker: Caller | None = None) -> NewKey:
        self.found[key_id] = replace(self._find(key_id), previous_until=NOW + grace)
        return NewKey(self.found[key_id], "lc_newer")

    @override
    async def revoke(self, key_id: UUID, *, maker: Caller | None = None) -> None:
        self.found[key_id] = replace(self._find(key_id), revoked_at=NOW)

    def _find(self, key_id: UUID) -> ApiKey:
        if key_id not in self.found:
            raise NotFound(f"There is no key {key_id}.")
        return self.found[key_id]
