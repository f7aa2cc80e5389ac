"""One behaviour for every tier, and for the chain of them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from app.cache.backend import EVERYTHING, CacheBackend, EntryMetadata, Scope
from app.cache.backends.memory import MemoryCache
from app.embedded.services.postgres import EmbeddedPostgres
from tests.support.cache.assembly import (
    MAX_VALUE,
    ChainBackend,
    assemble,
    key_of,
    new_codec,
    open_postgres_cache,
    open_redis_cache,
)
from tests.support.cache.chaos import Chaos, ChaosCache
from tests.support.waiting import until

NAMES = ["memory", "redis", "cluster", "postgres", "chaos", "chain"]
ABOUT = EntryMetadata(question="what?", parameters={"top_k": 5}, metadata={"model": "m"}, corpus_version=1)


@dataclass(frozen=True)
class Servers:
    """The addresses of empty ones."""

    database: str
    valkey: str
    cluster: str


def memory_cache() -> MemoryCache[bytes]:
    return MemoryCache(weigh=len, max_value_bytes=MAX_VALUE)


@contextlib.asynccontextmanager
async def open_backend(name: str, servers: Servers) -> AsyncIterator[CacheBackend[bytes]]:
    match name:
        case "memory":
            yield memory_cache()
        case "chaos":
            yield ChaosCache(memory_cache(), Chaos())
        case "redis":
            async with open_redis_cache(servers.valkey) as backend:
                yield backend
        case "cluster":
            async with open_redis_cache(servers.cluster) as backend:
                yield backend
        case "postgres":
            async with open_postgres_cache(servers.database) as backend:
                yield backend
        case _:
            async with open_redis_cache(servers.valkey) as l2, open_postgres_cache(servers.database) as l3:
                whole = ChainBackend(assemble([l2, l3], codec=new_codec(compress_above=1 << 30)))
                yield whole
                await whole.close()


@pytest.fixture(scope="module")
def scratch_database(postgres_server: EmbeddedPostgres) -> str:
    """One database for all tests here: each makes the cache's table anew."""

    async def create() -> None:
        admin = await asyncpg.connect(postgres_server.url("postgres"))
        await admin.execute("CREATE DATABASE cache_conformance")
        await admin.close()

    asyncio.run(create())
    return postgres_server.url("cache_conformance")


@pytest.fixture
def servers(scratch_database: str, valkey_url: str, cluster_url: str) -> Servers:
    return Servers(scratch_database, valkey_url, cluster_url)


@pytest.fixture(params=NAMES)
async def backend(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[CacheBackend[bytes]]:
    async with open_backend(request.param, servers) as opened:
        yield opened


async def test_what_was_never_set_is_missing(backend: CacheBackend[bytes]) -> None:
    assert await backend.get(key_of()) is None


async def test_a_value_comes_back_with_what_is_left_of_its_life(backend: CacheBackend[bytes]) -> None:
    assert await backend.set(key_of(), b"\x00\xff value", ttl=60, about=ABOUT)
    entry = await backend.get(key_of())
    assert entry is not None
    assert entry.value == b"\x00\xff value"
    assert 50 < entry.deadline - time.monotonic() <= 60


async def test_the_last_value_set_wins_and_restarts_its_life(backend: CacheBackend[bytes]) -> None:
    await backend.set(key_of(), b"old", ttl=5, about=ABOUT)
    await backend.set(key_of(), b"new", ttl=60, about=ABOUT)
    entry = await backend.get(key_of())
    assert entry is not None
    assert entry.value == b"new"
    assert entry.deadline - time.monotonic() > 50


async def test_an_empty_value_differs_from_a_missing_one(backend: CacheBackend[bytes]) -> None:
    await backend.set(key_of(), b"", ttl=60, about=ABOUT)
    entry = await backend.get(key_of())
    assert entry is not None
    assert entry.value == b""


async def test_an_entry_is_gone_after_its_life(backend: CacheBackend[bytes]) -> None:
    await backend.set(key_of(), b"short", ttl=0.05, about=ABOUT)

    async def gone() -> bool:
        return await backend.get(key_of()) is None

    await until(gone)


async def test_delete_removes_one_entry_and_tells_whether_there_was_one(backend: CacheBackend[bytes]) -> None:
    await backend.set(key_of("a"), b"a", ttl=60, about=ABOUT)
    await backend.set(key_of("b"), b"b", ttl=60, about=ABOUT)
    assert await backend.delete(key_of("a"))
    assert not await backend.delete(key_of("a"))
    assert await backend.get(key_of("a")) is None
    assert await backend.get(key_of("b")) is not None


async def test_a_value_above_the_limit_is_skipped_and_what_it_replaces_is_gone(
    backend: CacheBackend[bytes],
) -> None:
    await backend.set(key_of(), b"small", ttl=60, about=ABOUT)
    assert not await backend.set(key_of(), b"x" * (MAX_VALUE + 1), ttl=60, about=ABOUT)
    assert await backend.get(key_of()) is None


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        (EVERYTHING, set()),
        (Scope(namespace="answer"), {"other namespace", "no collection"}),
        (Scope(tenant="acme"), {"other tenant"}),
        (Scope(collection=1), {"other collection", "no collection"}),
        (
            Scope("answer", "acme", 1),
            {"other namespace", "other tenant", "other collection", "no collection"},
        ),
        (
            Scope(tenant="*"),
            {"plain", "other namespace", "other tenant", "other collection", "no collection"},
        ),
    ],
    ids=["everything", "namespace", "tenant", "collection", "all three", "tenant *"],
)
async def test_clear_removes_its_scope_and_nothing_else(
    backend: CacheBackend[bytes], scope: Scope, kept: set[str]
) -> None:
    entries = {
        "plain": key_of(),
        "other namespace": key_of(namespace="retrieval"),
        "other tenant": key_of(tenant="a:c?me/é"),
        "other collection": key_of(collection=11),
        "no collection": key_of(namespace="embedding", collection=None),
    }
    for name, key in entries.items():
        await backend.set(key, name.encode(), ttl=60, about=ABOUT)
    removed = await backend.clear(scope)
    found = {name for name, key in entries.items() if await backend.get(key) is not None}
    assert found == kept
    assert removed == len(entries) - len(kept)


