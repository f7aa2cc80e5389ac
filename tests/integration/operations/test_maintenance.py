"""Upkeep on a real database: what is purged, vacuumed, rebuilt and refreshed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.db.operations import housekeeping, statistics, vacuum
from app.db.search.spaces import vectors_table
from app.ingestion.queue.jobs import dedupe_key
from app.services.operations.housekeeping import HousekeepingService
from app.services.operations.maintenance import MaintenanceCommand
from app.services.operations.query_plans import PlanService
from tests.support.ingestion import DIMENSION, TENANT, Desk
from tests.support.waiting import until

# Vectors that no chunk stands behind: enough that a graph of a tenth of them is worth rebuilding.
FILL = f"""
INSERT INTO {{table}} (chunk_id, document_id, version, embedding)
SELECT n, gen_random_uuid(), 1, ARRAY(SELECT random() + 0 * n FROM generate_series(1, {DIMENSION}))::vector::halfvec
FROM generate_series(1000000, 1006000) n
"""


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    yield desk
    await desk.database.close()


async def count(desk: Desk, table: str) -> int:
    async with desk.database.connection() as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def test_chunks_are_purged_in_batches_of_bounded_size_with_their_vectors(desk: Desk) -> None:
    kept = await desk.add("kept", "kept.txt")
    for number in range(3):
        gone = await desk.add("\n".join(f"line {number} {n}" for n in range(10)), f"{number}.txt")
        await desk.documents.delete(TENANT, gone.id)
    table = vectors_table((await desk.collections.resolve(TENANT, "default")).space.id)
    sizes = []
    while True:
        async with desk.database.transaction() as connection:
            batch = await housekeeping.purge_chunks(connection, 7)
        if not batch:
            break
        sizes.append(batch)
        assert await count(desk, table) == await count(desk, "chunks")
    assert sizes == [7, 7, 7, 7, 2]
    assert await desk.visible(kept.id) == ["kept"]


async def test_a_deleted_collection_is_gone_at_once_and_its_rows_by_and_by(desk: Desk) -> None:
    await desk.ingest(await desk.upload("one\ntwo", "a.txt", "doomed"))
    await desk.collections.delete(TENANT, "doomed")
    assert [item.collection.name for item in (await desk.collections.list(TENANT)).items] == []
    assert await count(desk, "chunks") == 2
    done = await HousekeepingService(desk.database).once()
    assert (done["chunks"], done["documents"], done["vector tables"], done["collections"]) == (2, 1, 0, 0)
    done = await HousekeepingService(desk.database, spaces_stay=0).once()
    assert (done["vector tables"], done["collections"]) == (1, 1)
    assert await count(desk, "embedding_spaces") == 0


async def test_cached_results_go_with_their_collection_even_if_they_are_pinned(desk: Desk) -> None:
    await desk.ingest(await desk.upload("one", "a.txt", "doomed"))
    await desk.add("one")
    async with desk.database.connection() as connection:
        await connection.execute(
            """INSERT INTO query_cache (cache_key, query_text, result_data, expires_at, namespace, tenant,
                collection_id, partition, pinned)
            SELECT name || n, 'q', '', now() + interval '1 day', 'answer', tenant, id, '', n = 1
            FROM collections, generate_series(1, 2) n"""
        )
    assert (await HousekeepingService(desk.database).once())["cached results"] == 0
    await desk.collections.delete(TENANT, "doomed")
    assert (await HousekeepingService(desk.database, spaces_stay=0).once())["cached results"] == 2
    assert await count(desk, "query_cache") == 2


async def test_a_space_that_somebody_reads_is_dropped_later(desk: Desk) -> None:
    await desk.ingest(await desk.upload("one", "a.txt", "doomed"))
    space = (await desk.collections.resolve(TENANT, "doomed")).space.id
    await desk.collections.delete(TENANT, "doomed")
    async with desk.database.transaction() as reader:
        await reader.fetch(f"SELECT * FROM {vectors_table(space)}")
        assert (await HousekeepingService(desk.database, spaces_stay=0).once())["vector tables"] == 0
    assert (await HousekeepingService(desk.database, spaces_stay=0).once())["vector tables"] == 1


async def test_one_replica_cleans_up_at_a_time(desk: Desk) -> None:
    gone = await desk.add("gone")
    await desk.documents.delete(TENANT, gone.id)
    async with desk.database.transaction() as other:
        assert await housekeeping.try_lock(other)
        assert (await HousekeepingService(desk.database).once()).total() == 0
        waiting = asyncio.create_task(HousekeepingService(desk.database, patient=True).once())
        await until(
            lambda: other.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        )
        assert not waiting.done()
    assert (await waiting)["chunks"] == 1


async def test_held_jobs_go_with_what_they_failed_at(desk: Desk) -> None:
    failed = [await desk.add(f"!{name}", f"{name}.txt") for name in ("kept", "retried", "deleted")]
    lost = await desk.upload("!lost", "lost.txt", "doomed")
    await desk.ingest(lost)
    held = [dedupe_key(document.id, document.version) for document in (*failed, lost)]
    async with desk.database.connection() as connection:
        await connection.execute("DELETE FROM pgqueuer")
        await connection.executemany(
            "INSERT INTO pgqueuer (priority, status, entrypoint, dedupe_key) VALUES (0, 'failed', 'ingest', $1)",
            [(key,) for key in held],
        )
    await desk.documents.retry(TENANT, failed[1].id)
    await desk.documents.delete(TENANT, failed[2].id)
    await desk.collections.delete(TENANT, "doomed")
    assert (await HousekeepingService(desk.database).once())["held jobs"] == 3
    assert await desk.queued() == [(held[0], "failed"), (held[1], "queued")]


async def test_what_the_queue_wrote_down_is_kept_for_a_week(desk: Desk) -> None:
    async with desk.database.connection() as connection:
        await connection.execute(
            """INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint)
            SELECT now() - n * interval '1 day', n, 'successful', 0, 'ingest' FROM generate_series(20, 1, -1) n"""
        )
        sizes = []
        while purged := await housekeeping.purge_job_records(connection, 5):
            sizes.append(purged)
    assert sizes == [5, 5, 4]
    assert await count(desk, "pgqueuer_log") == 6


async def test_a_bloated_graph_is_rebuilt_to_the_size_of_a_new_one(desk: Desk) -> None:
    await desk.add("one")
    table = vectors_table((await desk.collections.resolve(TENANT, "default")).space.id)
    async with desk.database.connection() as connection:
        await connection.execute(FILL.format(table=table))
        [full] = await vacuum.graphs(connection)
        assert not full.bloated
        assert full.size_bytes == pytest.approx(full.expected_bytes, rel=0.15)
        await connection.execute(f"DELETE FROM {table} WHERE chunk_id >= 1000300")
    deeds = [deed async for deed in MaintenanceCommand(desk.database).run()]
    assert [deed.what for deed in deeds if table in deed.detail] == ["vacuumed", "rebuilt"]
    async with desk.database.connection() as connection:
        [graph] = await vacuum.graphs(connection)
    assert graph.size_bytes < full.size_bytes / 5
    assert not graph.bloated
    again = [deed async for deed in MaintenanceCommand(desk.database).run()]
    assert "rebuilt" not in {deed.what for deed in again}


async def test_indexes_are_rebuilt_when_more_chunks_came_and_went_than_there_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vacuum, "_FEW_ROWS", 40)
    size = "SELECT pg_relation_size('chunks_tsv')"
    await desk.add("kept", "kept.txt")
    for number in range(2):
        text = "\n".join(" ".join(f"word{number}x{line}x{word}" for word in range(40)) for line in range(60))
        gone = await desk.add(text, f"{number}.txt")
        await desk.documents.delete(TENANT, gone.id)
    await HousekeepingService(desk.database).once()
    async with desk.database.connection() as connection:
        chunks, _ = await vacuum.turnovers(connection, "query_cache")
        assert chunks == vacuum.Turnover("chunks", live=1, made=121, gone=120)
        await vacuum.vacuum(connection, "chunks")
        before = await connection.fetchval(size)
    warnings = (await PlanService(desk.database).explain(TENANT)).warnings
    assert "The indexes of chunks hold 120 rows that are gone: `localchat maintain`." in warnings
    deeds = [deed.detail async for deed in MaintenanceCommand(desk.database).run() if deed.what == "rebuilt"]
    assert deeds == ["indexes of chunks: 1 rows are there, 120 came and went"]
    async with desk.database.connection() as connection:
        assert await connection.fetchval(size) < before / 4
        chunks, _ = await vacuum.turnovers(connection, "query_cache")
        assert not chunks.bloated
    await desk.add("more", "more.txt")
    async with desk.database.connection() as connection:
        chunks, _ = await vacuum.turnovers(connection, "query_cache")
        assert chunks == vacuum.Turnover("chunks", live=2, made=122, gone=0)


async def test_the_indexes_of_the_cache_are_rebuilt_when_more_results_came_and_went_than_there_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vacuum, "_FEW_ROWS", 400)
    async with desk.database.connection() as connection:
        await connection.execute(
            """INSERT INTO query_cache (cache_key, query_text, result_data, expires_at, namespace, partition)
            SELECT md5(n::text), '', '', now(), 'answer', '' FROM generate_series(1, 3000) n;
            INSERT INTO query_cache_vectors (cache_key, partition, vector)
            SELECT cache_key, '', '[1,2,3]' FROM query_cache;
            DELETE FROM query_cache WHERE id > 10"""
        )
        sizes = "SELECT pg_indexes_size('query_cache') + pg_indexes_size('query_cache_vectors')"
        before = await connection.fetchval(sizes)
    report = await PlanService(desk.database).explain(TENANT)
    assert "The indexes of query_cache hold 2990 rows that are gone: `localchat maintain`." in report.warnings
    deeds = [deed.detail async for deed in MaintenanceCommand(desk.database).run() if deed.what == "rebuilt"]
    assert deeds == ["indexes of query_cache: 10 rows are there, 2990 came and went"]
    async with desk.database.connection() as connection:
        assert await connection.fetchval(sizes) < before / 4
    again = [deed.what async for deed in MaintenanceCommand(desk.database).run()]
    assert "rebuilt" not in again


async def test_autovacuum_acts_early_on_what_grows_or_changes_much(desk: Desk) -> None:
    await desk.add("one")
    space = vectors_table((await desk.collections.resolve(TENANT, "default")).space.id)
    async with desk.database.connection() as connection:
        rows = await connection.fetch(
            """SELECT c.relname, o.option_name, o.option_value::float AS value
            FROM pg_class c, pg_options_to_table(c.reloptions) o WHERE o.option_name LIKE 'autovacuum%factor'"""
        )
    acts: dict[str, dict[str, float]] = {}
    for row in rows:
        acts.setdefault(row["relname"], {})[row["option_name"]] = row["value"]
    for table in ("chunks", "documents", "query_cache", "query_cache_vectors", space):
        assert acts[table]["autovacuum_vacuum_scale_factor"] <= 0.1
        assert acts[table]["autovacuum_analyze_scale_factor"] <= 0.05
    for table in ("chunks", "query_cache", "query_cache_vectors", space):
        assert acts[table]["autovacuum_vacuum_insert_scale_factor"] <= 0.1


async def test_what_a_rebuild_left_behind_is_dropped(desk: Desk) -> None:
    await desk.add("one")
    table = vectors_table((await desk.collections.resolve(TENANT, "default")).space.id)
    async with desk.database.connection() as connection:
        left = {
            f"{table}_hnsw_ccnew": f"{table} (chunk_id)",
            "chunks_tsv_ccold1": "chunks (page)",
            "query_cache_scope_ccnew": "query_cache (tenant)",
        }
        for index, on in left.items():
            await connection.execute(f"CREATE INDEX {index} ON {on}")
            await connection.execute(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::text::regclass", index
            )
        assert set(await vacuum.drop_leftovers(connection, "query_cache")) == set(left)
        assert await vacuum.drop_leftovers(connection, "query_cache") == []


async def test_views_are_refreshed_by_one_replica_while_others_read(desk: Desk) -> None:
    await desk.add("one\ntwo")
    async with desk.database.transaction() as first, desk.database.transaction() as second:
        assert await statistics.refresh(first, "collection_statistics")
        assert not await statistics.refresh(second, "collection_statistics")
        assert await second.fetchval("SELECT count(*) FROM collection_statistics") == 0
    async with desk.database.connection() as connection:
        row = await connection.fetchrow("SELECT documents, ready, chunks, tokens FROM collection_statistics")
        assert row is not None
        assert tuple(row) == (1, 1, 2, 2)
        assert await statistics.due(connection) == ["document_statistics", "query_statistics"]
        assert await statistics.due(connection, min_age=0) != []
    async with desk.database.transaction() as late:
        assert not await statistics.refresh(late, "collection_statistics", min_age=60)
        assert await statistics.refresh(late, "collection_statistics")
