"""What is kept of the cache's work and of slow statements, and what is told of plans, on a real database."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest

from app.cache.backends.postgres import reading
from app.cache.stats import CacheStats
from app.db.database import Database
from app.db.operations import statistics
from app.db.operations.plans import read_plan
from app.db.operations.slow_statements import SlowStatements, shape
from app.errors import InvalidInput, NotFound
from app.services.operations.analytics import AnalyticsService
from app.services.operations.cache_rollup import CacheRollup
from app.services.operations.query_plans import PlanService
from app.telemetry import correlation
from tests.support.ingestion import TENANT, Desk
from tests.support.waiting import until

SECRET = "the secret of the question"
COLLECTION_VIEW = "collection_statistics"


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    yield desk
    await desk.database.close()


@pytest.fixture
def analytics(desk: Desk) -> AnalyticsService:
    return AnalyticsService(desk.database)


async def refresh(desk: Desk) -> None:
    for view in statistics.VIEWS:
        async with desk.database.transaction() as connection:
            assert await statistics.refresh(connection, view)


def work(stats: CacheStats, *, hits: int = 0, misses: int = 0) -> None:
    counters = stats.of("retrieval")
    for _ in range(hits):
        stats.hit("l1", "retrieval", 1000)
        counters.requests += 1
        counters.seconds_saved += 0.5
        counters.tokens_saved += 10
    counters.requests += misses
    counters.misses += misses


async def noted(analytics: AnalyticsService) -> bool:
    return bool((await analytics.slow_statements(limit=5, cursor=None)).items)


async def test_replicas_add_up_and_nothing_is_counted_twice(desk: Desk, analytics: AnalyticsService) -> None:
    replicas = [CacheStats(), CacheStats()]
    rollups = [CacheRollup(desk.database, stats.totals) for stats in replicas]
    for hits in (3, 2):
        for stats in replicas:
            work(stats, hits=hits, misses=1)
        await asyncio.gather(*(rollup.write() for rollup in rollups))
    await asyncio.gather(*(rollup.write() for rollup in rollups))
    _, [row] = await analytics.savings(since=None, until=None)
    assert (row["requests"], row["hits"], row["misses"], row["hit_rate"]) == (14, 10, 4, 10 / 14)
    assert (row["seconds_saved"], row["tokens_saved"]) == (5.0, 100)


async def test_what_could_not_be_written_is_written_the_next_time(
    desk: Desk, analytics: AnalyticsService, database_url: str
) -> None:
    stats = CacheStats()
    lost = await Database.connect(database_url, min_size=0, max_size=1)
    rollup = CacheRollup(lost, stats.totals)
    work(stats, hits=2)
    await lost.close()
    await rollup.write_quietly()
    rollup._database = desk.database
    work(stats, hits=1)
    await rollup.write_quietly()
    _, [row] = await analytics.savings(since=None, until=None)
    assert row["hits"] == 3


async def test_hit_rates_are_told_by_minute_hour_and_day(desk: Desk, analytics: AnalyticsService) -> None:
    async with desk.database.connection() as connection:
        await connection.execute(
            """INSERT INTO cache_minutes SELECT m, 'answer', 4, 1, 1, 0, 0, 2, 0, 0, 0, 1.5, 7
            FROM generate_series('2026-03-01 23:58Z'::timestamptz, '2026-03-02 01:01Z', '1 minute') m"""
        )
    await refresh(desk)
    since, until = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    told = {}
    for step in ("minute", "hour", "day"):
        report = await analytics.hit_rates(since=since, until=until, step=step, namespace="answer")
        told[step] = [(row["at"].strftime("%d %H:%M"), row["requests"], row["hit_rate"]) for row in report.rows]
    assert len(told["minute"]) == 64
    assert told["hour"] == [("01 23:00", 8, 0.5), ("02 00:00", 240, 0.5), ("02 01:00", 8, 0.5)]
    assert told["day"] == [("01 00:00", 8, 0.5), ("02 00:00", 248, 0.5)]
    other = await analytics.hit_rates(since=since, until=until, step="hour", namespace="retrieval")
    assert other.rows == []
    assert other.as_of is not None


async def test_a_period_that_makes_no_sense_is_refused(analytics: AnalyticsService) -> None:
    now = datetime.now(UTC)
    with pytest.raises(InvalidInput, match="since"):
        await analytics.savings(since=now, until=now)
    with pytest.raises(InvalidInput, match="step"):
        await analytics.hit_rates(since=now - timedelta(days=30), until=now, step="minute", namespace=None)
    with pytest.raises(InvalidInput, match="cursor"):
        await analytics.slow_statements(limit=5, cursor="abc")


async def test_a_slow_statement_is_logged_and_kept_with_plan_and_request_but_without_values(
    desk: Desk, analytics: AnalyticsService, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    slow = SlowStatements(0.1)
    database = await Database.connect(database_url, min_size=1, max_size=2, observe=slow.note)
    keeping = asyncio.create_task(slow.run(database))
    token = correlation.bind(correlation.correlate(None, "request-7"))
    with caplog.at_level(logging.WARNING, logger="app.db.operations.slow_statements"):
        async with database.connection() as connection:
            await connection.fetch("SELECT 1")
            await connection.fetch("SELECT id, pg_sleep(0.15) FROM chunks WHERE text = $1", SECRET)
            await connection.fetch(
                "SELECT pg_sleep(0.15) WHERE $1::text <> '' AND cardinality($2::int[]) = 3", SECRET, [1, 2, 3]
            )
        await until(partial(noted, analytics))
    correlation.unbind(token)
    keeping.cancel()
    await asyncio.wait([keeping])
    await database.close()
    [kept] = (await analytics.slow_statements(limit=5, cursor=None)).items
    assert kept["parameters"] == [f"str({len(SECRET)})", "list(3)"]
    assert kept["seconds"] >= 0.15
    assert kept["request_id"] == "request-7"
    assert "Result" in kept["plan"]
    [record] = caplog.records
    assert vars(record)["parameters"] == (f"str({len(SECRET)})", "list(3)")
    assert vars(record)["plan"] == kept["plan"]
    assert SECRET not in str(kept) + str(vars(record))


async def test_to_keep_a_slow_statement_is_not_itself_kept(
    desk: Desk, analytics: AnalyticsService, database_url: str
) -> None:
    slow = SlowStatements(0.0)
    database = await Database.connect(database_url, min_size=1, max_size=2, observe=slow.note)
    keeping = asyncio.create_task(slow.run(database))
    async with database.connection() as connection:
        await connection.fetch("SELECT 1")
    await until(partial(noted, analytics))
    await asyncio.sleep(0.2)
    keeping.cancel()
    await asyncio.wait([keeping])
    await database.close()
    kept = [row["statement"] for row in (await analytics.slow_statements(limit=50, cursor=None)).items]
    assert kept[-1] == "SELECT 1"
    assert not [statement for statement in kept if "slow_statements" in statement]


async def test_slow_statements_are_listed_newest_first(desk: Desk, analytics: AnalyticsService) -> None:
    async with desk.database.connection() as connection:
        await connection.execute(
            "INSERT INTO slow_statements (at, seconds, statement, parameters) "
            "SELECT now(), n, 'SELECT ' || n, '{}' FROM generate_series(1, 5) n"
        )
    first = await analytics.slow_statements(limit=3, cursor=None)
    second = await analytics.slow_statements(limit=3, cursor=first.next_cursor)
    assert [row["seconds"] for row in (*first.items, *second.items)] == [5, 4, 3, 2, 1]
    assert second.next_cursor is None


def test_a_parameter_is_told_by_its_type_and_length() -> None:
    vector = np.zeros(384, dtype=np.float32)
    assert [shape(value) for value in ("abc", [1, 2], vector, 7, None, np.float32(1))] == [
        "str(3)",
        "list(2)",
        "ndarray(384)",
        "int",
        "NoneType",
        "float32",
    ]


async def test_collections_tell_what_they_held_when_it_was_last_added_up(
    desk: Desk, analytics: AnalyticsService
) -> None:
    await desk.add("one two\nthree")
    await desk.add("fine\npoison", "b.txt")
    assert (await desk.collections.get(TENANT, "default")).contents is None
    await refresh(desk)
    contents = (await desk.collections.get(TENANT, "default")).contents
    assert contents is not None
    assert (contents.ready, contents.partial, contents.failed, contents.failed_chunks) == (1, 1, 0, 1)
    assert (contents.tokens, contents.text_bytes) == (5, 22)
    assert contents.vector_bytes > 0
    [kind] = (await analytics.documents(TENANT)).rows
    assert (kind["media_type"], kind["documents"], kind["troubled"], kind["chunks"]) == ("text/plain", 2, 1, 4)
    assert (await analytics.documents("other")).rows == []


async def test_the_plans_told_are_those_of_the_statements_that_a_search_sends(desk: Desk) -> None:
    for number in range(30):
        await desk.add("\n".join(f"pump {number} valve {n}" for n in range(20)), f"{number}.txt")
    report = await PlanService(desk.database, cached=reading("query_cache")).explain(TENANT)
    plans = {plan.name: plan for plan in report.plans}
    assert {
        "collections.find",
        "vector_index.nearest",
        "lexical_index.look_up",
        "lexical_index.rank",
        "passages.fetch",
        "documents.page",
        "changes.between",
        "changes.nearest_of",
        "cache.read",
    } == set(plans)
    nearest = plans["vector_index.nearest"]
    assert nearest.execution_ms > 0
    assert nearest.buffers_hit > 0
    assert nearest.rows > 0
    assert report.collection == "default"
    assert "pump" not in str([plan.plan for plan in report.plans])


async def test_filtered_searches_are_explained_by_a_filter_of_ones_own(desk: Desk) -> None:
    for number in range(3):
        await desk.add(f"pump {number}\nvalve {number}", f"{number}.txt")
    async with desk.database.connection() as connection:
        await connection.execute("UPDATE documents SET metadata = $1 WHERE filename = '2.txt'", {"kind": "secret"})
    report = await PlanService(desk.database).explain(TENANT)
    filtered = {plan.name: plan for plan in report.plans if plan.name.endswith(" filtered")}
    assert set(filtered) == {
        "vector_index.matching filtered",
        "vector_index.nearest_exactly filtered",
        "lexical_index.rank_within filtered",
    }
    exact = filtered["vector_index.nearest_exactly filtered"]
    assert exact.title.endswith(", filtered by kind")
    assert exact.rows == 2
    assert "secret" not in str(report)


async def test_stale_statistics_and_indexes_that_are_not_used_are_warned_of(desk: Desk) -> None:
    await desk.add("one")
    async with desk.database.connection() as connection:
        await connection.execute(
            "ALTER TABLE slow_statements SET (autovacuum_enabled = off);"
            "INSERT INTO slow_statements (at, seconds, statement, parameters) "
            "SELECT now(), n, '', '{}' FROM generate_series(1, 2000) n;"
            "ALTER TABLE feedback SET (autovacuum_enabled = off);"
            "CREATE INDEX broken ON feedback (comment);"
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;"
            "SELECT pg_stat_force_next_flush();"
        )
        await connection.execute("SELECT 1")
    report = await PlanService(desk.database).explain(TENANT)
    assert "slow_statements was never analyzed: `localchat maintain` does it." in report.warnings
    assert "The index broken is not valid, so it is not used." in report.warnings


def test_a_plan_that_reads_everything_or_expected_little_is_warned_of() -> None:
    scan = {
        "Node Type": "Seq Scan",
        "Relation Name": "vectors_1",
        "Actual Rows": 20_000.0,
        "Rows Removed by Filter": 5,
        "Actual Loops": 1,
        "Actual Total Time": 9.0,
        "Plan Rows": 10,
    }
    plan = read_plan("vector_index.nearest", "SELECT\n 1", {"Plan": scan, "Planning Time": 1, "Execution Time": 9})
    assert plan.warnings == (
        "The index made for this (hnsw) is not used.",
        "All 20005 rows of vectors_1 are read: no index is used.",
        "Seq Scan gave 20000 rows where 10 were expected: the statistics are stale.",
    )
    assert plan.plan == ("Seq Scan on vectors_1 (9.000 ms, 20000 rows, 10 expected)",)


async def test_plans_of_nothing_and_of_an_absent_collection(desk: Desk) -> None:
    report = await PlanService(desk.database).explain(TENANT)
    assert (report.collection, report.plans) == (None, ())
    assert report.warnings[-1] == "There is no chunk with a vector to ask for."
    with pytest.raises(NotFound):
        await PlanService(desk.database).explain(TENANT, "absent")
