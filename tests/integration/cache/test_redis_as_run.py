"""Redis as it is run: full, read-only, refusing, as a cluster and behind Sentinel. Each reason is told in words."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError  # noqa: A004 - the client's own

from app.cache.backend import EntryMetadata
from app.cache.backends.redis import RedisCache
from app.cache.backends.redis_health import check_redis
from app.errors import CacheUnavailable
from app.wiring.redis import open_redis
from tests.support.cache.assembly import key_of
from tests.support.folders import short_folder
from tests.support.processes.replica import hung
from tests.support.processes.valkey import ValkeyServer, refusing, running_valkey
from tests.support.waiting import until

ABOUT = EntryMetadata(question="what?")
SECONDS = 5.0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def one(folder: Path) -> Iterator[ValkeyServer]:
    with running_valkey(folder / "one") as server:
        server.ask("ACL", "SETUSER", "reader", "on", ">secret", "~localchat:*", "+@read")
        server.ask("ACL", "SETUSER", "cache", "on", ">secret", "~localchat:*", "+@read", "+@write")
        yield server


async def told(url: str, seconds: float = SECONDS) -> str | None:
    """Why the cache cannot use the Redis at an address; None if it can."""
    async with AsyncExitStack() as stack:
        client = open_redis(url, stack, connect_seconds=seconds, seconds=seconds)
        try:
            await check_redis(client)
        except CacheUnavailable as refusal:
            return refusal.detail
    return None


async def test_a_redis_that_takes_what_the_cache_writes_is_well(one: ValkeyServer, cluster_url: str) -> None:
    assert await told(one.url) is None
    assert await told(cluster_url) is None


async def test_a_user_with_the_rights_that_the_cache_needs_is_enough(one: ValkeyServer) -> None:
    assert await told(one.url.replace("//", "//cache:secret@")) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (lambda url: url.replace("//", "//cache:wrong@"), "another user or password"),
        (lambda url: url.replace("//", "//reader:secret@"), "may not read and write"),
        (lambda url: url.replace("/0", "/99"), "no database of the number"),
        (lambda url: url.replace("redis:", "redis+cluster:"), "should begin with redis://"),
        (lambda url: url.replace("redis:", "redis+sentinel:").replace("/0", "/documents"), "is a Sentinel"),
        (lambda _url: "redis://127.0.0.1:1", "does not answer"),
        (lambda _url: "redis+cluster://127.0.0.1:1", "does not answer"),
        (lambda _url: "redis+sentinel://127.0.0.1:1/documents", "No Sentinel names a primary"),
    ],
)
async def test_an_address_that_cannot_be_right_is_told_in_words(
    one: ValkeyServer, address: Callable[[str], str], reason: str
) -> None:
    assert reason in (await told(address(one.url)) or "nothing")


@pytest.mark.parametrize("scheme", ["rediss", "rediss+cluster"])
async def test_tls_to_a_server_without_it_is_told_in_words(one: ValkeyServer, scheme: str) -> None:
    """Such a server is silent: it waits for the end of a line."""
    assert "without TLS" in (await told(one.url.replace("redis", scheme), seconds=0.2) or "nothing")


async def test_a_server_of_a_cluster_is_told_from_one_by_itself(valkey_cluster: list[ValkeyServer]) -> None:
    for server in valkey_cluster:
        assert "redis+cluster://" in (await told(server.url) or "nothing")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("full", "full and evicts nothing"),
        ("read-only", "read-only replica"),
        ("password", "another user or password"),
        ("lonely", "ResponseError"),
    ],
)
async def test_a_redis_that_refuses_is_told_and_seen_to_recover(one: ValkeyServer, how: str, reason: str) -> None:
    with refusing(one.url, how):
        assert reason in (await told(one.url) or "nothing")
    assert await told(one.url) is None


async def test_a_full_server_of_a_cluster_is_told(cluster_url: str, valkey_cluster: list[ValkeyServer]) -> None:
    for server in valkey_cluster:
        with refusing(server.url, "full"):
            assert "full and evicts nothing" in (await told(cluster_url) or "nothing")


async def test_a_silent_server_is_told(one: ValkeyServer) -> None:
    async with AsyncExitStack() as stack:
        client = open_redis(one.url, stack, connect_seconds=SECONDS, seconds=0.2)
        await check_redis(client)
        with hung(one.process), pytest.raises(CacheUnavailable, match="does not answer in time"):
            await check_redis(client)


async def test_a_connection_that_broke_costs_one_read(one: ValkeyServer) -> None:
    async with AsyncExitStack() as stack:
        cache = RedisCache(open_redis(one.url, stack, connect_seconds=SECONDS, seconds=SECONDS), timeout=SECONDS)
        stack.push_async_callback(cache.close)
        assert await cache.get(key_of()) is None
        one.ask("CLIENT", "KILL", "TYPE", "normal")
        with pytest.raises(ConnectionError):
            await cache.get(key_of())
        assert await cache.get(key_of()) is None


async def test_keys_move_to_another_server_of_the_cluster_while_the_cache_is_used(
    cluster_url: str, valkey_cluster: list[ValkeyServer]
) -> None:
    async with AsyncExitStack() as stack:
        client = open_redis(cluster_url, stack, connect_seconds=SECONDS, seconds=SECONDS)
        cache = RedisCache(client, timeout=SECONDS)
        stack.push_async_callback(cache.close)
        keys = [key_of(str(number)) for number in range(30)]
        for key in keys:
            assert await cache.set(key, key.digest.encode(), ttl=600, about=ABOUT)
        giver, taker, other = valkey_cluster
        moved = set()
        for name in giver.ask("KEYS", "*"):
            slot = giver.ask("CLUSTER", "KEYSLOT", name)
            moved.add(slot)
            taker.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", giver.ask("CLUSTER", "MYID"))
            giver.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", taker.ask("CLUSTER", "MYID"))
            giver.ask("MIGRATE", "127.0.0.1", taker.port, name, 0, 5000)
            for server in (taker, giver, other):
                server.ask("CLUSTER", "SETSLOT", slot, "NODE", taker.ask("CLUSTER", "MYID"))
        assert moved
        found = await asyncio.gather(*map(cache.get, keys))
        assert [entry.value for entry in found if entry] == [key.digest.encode() for key in keys]
        for key in keys:
            assert await cache.set(key, b"new", ttl=600, about=ABOUT)
        assert await cache.delete(keys[0])


SENTINEL = """
sentinel monitor documents 127.0.0.1 {port} 1
sentinel down-after-milliseconds documents 1000
sentinel failover-timeout documents 5000
"""


@pytest.fixture
async def watched(folder: Path, tmp_path: Path) -> AsyncIterator[tuple[str, ValkeyServer, ValkeyServer]]:
    """The address of a Sentinel, the primary that it watches, and that one's replica."""
    with running_valkey(tmp_path / "primary") as primary:
        primary.configure(repl_diskless_sync_delay=0)
        follows = ("--replicaof", f"127.0.0.1 {primary.port}")
        with running_valkey(tmp_path / "replica", *follows) as replica:
            await until(lambda: replica.ask("ROLE")[3] == "connected")
            config = SENTINEL.format(port=primary.port)
            with running_valkey(tmp_path / "sentinel", "--sentinel", config=config) as sentinel:
                await until(lambda: sentinel.ask("SENTINEL", "REPLICAS", "documents"))
                yield f"redis+sentinel://127.0.0.1:{sentinel.port}/documents/0", primary, replica


async def test_the_cache_follows_the_primary_that_sentinel_names(
    watched: tuple[str, ValkeyServer, ValkeyServer],
) -> None:
    address, primary, replica = watched
    async with AsyncExitStack() as stack:
        client = open_redis(address, stack, connect_seconds=SECONDS, seconds=SECONDS)
        cache = RedisCache(client, timeout=SECONDS)
        stack.push_async_callback(cache.close)
        assert await cache.set(key_of("before"), b"before", ttl=600, about=ABOUT)
        assert primary.ask("DBSIZE") == 1
        await check_redis(client)
        await until(lambda: replica.ask("DBSIZE") == 2)
        primary.process.stop(0)
        await until(lambda: replica.ask("ROLE")[0] == "master")

        async def writes() -> bool:
            try:
                await check_redis(client)
                return await cache.set(key_of("after"), b"after", ttl=600, about=ABOUT)
            except Exception:  # noqa: BLE001 - whatever it says until the client has found the new primary
                return False

        await until(writes)
        found = [await cache.get(key_of(name)) for name in ("before", "after")]
        assert [entry and entry.value for entry in found] == [b"before", b"after"]