async def test_stats_count_entries_and_bytes_by_namespace(backend: CacheBackend[bytes]) -> None:
    await backend.set(key_of("a"), b"x" * 1000, ttl=60, about=ABOUT)
    await backend.set(key_of("b"), b"x" * 1000, ttl=60, about=ABOUT)
    await backend.set(key_of(namespace="embedding", collection=None), b"x" * 500, ttl=60, about=ABOUT)
    usage = (await backend.stats()).usage
    assert {namespace: held.entries for namespace, held in usage.items()} == {"answer": 2, "embedding": 1}
    # The chain stores envelopes, which are a little larger than their values.
    assert 2000 <= usage["answer"].bytes <= 2600
    assert 500 <= usage["embedding"].bytes <= 800


async def test_many_concurrent_readers_each_get_their_own_value(backend: CacheBackend[bytes]) -> None:
    keys = [key_of(str(number)) for number in range(300)]
    for number, key in enumerate(keys[::2]):
        await backend.set(key, str(number).encode(), ttl=60, about=ABOUT)
    entries = await asyncio.gather(*(backend.get(key) for key in keys))
    values = [None if entry is None else entry.value for entry in entries]
    assert values[::2] == [str(number).encode() for number in range(150)]
    assert values[1::2] == [None] * 150


async def test_a_reader_that_is_cancelled_disturbs_no_other(backend: CacheBackend[bytes]) -> None:
    await backend.set(key_of(), b"value", ttl=60, about=ABOUT)
    readers = [asyncio.create_task(backend.get(key_of())) for _ in range(10)]
    await asyncio.sleep(0)
    for reader in readers[::2]:
        reader.cancel()
    results = await asyncio.gather(*readers[1::2])
    assert [entry.value for entry in results if entry] == [b"value"] * 5


questions = st.integers(0, 3).map(str)
namespaces = st.sampled_from(["answer", "retrieval"])
values = st.binary(max_size=200)


@pytest.mark.parametrize("name", NAMES)
def test_any_sequence_of_operations_agrees_with_a_dict(name: str, servers: Servers) -> None:
    with asyncio.Runner() as runner:
        opening = open_backend(name, servers)
        backend = runner.run(opening.__aenter__())

        class Machine(RuleBasedStateMachine):
            def __init__(self) -> None:
                super().__init__()
                runner.run(backend.clear(EVERYTHING))
                self.model: dict[tuple[str, str], bytes] = {}

            @rule(question=questions, namespace=namespaces, value=values)
            def set(self, question: str, namespace: str, value: bytes) -> None:
                assert runner.run(backend.set(key_of(question, namespace), value, ttl=600, about=ABOUT))
                self.model[question, namespace] = value

            @rule(question=questions, namespace=namespaces)
            def get(self, question: str, namespace: str) -> None:
                entry = runner.run(backend.get(key_of(question, namespace)))
                assert (None if entry is None else entry.value) == self.model.get((question, namespace))

            @rule(question=questions, namespace=namespaces)
            def delete(self, question: str, namespace: str) -> None:
                removed = runner.run(backend.delete(key_of(question, namespace)))
                assert removed == (self.model.pop((question, namespace), None) is not None)

            @rule(namespace=namespaces)
            def clear(self, namespace: str) -> None:
                runner.run(backend.clear(Scope(namespace=namespace)))
                self.model = {key: value for key, value in self.model.items() if key[1] != namespace}

            @rule()
            def count(self) -> None:
                usage = runner.run(backend.stats()).usage
                assert sum(held.entries for held in usage.values()) == len(self.model)

        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=8,
                    stateful_step_count=25,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(opening.__aexit__(None, None, None))
