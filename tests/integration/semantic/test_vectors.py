"""Looking up questions by their vectors: exact and by graph, and never across a partition."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.cache.backend import CacheKey, EntryMetadata, Scope
from app.cache.backends.postgres import PostgresCache
from app.cache.keys import KeySpec, Partition
from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.postgres_index import SESSION, PostgresQuestionIndex
from app.cli.database.migrate import run_migration
from app.db.database import Database
from app.db.outages import translated
from tests.support.waiting import until

DIMENSION = 8


@dataclass
class Store:
    database: Database
    cache: PostgresCache
    vectors: PostgresQuestionIndex

    async def put(self, spec: KeySpec, vector: NDArray[np.float32], *, ttl: float = 60) -> CacheKey:
        await self.cache.set(spec.key, b"result", ttl=ttl, about=EntryMetadata(question=spec.question))
        await self.vectors.add(spec.key, vector.tobytes())
        return spec.key

    async def fill(self, partition: str, rows: int, seed: int) -> None:
        """Rows of random directions, in one statement."""
        vectors = np.random.default_rng(seed).normal(size=(rows, DIMENSION))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        texts = ["[" + ",".join(f"{x:.6f}" for x in row) + "]" for row in vectors]
        await self.database.pool.execute(
            """WITH made AS (
                INSERT INTO query_cache (cache_key, query_text, result_data, expires_at, namespace, partition)
                SELECT md5($1 || n), $1 || n, '', now() + interval '1 hour', 'answer', $1
                FROM generate_series(1, $2) n RETURNING cache_key, query_text
            ) INSERT INTO query_cache_vectors (cache_key, partition, vector)
            SELECT cache_key, $1, ($3::text[])[substr(query_text, length($1) + 1)::int]::halfvec FROM made""",
            partition,
            rows,
            texts,
        )


@contextlib.asynccontextmanager
async def opened(url: str, **options: object) -> AsyncIterator[Store]:
    database = await Database.connect(url, min_size=1, max_size=6)
    held = HeldConnections(database.pool, translated=translated, acquire_timeout=5, session=SESSION)
    yield Store(
        database,
        PostgresCache(held, timeout=10),
        PostgresQuestionIndex(held, **{"timeout": 10, **options}),  # type: ignore[arg-type] # plain keyword options
    )
    await held.close()
    await database.close()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with opened(database_url) as opened_store:
        yield opened_store


def spec_of(question: str, tenant: str = "acme", collection: int = 1, **parts: str) -> KeySpec:
    return KeySpec(Partition("answer", tenant, collection, **parts), question)  # type: ignore[arg-type] # strings


def direction(*angles: float) -> NDArray[np.float32]:
    vector = np.zeros(DIMENSION, dtype="<f4")
    vector[: len(angles)] = angles
    scaled: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype("<f4")
    return scaled


async def test_the_nearest_questions_come_first_with_their_cosine(store: Store) -> None:
    for question, vector in (("far", direction(0, 1)), ("near", direction(1, 0.1)), ("same", direction(1))):
        await store.put(spec_of(question), vector)
    found = await store.vectors.nearest(spec_of("").key.partition, direction(1).tobytes(), limit=2)
    assert [each.question for each in found] == ["same", "near"]
    assert found[0].similarity == pytest.approx(1)
    assert found[1].similarity == pytest.approx(1 / np.sqrt(1.01), abs=1e-3)
    assert found[0].key == spec_of("same").key.digest
    partition = spec_of("").key.partition
    near = await store.vectors.nearest(partition, direction(1).tobytes(), limit=3, least=0.99)
    assert [each.question for each in near] == ["same", "near"]


async def test_what_expired_was_removed_or_is_quarantined_is_not_found(store: Store) -> None:
    for question in ("expired", "deleted", "cleared", "quarantined", "kept"):
        await store.put(spec_of(question), direction(1), ttl=-1 if question == "expired" else 60)
    await store.cache.delete(spec_of("deleted").key)
    await store.cache.clear(Scope(digest=spec_of("cleared").key.digest))
    assert await store.vectors.quarantine(spec_of("quarantined").key.digest)
    assert not await store.vectors.quarantine(spec_of("quarantined").key.digest)
    await store.vectors.add(spec_of("quarantined").key, direction(1).tobytes())
    found = await store.vectors.nearest(spec_of("").key.partition, direction(1).tobytes())
    assert [each.question for each in found] == ["kept"]


async def test_a_vector_without_its_entry_is_not_kept(store: Store) -> None:
    await store.vectors.add(spec_of("gone").key, direction(1).tobytes())
    assert await store.database.pool.fetchval("SELECT count(*) FROM query_cache_vectors") == 0


partitions = st.tuples(
    st.sampled_from(["acme", "beta", "default"]),
    st.integers(1, 4),
    st.sampled_from(["", "model:a", "model:b"]),
    st.sampled_from(["", "prompt 1"]),
)


@given(
    stored=st.lists(st.tuples(partitions, st.sampled_from(["what is it", "who", "is it?"])), max_size=25),
    asked=partitions,
    graph=st.booleans(),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_identical_questions_never_cross_a_tenant_or_a_collection(
    database_url: str, stored: list[tuple[tuple[str, int, str, str], str]],
    asked: tuple[str, int, str, str], graph: bool,
) -> None:  # fmt: skip
    """The same vector everywhere: only what is of the very partition is ever found, exactly or by graph."""

    def spec(place: tuple[str, int, str, str], question: str) -> KeySpec:
        tenant, collection, model, prompt = place
        return spec_of(question, tenant, collection, chat_model=model, prompt=prompt)

    async def run() -> None:
        async with opened(database_url, large=0, size_age=0) as store:
            await store.database.pool.execute("DELETE FROM query_cache")
            for place, question in stored:
                await store.put(spec(place, question), direction(1))
            if graph:
                await store.vectors.build_graphs()
            found = await store.vectors.nearest(spec(asked, "").key.partition, direction(1).tobytes(), limit=9)
            allowed = {spec(place, question).key.digest for place, question in stored if place == asked}
            assert {each.key for each in found} == allowed
            await store.database.pool.execute("DELETE FROM query_cache")

    asyncio.run(run())


async def test_a_large_partition_is_read_by_its_graph_and_a_small_one_in_full(database_url: str) -> None:
    async with opened(database_url, large=1000) as store:
        await store.fill("large", 3000, seed=1)
        await store.fill("other", 3000, seed=1)
        await store.fill("small", 40, seed=2)
        await store.database.pool.execute("ANALYZE query_cache_vectors, query_cache")
        await store.vectors.build_graphs()
        await store.vectors.build_graphs()
        asked = direction(0.3, -0.2, 0.5, 0.1)
        for partition in ("large", "small"):
            exact = await store.database.pool.fetch(
                """SELECT cache_key FROM query_cache_vectors WHERE partition = $1
                ORDER BY (vector <=> $2::halfvec) + 0.0 LIMIT 3""",
                partition,
                asked,
            )
            found = await store.vectors.nearest(partition, asked.tobytes())
            assert [each.key for each in found] == [row[0] for row in exact]
        assert "graph_8" in await plan(store, store.vectors, "large", asked)
        assert "graph_8" not in await plan(store, store.vectors, "small", asked)


async def chosen(vectors: PostgresQuestionIndex, partition: str, asked: NDArray[np.float32]) -> str:
    """The statement that `nearest` runs."""
    seen: list[str] = []
    fetch = vectors._connections.fetch

    async def watch(statement: str, *arguments: object) -> list[asyncpg.Record]:
        if "near.distance" in statement:
            seen.append(statement)
        return await fetch(statement, *arguments)

    vectors._connections.fetch = watch  # type: ignore[method-assign] # only this test looks at the statement
    await vectors.nearest(partition, asked.tobytes())
    vectors._connections.fetch = fetch  # type: ignore[method-assign]
    return seen[0]


async def plan(store: Store, vectors: PostgresQuestionIndex, partition: str, asked: NDArray[np.float32]) -> str:
    """How the statement that `nearest` chose is run."""
    statement = await chosen(vectors, partition, asked)
    rows = await store.database.pool.fetch(f"EXPLAIN {statement}", partition, asked, 2.0)
    return "\n".join(row[0] for row in rows)


async def test_a_graph_whose_building_failed_is_built_anew(database_url: str) -> None:
    async with opened(database_url, large=5) as store:
        await store.fill("large", 20, seed=1)
        await store.vectors.build_graphs()
        await store.database.pool.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'query_cache_vectors_graph_8'::regclass"
        )
        again = PostgresQuestionIndex(store.vectors._connections, large=5, timeout=10)
        await again.build_graphs()
        assert await store.database.pool.fetchval(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'query_cache_vectors_graph_8'::regclass"
        )


async def test_a_graph_that_another_replica_is_building_is_left_to_it_and_used_once_it_is_ready(
    database_url: str,
) -> None:
    async with opened(database_url, large=5) as store, opened(database_url, large=5) as other:
        await store.fill("large", 20, seed=1)
        asked = direction(1)
        async with store.database.pool.acquire() as writer, writer.transaction():
            await writer.execute("LOCK query_cache_vectors IN ROW EXCLUSIVE MODE")  # building waits for writers
            building = asyncio.create_task(store.vectors.build_graphs())
            begun = "SELECT count(*) FROM pg_stat_progress_create_index"
            await until(lambda: other.database.pool.fetchval(begun))
            await other.vectors.build_graphs()
            assert not building.done()
            assert "halfvec(8)" not in await chosen(other.vectors, "large", asked)
        await building
        await other.vectors.build_graphs()
        assert "halfvec(8)" in await chosen(other.vectors, "large", asked)


async def test_sizes_are_remembered_for_a_while_and_not_without_end(database_url: str) -> None:
    now = [0.0]
    async with opened(database_url, large=5, clock=lambda: now[0]) as store:
        await store.fill("one", 3, seed=1)
        assert await store.vectors._size_of("one") == 3
        await store.fill("one more: one", 4, seed=1)
        await store.database.pool.execute("UPDATE query_cache_vectors SET partition = 'one'")
        assert await store.vectors._size_of("one") == 3
        now[0] = 61
        assert await store.vectors._size_of("one") == 6  # counted no further than matters
        for number in range(4096):
            store.vectors._sizes[f"other {number}"] = (0, 1)
        assert await store.vectors._size_of("two") == 0
        assert len(store.vectors._sizes) == 1


async def test_another_table_has_vectors_of_its_own(database_url: str) -> None:
    await run_migration(database_url, 0, cache_table="other_cache")
    database = await Database.connect(database_url)
    assert await database.pool.fetchval("SELECT to_regclass('other_cache_vectors')") is not None
    await database.close()


async def test_a_connection_whose_session_cannot_be_set_is_given_up(database_url: str) -> None:
    database = await Database.connect(database_url, min_size=1, max_size=1)
    held = HeldConnections(database.pool, translated=translated, acquire_timeout=5, session="SET nothing.of TO")
    for _ in range(2):
        with pytest.raises(asyncpg.PostgresSyntaxError, match=re.escape("syntax error")):
            await held.fetch("SELECT 1")
    await held.close()
    await database.close()
