"""What an operator does on one replica, as the other one sees it; on real Postgres and Valkey."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.cache.codec.envelope import Refusal
from app.cache.entry import CacheControl, CacheStatus
from app.cache.evidence import Freshness
from app.domain.query_ids import new_query_id
from app.errors import CacheUnavailable, InvalidInput, NotCached, NotFound, TierOff
from tests.support.cache.replicas import Fleet, Replica, open_fleet
from tests.support.ingestion import TENANT
from tests.support.waiting import until

FIRST, SECOND = "amber delta", "basalt ember"
EMPTY = {"tier": None, "namespace": None, "collection": None}


@pytest.fixture
async def fleet(database_url: str, valkey_url: str) -> AsyncIterator[Fleet]:
    async with open_fleet(database_url, valkey_url) as fleet:
        await fleet.desk.add("amber delta\nbasalt ember", "stones.txt")
        await fleet.settle()
        yield fleet


async def filled(fleet: Fleet, *questions: str) -> list[str]:
    """Let both replicas hold these questions in memory; their keys."""
    keys = [(await fleet.replicas[0].find(question)).key for question in questions]
    for question in questions:
        assert (await fleet.replicas[1].find(question)).status is CacheStatus.HIT
        assert (await fleet.replicas[1].find(question)).tier == "l1"
    return keys


async def until_missed(replica: Replica, question: str) -> None:
    """A removal reaches the memory of others by notification."""

    async def missed() -> bool:
        return not await _cached(replica, question)

    await until(missed)


async def _cached(replica: Replica, question: str) -> bool:
    try:
        await replica.find(question, CacheControl.ONLY_IF_CACHED)
    except NotCached:
        return False
    return True


async def test_an_entry_deleted_on_one_replica_is_gone_from_the_other(fleet: Fleet) -> None:
    here, there = fleet.replicas
    first, second = await filled(fleet, FIRST, SECOND)
    await here.admin.delete(TENANT, first)
    await until_missed(there, FIRST)
    assert await _cached(there, SECOND)
    with pytest.raises(NotFound):
        await here.admin.delete(TENANT, first)
    with pytest.raises(NotFound):
        await here.admin.delete("other", second)


async def test_a_wrong_hit_told_to_one_replica_takes_the_entry_from_the_other(fleet: Fleet) -> None:
    here, there = fleet.replicas
    first, _ = await filled(fleet, FIRST, SECOND)
    verdict = await there.feedback.record(TENANT, new_query_id(first), "wrong_hit")
    assert verdict.evicted
    await until_missed(here, FIRST)
    assert not await _cached(there, FIRST)
    assert await _cached(here, SECOND)
    assert not (await here.feedback.record("other", new_query_id(first), "wrong_hit")).evicted


async def test_clearing_by_tier_collection_and_namespace(fleet: Fleet) -> None:
    here, there = fleet.replicas
    await filled(fleet, FIRST, SECOND)
    assert await here.admin.clear(TENANT, **EMPTY | {"namespace": "answer"}) == 0
    assert await here.admin.clear("other", **EMPTY) == 0
    assert await here.admin.clear(TENANT, **EMPTY | {"tier": "l1"}) >= 2
    tiers: list[str | None] = []

    async def left_memory() -> bool:
        tiers.append((await there.find(FIRST, CacheControl.ONLY_IF_CACHED)).tier)
        return tiers[-1] != "l1"

    await until(left_memory)
    assert tiers[-1] in {"l2", "l3"}
    with pytest.raises(NotFound, match="absent"):
        await here.admin.clear(TENANT, **EMPTY | {"collection": "absent"})
    assert await here.admin.clear(TENANT, **EMPTY | {"collection": "default"}) == 2
    await until_missed(there, FIRST)
    await until_missed(there, SECOND)


async def test_a_pinned_entry_outlives_its_time_and_the_limits_on_every_replica(
    fleet: Fleet, database_url: str
) -> None:
    here, there = fleet.replicas
    first, _ = await filled(fleet, FIRST, SECOND)
    assert (await here.admin.pin(TENANT, first, pinned=True)).details.entry is not None
    with pytest.raises(NotFound):
        await here.admin.pin("other", first, pinned=True)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE query_cache SET expires_at = now() - interval '2 hours'")
    assert await there.admin.clear_expired() >= 1
    kept = await connection.fetch("SELECT cache_key FROM query_cache WHERE namespace = 'retrieval'")
    assert [row[0] for row in kept] == [first]
    assert there.cache.manager.l3 is not None
    await there.cache.manager.l3.eviction.sweep()
    left = await connection.fetchval("SELECT extract(epoch FROM expires_at - now()) FROM query_cache")
    assert 86_000 < left <= 86_400
    await connection.close()
    for tier in ("l2", "l1"):
        await there.admin.clear(TENANT, **EMPTY | {"tier": tier})
    assert (await there.find(FIRST)).tier == "l3"
    unpinned = (await there.admin.pin(TENANT, first, pinned=False)).details.entry
    assert unpinned is not None
    assert not unpinned.pinned


async def test_a_pin_does_not_keep_what_is_stale(fleet: Fleet) -> None:
    here, there = fleet.replicas
    [first] = await filled(fleet, FIRST)
    await here.admin.pin(TENANT, first, pinned=True)
    before = await there.find(FIRST)
    await fleet.desk.add("amber delta amber delta", "more.txt")
    await fleet.settle()
    for replica in (there, here):
        found = await replica.find(FIRST)
        assert found.value["results"] != before.value["results"]


async def test_a_pinned_entry_is_computed_anew_when_its_collections_time_is_over_and_stays_pinned(
    fleet: Fleet,
) -> None:
    here, there = fleet.replicas
    [first] = await filled(fleet, FIRST)
    await here.admin.pin(TENANT, first, pinned=True)
    await here.collections.update(TENANT, "default", settings={"cache": {"ttl": 1}})
    await asyncio.gather(here.heard(), there.heard())
    await asyncio.sleep(1.01)
    assert (await there.find(FIRST)).status is CacheStatus.MISS
    entry = (await here.admin.entry(TENANT, first)).details.entry
    assert entry is not None
    assert entry.pinned


async def test_an_entry_tells_the_documents_it_rests_on(fleet: Fleet) -> None:
    here, there = fleet.replicas
    [first] = await filled(fleet, FIRST)
    examined = await there.admin.entry(TENANT, first)
    assert examined.details.freshness is Freshness.FRESH
    assert [holding.tier for holding in examined.details.copies if holding.record] == ["l1", "l2", "l3"]
    assert [(each.filename, len(each.chunks)) for each in examined.documents] == [("stones.txt", 2)]
    assert examined.collection == "default"
    await fleet.desk.add("amber delta amber", "more.txt")
    await fleet.settle()
    assert (await here.admin.entry(TENANT, first)).details.freshness is Freshness.STALE
    with pytest.raises(NotFound):
        await here.admin.entry("other", first)


async def test_entries_are_found_by_their_question_page_by_page(fleet: Fleet) -> None:
    here, there = fleet.replicas
    await filled(fleet, FIRST, SECOND)
    await there.find(SECOND)
    page = await here.admin.entries(TENANT, text="A", namespace="retrieval", collection="default", limit=1)
    rest = await here.admin.entries(TENANT, text="A", namespace="retrieval", limit=1, cursor=page.next_cursor)
    assert [each.entry.question for each in page.items + rest.items] == [SECOND, FIRST]
    assert rest.next_cursor is None
    assert page.items[0].collection == "default"
    for cursor in ("x", "-1", "٣", "9" * 12):
        with pytest.raises(InvalidInput, match="cursor"):
            await here.admin.entries(TENANT, limit=1, cursor=cursor)
    top = await there.admin.top(TENANT, limit=5, namespace="retrieval")
    assert (top[0].entry.question, top[0].entry.hit_count) == (SECOND, 3)
    assert await there.admin.top("other", limit=5) == []


async def test_statistics_tell_ones_own_counts_and_everybodys_holdings(fleet: Fleet) -> None:
    here, there = fleet.replicas
    await filled(fleet, FIRST, SECOND)
    mine, theirs = await asyncio.gather(here.admin.stats(), there.admin.stats())
    assert (mine["namespaces"]["retrieval"]["misses"], theirs["namespaces"]["retrieval"]["misses"]) == (2, 0)
    assert theirs["namespaces"]["retrieval"]["hits"] == 4
    for stats in (mine, theirs):
        for tier in ("l2", "l3"):
            assert stats["tiers"][tier]["namespaces"]["retrieval"]["entries"] == 2
            assert stats["tiers"][tier]["namespaces"]["retrieval"]["bytes"] > 0
    assert theirs["seconds_saved"] > 0
    assert theirs["tiers"]["l1"]["latency_ms"]["p99"] < 1000


async def test_a_collection_limits_how_long_and_how_much_is_kept_of_it(fleet: Fleet, database_url: str) -> None:
    here, there = fleet.replicas
    [first] = await filled(fleet, FIRST)
    limits = {"ttl": 60, "max_entries": 1}
    changed = await here.collections.update(TENANT, "default", settings={"cache": limits})
    assert changed.collection.settings["cache"] == limits
    await asyncio.gather(here.heard(), there.heard())
    assert (await there.find(FIRST)).key == first
    await there.find(SECOND)
    assert 50 < (await there.find(SECOND)).expires_in <= 60
    await there.cache.chain.tiers.clear(tier="l1")
    assert 50 < (await here.find(SECOND)).expires_in <= 60
    connection = await asyncpg.connect(database_url)
    assert here.cache.manager.l3 is not None
    await connection.execute("UPDATE query_cache SET last_accessed_at = now() WHERE query_text = $1", SECOND)
    await here.cache.manager.l3.eviction.sweep()
    rows = await connection.fetch(
        "SELECT query_text, expires_at < now() + interval '61 s' FROM query_cache WHERE namespace = 'retrieval'"
    )
    assert [tuple(row) for row in rows] == [(SECOND, True)]
    assert here.cache.manager.l3.eviction.evicted == {"retrieval": 1}
    await there.collections.update(TENANT, "default", settings={"cache": {"max_bytes": 10}})
    await here.cache.manager.l3.eviction.sweep()
    assert await connection.fetchval("SELECT count(*) FROM query_cache WHERE namespace = 'retrieval'") == 0
    await connection.close()
    lifted = await there.collections.update(TENANT, "default", settings={"cache": {}})
    assert lifted.collection.settings == {"cache": {}}


async def test_the_analytics_statements_work_as_they_stand(fleet: Fleet, database_url: str) -> None:
    here, _ = fleet.replicas
    await filled(fleet, FIRST, SECOND)
    await here.find(FIRST)
    for replica in fleet.replicas:
        await replica.admin.top(TENANT, limit=1)  # writes the hits
    connection = await asyncpg.connect(database_url)
    await connection.execute("DELETE FROM query_cache WHERE namespace = 'embedding'")
    top = await connection.fetch(
        "SELECT query_text, hit_count FROM query_cache WHERE expires_at > NOW() ORDER BY hit_count DESC LIMIT 10;"
    )
    assert [tuple(row) for row in top] == [(FIRST, 3), (SECOND, 2)]
    whole = await connection.fetch(
        "SELECT COUNT(*), SUM(hit_count), AVG(hit_count), "
        "pg_size_pretty(pg_total_relation_size('query_cache')) FROM query_cache;"
    )
    assert [(row[0], row[1], float(row[2]), row[3].split()[1]) for row in whole] == [(2, 5, 2.5, "kB")]
    await connection.execute("UPDATE query_cache SET expires_at = now() - interval '1 s' WHERE hit_count = 2")
    expired = await connection.fetch("SELECT COUNT(*) FROM query_cache WHERE expires_at < NOW();")
    assert [tuple(row) for row in expired] == [(1,)]
    await connection.close()


async def test_a_payload_that_was_tampered_with_is_shown_as_refused(fleet: Fleet, database_url: str) -> None:
    [first] = await filled(fleet, FIRST)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE query_cache SET result_data = set_byte(result_data, 200, 1)")
    await connection.close()
    examined = await fleet.replicas[0].admin.entry(TENANT, first)
    refused = [each.tier for each in examined.details.copies if each.record is Refusal.SIGNATURE]
    assert refused == ["l3"]
    here = fleet.replicas[0].admin
    for tier in ("l1", "l2"):
        await here.clear(TENANT, **EMPTY | {"tier": tier})
    examined = await here.entry(TENANT, first)
    assert (examined.details.record, examined.details.freshness, examined.documents) == (None, None, ())
    assert examined.details.entry is not None


async def test_without_signing_keys_only_memory_can_be_managed(database_url: str, valkey_url: str) -> None:
    async with open_fleet(database_url, valkey_url, cache_signing_keys=()) as fleet:
        await fleet.desk.add("amber delta", "stones.txt")
        await fleet.settle()
        replica = fleet.replicas[0]
        key = (await replica.find(FIRST)).key
        assert [each.tier for each in (await replica.admin.entry(TENANT, key)).details.copies] == ["l1"]
        with pytest.raises(TierOff, match="CACHE_SIGNING_KEYS"):
            await replica.admin.top(TENANT, limit=1)
        with pytest.raises(TierOff, match="REDIS_URL"):
            await replica.admin.clear(TENANT, **EMPTY | {"tier": "l2"})
        assert list((await replica.admin.stats())["tiers"]) == ["l1"]
        await replica.admin.delete(TENANT, key)
        assert not await _cached(replica, FIRST)


async def test_a_tier_that_does_not_answer_is_named_and_the_others_are_cleared(database_url: str) -> None:
    async with open_fleet(database_url, "redis://127.0.0.1:1") as fleet:
        await fleet.desk.add("amber delta", "stones.txt")
        await fleet.settle()
        here, there = fleet.replicas
        key = (await here.find(FIRST)).key
        assert (await there.find(FIRST)).tier == "l3"
        copies = (await there.admin.entry(TENANT, key)).details.copies
        assert [(each.tier, each.available) for each in copies] == [("l1", True), ("l2", False), ("l3", True)]
        with pytest.raises(CacheUnavailable, match="l2"):
            await here.admin.delete(TENANT, key)
        await until_missed(there, FIRST)
        assert not (await here.feedback.record(TENANT, new_query_id(key), "wrong_hit")).evicted
        assert not (await here.admin.stats())["tiers"]["l2"]["available"]
