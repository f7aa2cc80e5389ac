"""What Postgres keeps of matching by meaning: traffic, labels, decisions and pairs kept apart."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.calibration import Decision, bin_of
from app.cache.semantic.observations import Label, Observed, Segment, Traffic
from app.cache.semantic.postgres_observations import MEMORY_HOURS, PostgresObservations
from app.db.database import Database
from app.db.outages import translated
from app.domain.retrieval import ServedMatch
from app.services.documents.collections import CollectionService
from tests.support.ingestion import TENANT, FakeModels

RIGHT = Label("asked", "matched", 0.95, True, served=True, source="pipeline", detail="all the same")
WRONG = replace(RIGHT, similarity=0.91, correct=False, served=False, detail="another passage is the best")


@dataclass
class Desk:
    database: Database
    semantics: PostgresObservations
    segment: Segment

    async def traffic(self, *similarities: float | None, served: bool = False) -> None:
        traffic = Traffic()
        for similarity in similarities:
            traffic.note(self.segment, similarity, served=served)
        await self.semantics.add_traffic(traffic.take())

    async def label(self, *labels: Label) -> None:
        for label in labels:
            await self.semantics.add_label(self.segment, label)

    async def observed(self) -> Observed:
        [observed] = await self.semantics.observed()
        return observed

    async def age(self, hours: int) -> None:
        for table, column in (
            ("semantic_traffic", "hour"),
            ("semantic_labels", "created_at"),
            ("semantic_matches", "created_at"),
        ):
            await self.database.pool.execute(
                f"UPDATE {table} SET {column} = {column} - make_interval(hours => $1)", hours
            )

    async def count(self, table: str) -> int:
        found: int = await self.database.pool.fetchval(f"SELECT count(*) FROM {table}")
        return found


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    held = HeldConnections(database.pool, translated=translated, acquire_timeout=5)
    created = await CollectionService(database, FakeModels(), default_model="fake").create(TENANT, "books")
    yield Desk(database, PostgresObservations(held), Segment("5" * 64, TENANT, created.collection.id, "answer"))
    await held.close()
    await database.close()


async def test_what_several_replicas_count_is_added_up(desk: Desk) -> None:
    await desk.traffic(0.95, 0.95, None)
    await desk.traffic(0.95, 0.91, served=True)
    await desk.label(RIGHT, WRONG, replace(RIGHT, correct=False))
    evidence = await desk.semantics.evidence(desk.segment.digest, recent=10)
    assert (evidence.tally.requests, evidence.served) == (5, 2)
    assert [evidence.tally.matches[bin_of(score)] for score in (0.95, 0.91)] == [3, 1]
    assert [evidence.tally.right[bin_of(0.95)], evidence.tally.wrong[bin_of(0.95)]] == [1, 1]
    assert evidence.tally.wrong[bin_of(0.91)] == 1
    assert list(evidence.recent) == [False, True], "the newest first, of those that were served"
    assert list((await desk.semantics.evidence(desk.segment.digest, recent=1)).recent) == [False]


async def test_examples_of_both_kinds_the_newest_first(desk: Desk) -> None:
    await desk.label(*(replace(RIGHT, question=f"question {number}") for number in range(3)), WRONG)
    right = await desk.semantics.examples(desk.segment.digest, correct=True, limit=2)
    assert [each.question for each in right] == ["question 2", "question 1"]
    [wrong] = await desk.semantics.examples(desk.segment.digest, correct=False, limit=2)
    assert replace(wrong, created_at=None, similarity=0.91, id=0) == WRONG
    assert wrong.created_at is not None


async def test_a_person_judges_an_example_either_way(desk: Desk) -> None:
    await desk.label(RIGHT)
    [example] = await desk.semantics.examples(desk.segment.digest, correct=True, limit=1)
    judged = await desk.semantics.judge(TENANT, example.id, correct=False)
    assert judged is not None
    assert (judged.id, judged.correct, judged.source, judged.served) == (example.id, False, "person", True)
    assert await desk.semantics.are_apart(TENANT, "matched", "asked")
    evidence = await desk.semantics.evidence(desk.segment.digest, recent=10)
    assert evidence.tally.wrong[bin_of(0.95)] == 1

    await desk.semantics.judge(TENANT, example.id, correct=True)
    assert not await desk.semantics.are_apart(TENANT, "asked", "matched")
    assert await desk.semantics.examples(desk.segment.digest, correct=False, limit=1) == []


async def test_nobody_judges_an_example_of_another_tenant(desk: Desk) -> None:
    await desk.label(RIGHT)
    [example] = await desk.semantics.examples(desk.segment.digest, correct=True, limit=1)
    assert await desk.semantics.judge("other", example.id, correct=False) is None
    assert await desk.semantics.judge(TENANT, example.id + 1, correct=False) is None
    assert not await desk.semantics.are_apart("other", "asked", "matched")
    assert [each.id for each in await desk.semantics.examples(desk.segment.digest, correct=True, limit=9)] == [
        example.id
    ]


async def test_a_segment_is_its_tenants_and_goes_with_its_collection(desk: Desk) -> None:
    await desk.traffic(0.95)
    assert await desk.semantics.observed("other") == []
    [observed] = await desk.semantics.observed(TENANT)
    assert (observed.segment, observed.collection, observed.labels) == (desk.segment, "books", 0)
    assert (observed.threshold, observed.calibrated_at) == (None, None)
    await CollectionService(desk.database, FakeModels(), default_model="fake").delete(TENANT, "books")
    assert await desk.semantics.observed(TENANT) == []


async def test_what_is_said_of_a_collection_that_is_gone_is_dropped(desk: Desk) -> None:
    gone = replace(desk.segment, collection=desk.segment.collection + 1, digest="6" * 64)
    traffic = Traffic()
    traffic.note(gone, 0.95)
    traffic.note(desk.segment, 0.95)
    await desk.semantics.add_traffic(traffic.take())
    await desk.semantics.add_label(gone, RIGHT)
    assert await desk.count("semantic_traffic") == 1
    assert await desk.count("semantic_labels") == 0


async def test_a_restart_leaves_what_was_seen_behind_and_outdates_other_decisions(desk: Desk) -> None:
    await desk.traffic(0.95, 0.95)
    await desk.label(RIGHT, RIGHT)
    seen = await desk.observed()
    await desk.semantics.decide(seen, Decision(0.93, "as labels say"))
    assert (await desk.observed()).threshold == 0.93
    await desk.semantics.decide(seen, Decision(None, "drift", restart=True))
    await desk.semantics.decide(seen, Decision(0.93, "another replica, a moment late"))
    observed = await desk.observed()
    assert (observed.threshold, observed.reason, observed.labels) == (None, "drift", 0)
    assert observed.since > seen.since
    evidence = await desk.semantics.evidence(desk.segment.digest, recent=10)
    assert (evidence.tally.labels, list(evidence.recent)) == (0, [])


async def test_what_is_too_old_is_neither_looked_at_nor_kept(desk: Desk) -> None:
    await desk.traffic(0.95)
    await desk.label(RIGHT)
    match = ServedMatch(UUID(int=9), desk.segment.digest, TENANT, "p" * 64, "k" * 64, "asked", "matched", 0.95)
    await desk.semantics.add_match(match)
    await desk.age(MEMORY_HOURS + 1)
    await desk.database.pool.execute("UPDATE semantic_segments SET since = since - interval '1 year'")
    evidence = await desk.semantics.evidence(desk.segment.digest, recent=10)
    assert (evidence.tally.requests, evidence.tally.labels) == (0, 0)
    await desk.semantics.purge()
    for table in ("semantic_traffic", "semantic_labels", "semantic_matches"):
        assert await desk.count(table) == 0


async def test_a_pair_is_kept_apart_whichever_is_asked_and_only_for_its_tenant(desk: Desk) -> None:
    for _ in range(2):
        await desk.semantics.keep_apart(TENANT, "p" * 64, "one", "other", 0.9)
    assert await desk.semantics.are_apart(TENANT, "one", "other")
    assert await desk.semantics.are_apart(TENANT, "other", "one")
    assert not await desk.semantics.are_apart(TENANT, "one", "third")
    assert not await desk.semantics.are_apart("beta", "one", "other")
    assert await desk.count("semantic_negatives") == 1
