"""Freshness: what is carried forward equals a fresh result, and whatever is in doubt is not served."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cache.entry import CacheEntry
from app.cache.evidence import ArmEvidence, ChangeSet, Evidence, Freshness
from app.cache.freshness.corpus_versions import NoServer, VersionWatch
from app.cache.freshness.validator import FreshnessGuard, FreshnessValidator
from tests.support.cache.assembly import (
    Clock,
    FakeChanges,
    FakeVersions,
    MemoryChangeLog,
    StoredChunk,
    key_of,
    vector_score,
)

DEPTH = 3
WORDS = ["cache", "tier", "token", "lease", "shard"]


def search(log: MemoryChangeLog, query: list[float], lexemes: frozenset[str]) -> tuple[list[int], Evidence]:
    """Exact retrieval over the corpus: both arms, to a depth, with ties broken by id."""
    vector = np.asarray(query, dtype="<f4")
    chunks = [chunk for document in log.documents.values() for chunk in document]
    by_vector = sorted(chunks, key=lambda chunk: (-vector_score(chunk, vector), chunk.id))[:DEPTH]
    matching = [chunk for chunk in chunks if chunk.lexemes & lexemes]
    by_words = sorted(matching, key=lambda chunk: (-len(chunk.lexemes & lexemes), chunk.id))[:DEPTH]
    ends = [
        ArmEvidence(vector_score(by_vector[-1], vector) if by_vector else None, len(by_vector) < DEPTH),
        ArmEvidence(len(by_words[-1].lexemes & lexemes) if by_words else None, len(by_words) < DEPTH),
    ]
    candidates = [*by_vector, *by_words]
    evidence = Evidence(
        corpus_version=log.version,
        chunks=tuple(chunk.id for chunk in candidates),
        documents=tuple({chunk.document for chunk in candidates}),
        vector=ends[0],
        lexical=ends[1],
        query_vector=vector.tobytes(),
        lexemes=tuple(lexemes),
    )
    return [chunk.id for chunk in candidates], evidence


coordinates = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]), min_size=2, max_size=2)
lexeme_sets = st.frozensets(st.sampled_from(WORDS), max_size=3)
changes = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.lists(st.tuples(coordinates, lexeme_sets), max_size=3)), max_size=8
)


@given(before=changes, after=changes, query=coordinates, lexemes=lexeme_sets)
@settings(deadline=None, max_examples=100)
async def test_a_result_that_is_carried_forward_equals_a_fresh_one(
    before: list[tuple[str, list[tuple[list[float], frozenset[str]]]]],
    after: list[tuple[str, list[tuple[list[float], frozenset[str]]]]],
    query: list[float],
    lexemes: frozenset[str],
) -> None:
    log, ids = MemoryChangeLog(), iter(range(1000))
    for name, parts in before:
        log.change(name, [StoredChunk(next(ids), name, vector, words) for vector, words in parts])
    result, evidence = search(log, query, lexemes)
    for name, parts in after:
        log.change(name, [StoredChunk(next(ids), name, vector, words) for vector, words in parts])
    verdict = await FreshnessGuard(log).assess(1, evidence, log.version)
    if verdict is Freshness.FRESH:
        assert search(log, query, lexemes)[0] == result


async def test_unrelated_documents_leave_an_entry_fresh() -> None:
    log = MemoryChangeLog()
    log.change("a", [StoredChunk(n, "a", [1.0, n / 10], frozenset({"cache"})) for n in range(5)])
    _, evidence = search(log, [1.0, 0.0], frozenset({"cache"}))
    log.change("b", [StoredChunk(10, "b", [-1.0, 0.0], frozenset({"shard"}))])
    assert await FreshnessGuard(log).assess(1, evidence, log.version) is Freshness.FRESH


EVIDENCE = Evidence(corpus_version=5, documents=("a", "b"))


@pytest.mark.parametrize(
    ("answer", "admitted", "verdict"),
    [
        (ChangeSet(frozenset(), added=False), False, Freshness.FRESH),
        (ChangeSet(frozenset("c"), added=True), False, Freshness.FRESH),
        (ChangeSet(frozenset("cb"), added=False), False, Freshness.STALE),
        (ChangeSet(frozenset("c"), added=True), True, Freshness.STALE),
        (None, False, Freshness.STALE),
    ],
    ids=["nothing", "no candidate", "a candidate changed", "a new candidate", "history lost"],
)
async def test_any_doubt_counts_as_a_change(answer: ChangeSet | None, admitted: bool, verdict: Freshness) -> None:
    assert await FreshnessGuard(FakeChanges(answer, admitted)).assess(1, EVIDENCE, 6) is verdict


async def test_the_current_version_needs_no_look_into_the_history() -> None:
    log = FakeChanges(error=ConnectionError())
    assert await FreshnessGuard(log).assess(1, EVIDENCE, 5) is Freshness.FRESH


def test_a_tie_and_anything_within_the_slack_would_have_been_a_candidate() -> None:
    arm = ArmEvidence(0.5, exhausted=False)
    assert [arm.admits(0.5), arm.admits(0.49), arm.admits(0.49, slack=0.02)] == [True, False, True]
    assert ArmEvidence(None, exhausted=False).admits(0.0)
    assert ArmEvidence(0.5, exhausted=True).admits(0.0)


RECORD = CacheEntry("value", replace(EVIDENCE, corpus_version=5), created=0, expires=0)
KEY = key_of(collection=1)


async def judged(
    versions: FakeVersions, log: FakeChanges, record: CacheEntry = RECORD
) -> tuple[Freshness, int | None]:
    validation = await FreshnessValidator(versions, FreshnessGuard(log)).validate(KEY, record)
    return validation.freshness, validation.record.corpus_version


async def test_a_record_at_the_current_version_is_fresh_without_a_check() -> None:
    log = FakeChanges()
    assert await judged(FakeVersions({1: 5}), log) == (Freshness.FRESH, 5)
    assert log.asked == 0


async def test_a_record_behind_is_carried_forward_or_stale() -> None:
    assert await judged(FakeVersions({1: 7}), FakeChanges()) == (Freshness.FRESH, 7)
    assert await judged(FakeVersions({1: 7}), FakeChanges(None)) == (Freshness.STALE, 5)


async def test_nothing_is_proven_while_nobody_can_be_asked() -> None:
    unknown = FakeVersions()
    unknown.heard.clear()
    unknown.stored.clear()
    assert await judged(unknown, FakeChanges()) == (Freshness.UNPROVEN, 5)
    broken = FakeChanges(error=ConnectionError())
    assert await judged(FakeVersions({1: 7}), broken) == (Freshness.UNPROVEN, 5)


async def test_a_record_ahead_of_what_was_heard_is_confirmed_with_the_database() -> None:
    versions = FakeVersions({1: 4})
    versions.stored[1] = 5
    assert await judged(versions, FakeChanges()) == (Freshness.FRESH, 5)
    assert versions.asked == 1


async def test_a_record_ahead_of_a_restored_database_is_stale() -> None:
    assert await judged(FakeVersions({1: 3}), FakeChanges()) == (Freshness.STALE, 5)


async def test_what_rests_on_no_corpus_is_always_fresh() -> None:
    versions = FakeVersions()
    assert await judged(versions, FakeChanges(), replace(RECORD, evidence=None)) == (Freshness.FRESH, None)
    validator = FreshnessValidator(versions, FreshnessGuard(FakeChanges()))
    assert validator.is_known_fresh(key_of(collection=None), RECORD)
    assert await validator.version(key_of(collection=None)) is None
    assert versions.asked == 0


class Database:
    """Answers with one version, or fails."""

    def __init__(self, version: int | None = 3) -> None:
        self.version = version
        self.error: Exception | None = None
        self.asked = 0

    async def __call__(self, collection: int) -> int | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.version


def watch_of(database: Database) -> tuple[VersionWatch, Clock]:
    clock = Clock()
    return VersionWatch(database, max_silence=2, sealed_for=60, clock=clock), clock


async def test_what_was_heard_is_trusted_while_the_channel_is_alive() -> None:
    database = Database()
    watch, clock = watch_of(database)
    assert watch.known(1) is None
    watch.heard({1: 3}, clock.now)
    watch.advance(1, 4)
    assert (watch.known(1), await watch.current(1), database.asked) == (4, 4, 0)
    assert watch.live


@pytest.mark.parametrize("how", ["silent", "lost"])
async def test_a_dead_channel_makes_every_request_ask(how: str) -> None:
    database = Database()
    watch, clock = watch_of(database)
    watch.heard({1: 3}, clock.now)
    if how == "lost":
        watch.lost()
    else:
        clock.now += 2
    assert watch.known(1) is None
    assert not watch.live
    database.version = 5
    assert [await watch.current(1), await watch.current(1)] == [5, 5]
    assert database.asked == 2


async def test_a_heartbeat_is_dated_by_its_question_not_by_its_answer() -> None:
    watch, clock = watch_of(Database())
    asked_at = clock.now
    clock.now += 3
    watch.heard({1: 3}, asked_at)
    assert watch.known(1) is None


async def test_versions_only_move_forward() -> None:
    watch, clock = watch_of(Database())
    watch.heard({1: 5}, clock.now)
    watch.advance(1, 4)
    watch.heard({1: 3}, clock.now)
    assert watch.known(1) == 5


async def test_a_collection_not_heard_of_is_asked_for() -> None:
    database = Database()
    watch, clock = watch_of(database)
    watch.heard({1: 3}, clock.now)
    assert await watch.current(2) == 3
    database.version = None
    assert await watch.current(3) is None


async def test_an_unanswered_question_proves_nothing() -> None:
    database = Database()
    watch, clock = watch_of(database)
    watch.heard({1: 3}, clock.now)
    watch.lost()
    database.error = TimeoutError()
    assert await watch.current(1) is None


async def test_a_database_that_refuses_connections_commits_nothing_for_a_while() -> None:
    database = Database()
    watch, clock = watch_of(database)
    database.error = NoServer()
    assert await watch.current(1) is None
    watch.heard({1: 3}, clock.now)
    watch.lost()
    assert await watch.current(1) == 3
    clock.now += 61
    assert await watch.current(1) is None
