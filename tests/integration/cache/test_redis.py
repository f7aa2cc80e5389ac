"""The Redis cache (L2) on a real Valkey."""

import pytest
from redis.asyncio import Redis

from app.cache.backend import EntryMetadata, Scope
from app.cache.backends.redis import RedisCache
from tests.support.cache.assembly import key_of

ABOUT = EntryMetadata(question="what?")


async def test_keys_are_named_alike_however_many_scopes_there_are(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cache.backends.redis._MAX_PREFIXES", 1)
    async with Redis.from_url(valkey_url) as client:
        cache = RedisCache(client, timeout=10)
        for tenant in ("acme", "other", "acme", "other"):
            await cache.set(key_of(tenant=tenant), tenant.encode(), ttl=60, about=ABOUT)
        async with Redis.from_url(valkey_url, decode_responses=True) as texts:
            names = {str(name).rpartition(":")[0] for name in await texts.keys("*")}
        assert names == {"localchat:answer:acme:1", "localchat:answer:other:1"}
        assert (await cache.get(key_of(tenant="other")) or pytest.fail("missed")).value == b"other"
        await cache.close()


async def test_clearing_walks_past_the_keys_of_others(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as client:
        await client.mset({f"other:{number}": "x" for number in range(5000)})
        cache = RedisCache(client, timeout=10)
        for number in range(10):
            await cache.set(key_of(str(number)), b"x", ttl=60, about=ABOUT)
        assert await cache.clear(Scope(tenant="acme")) == 10
        assert await client.dbsize() == 5000
