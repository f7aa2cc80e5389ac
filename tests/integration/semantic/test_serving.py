"""Matching by meaning through the services: what is served, what never is, and what is learned; on real servers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.cache.backend import CacheKey
from app.cache.backends.postgres import PostgresCache
from app.cache.entry import CacheControl, CacheStatus, Computed
from app.cache.evidence import ChangeSet, Evidence
from app.cache.keys import KeySpec, Partition
from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.matching import MatchCandidate, QuestionRecorder
from app.cache.semantic.observations import LabelVerdict, Segment
from app.cache.semantic.postgres_index import SESSION, PostgresQuestionIndex
from app.cache.semantic.postgres_observations import PostgresObservations
from app.cache.semantic.thresholds import ThresholdManager
from app.cache.stampede.lease import ComputeLease
from app.db.database import Database
from app.db.outages import translated
from app.domain.answers import AnswerRequest, Message
from app.domain.documents import Collection
from app.domain.retrieval import SearchMode, Vector
from app.errors import ModelUnavailable, NotCached
from app.services.answering.answer import collect
from app.services.semantic.cache import SemanticCache
from app.services.semantic.lookup import SemanticLookup
from app.telemetry import tracing
from tests.support.cache.assembly import assemble
from tests.support.cache.semantic import ASKED, SAME, Served, matching_of, open_served
from tests.support.ingestion import TENANT, unit_vector
from tests.support.waiting import until

OTHER = "Which dogs ride free on annual railway tickets?"


@pytest.fixture
async def served(database_url: str, valkey_url: str) -> AsyncIterator[Served]:
    async with open_served(database_url, valkey_url) as served:
        await served.replica.find(ASKED, semantic=True)
        yield served


async def test_a_paraphrase_gets_the_result_of_the_question_it_means(served: Served) -> None:
    await served.serve_from(0.95)
    first = await served.replica.find(ASKED, semantic=True)
    found = await served.replica.find(SAME, semantic=True)
    assert (found.status, found.tier, found.key) == (CacheStatus.HIT, "semantic", first.key)
    assert found.value == first.value
    assert found.matched is not None
    assert found.matched.question == ASKED
    assert found.matched.similarity == pytest.approx(1, abs=1e-3)
    stats = served.replica.cache.chain.statistics
    assert stats.tier("semantic", "retrieval").hits == 1
    # As it was asked itself, it is in no tier.
    with pytest.raises(NotCached):
        await served.replica.find(SAME, CacheControl.ONLY_IF_CACHED)
    assert (await served.replica.find(SAME, CacheControl.ONLY_IF_CACHED, semantic=True)).tier == "semantic"


async def test_a_recorded_trace_tells_that_a_match_was_looked_for_and_what_came_of_it(served: Served) -> None:
    await served.serve_from(0.95)
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    token = tracing.adopt(provider.get_tracer("test"))
    try:
        for question in (SAME, OTHER):
            await served.replica.find(question, semantic=True)
    finally:
        tracing.release(token)
    looked = [dict(span.attributes or {}) for span in exporter.get_finished_spans() if span.name == "rag.cache get"]
    semantic = [each["rag.cache.result"] for each in looked if each.get("rag.cache.tier") == "semantic"]
    assert semantic == ["hit", "miss"]


async def test_a_request_that_refuses_it_is_computed(served: Served) -> None:
    await served.serve_from(0.95)
    assert (await served.replica.find(SAME, semantic=False)).status is CacheStatus.MISS


@pytest.mark.parametrize("control", [CacheControl.BYPASS, CacheControl.REFRESH, CacheControl.WARM])
async def test_only_who_uses_the_cache_gets_anything_by_meaning(served: Served, control: CacheControl) -> None:
    await served.serve_from(0.95)
    assert (await served.replica.find(SAME, control, semantic=True)).tier is None


async def test_a_search_by_words_alone_has_no_meaning_to_go_by(served: Served) -> None:
    await served.serve_from(0.95)
    shape: dict[str, Any] = {"mode": SearchMode.LEXICAL, "semantic": True}
    for question in (ASKED, SAME):
        assert (await served.replica.find(question, **shape)).status is CacheStatus.MISS


async def test_nothing_is_served_below_the_threshold_or_past_a_guard(served: Served) -> None:
    await served.serve_from(0.95)
    for question in (OTHER, "How do I not buy an annual railway ticket?", "How do I buy one today?"):
        assert (await served.replica.find(question, semantic=True)).status is CacheStatus.MISS
    assert served.replica.cache.chain.statistics.tier("semantic", "retrieval").misses == 2


async def test_nothing_is_served_while_no_threshold_keeps_the_budget(served: Served) -> None:
    assert (await served.replica.find(SAME, semantic=True)).status is CacheStatus.MISS
    labels = await served.labels()
    assert [(each.question, each.matched, each.served) for each in labels] == [(SAME, ASKED, False)]


async def test_shadow_serves_nothing_and_learns(database_url: str, valkey_url: str) -> None:
    async with open_served(database_url, valkey_url, "shadow") as served:
        for question in (ASKED, OTHER):
            await served.replica.find(question, semantic=True)
        await served.serve_from(0.5)
        assert (await served.replica.find(SAME, semantic=True)).status is CacheStatus.MISS
        [label] = await served.labels()
        assert (label.question, label.matched, label.correct, label.source) == (SAME, ASKED, True, "pipeline")
        evidence = await served.semantics.evidence((await served.segment()).digest, recent=9)
        assert (evidence.tally.requests, sum(evidence.tally.matches), evidence.served) == (3, 1, 0)


async def test_switched_off_it_keeps_no_vectors(database_url: str, valkey_url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        from tests.support.cache.replicas import Replica

        replica = await Replica.open(stack, database_url, valkey_url, semantic_cache_mode="off")
        await replica.find(ASKED, semantic=True)
        await replica.find(SAME, semantic=True)
        assert replica.cache.questions is None


async def test_after_a_change_of_documents_nothing_stale_matches(served: Served) -> None:
    await served.serve_from(0.95)
    before = await served.replica.find(SAME, semantic=True)
    assert before.tier == "semantic"
    await served.add("Annual railway tickets are bought in the app.", "app.txt")
    after = await served.replica.find(SAME, semantic=True)
    assert after.status is CacheStatus.MISS
    assert after.value["results"] != before.value["results"]


async def test_a_deleted_document_takes_its_matches_with_it(served: Served) -> None:
    await served.serve_from(0.95)
    document = await served.desk.add("An annual railway ticket is cheap.", "cheap.txt")
    await served.replica.heard()
    await served.replica.find(ASKED, semantic=True)
    assert (await served.replica.find(SAME, semantic=True)).tier == "semantic"
    await served.desk.documents.delete(TENANT, document.id)
    await served.replica.heard()
    after = await served.replica.find(SAME, semantic=True)
    assert after.status is CacheStatus.MISS
    assert b"cheap.txt" not in after.value["results"]


async def test_an_answer_is_served_with_its_provenance_and_its_events(served: Served) -> None:
    first = await served.replica.answer(ASKED)
    await served.serve_from(0.95, "answer")
    again = await served.replica.answer(SAME)
    assert again.start is not None
    assert first.start is not None
    cache = again.start.cache
    assert (cache["status"], cache["tier"], cache["matched_query"]) == ("hit", "semantic", ASKED)
    assert (cache["key"], cache["similarity"]) == (first.start.cache["key"], pytest.approx(1, abs=1e-3))
    assert again.text == first.text
    assert (await served.replica.answer(SAME, semantic=False)).start.cache["status"] == "miss"  # type: ignore[union-attr] # it has begun


async def test_a_follow_up_never_matches(served: Served) -> None:
    await served.replica.answer(ASKED)
    await served.serve_from(0.5, "answer")
    history = (Message("user", "Hello!"), Message("assistant", "Hello."))
    answer = await collect(
        served.replica.answers.answer(AnswerRequest(TENANT, "default", SAME, history, remember=False))
    )
    assert answer.start is not None
    assert answer.start.cache["status"] == "miss"


async def test_answers_to_what_means_the_same_are_compared(served: Served) -> None:
    await served.replica.answer(ASKED)
    await served.replica.answer(SAME)
    [label] = await served.labels("answer")
    assert (label.question, label.matched, label.correct) == (SAME, ASKED, True)
    served.replica.models.reply = ("No idea at all, sorry about that.",)
    await served.replica.answer("How could I buy an annual railway ticket?")
    [wrong] = [each for each in await served.labels("answer") if not each.correct]
    assert wrong.detail == "only one of them negates"


async def test_what_was_served_is_checked_against_a_fresh_result(served: Served) -> None:
    served.matching.checked = 1.0
    await served.replica.answer(ASKED)
    for namespace in ("retrieval", "answer"):
        await served.serve_from(0.95, namespace)
    assert (await served.replica.find(SAME, semantic=True)).tier == "semantic"
    served.replica.models.reply = ("An annual ticket is sold by nobody at all.",)
    await served.replica.answer(SAME)
    [checked] = await served.labels("retrieval")
    assert (checked.correct, checked.served, checked.source) == (True, True, "pipeline")
    [checked] = await served.labels("answer")
    assert (checked.correct, checked.served, checked.matched) == (False, True, ASKED)
    again = await served.replica.answer(SAME)
    assert again.start is not None
    assert again.start.cache["status"] == "miss"


async def test_a_check_that_fails_says_nothing(served: Served) -> None:
    served.matching.checked = 1.0
    await served.replica.answer(ASKED)
    for namespace in ("retrieval", "answer"):
        await served.serve_from(0.95, namespace)
    served.replica.models.failure = ModelUnavailable("No model server answers.")
    await served.replica.answer(SAME)
    assert await served.labels("answer") == []


async def test_the_report_tells_of_a_tenants_own(served: Served) -> None:
    for question in (SAME, OTHER):
        await served.replica.find(question, semantic=True)
    await served.serve_from(0.9)
    [report] = await served.replica.report.report(TENANT, examples=3)
    assert (report.collection, report.namespace, report.threshold) == ("default", "retrieval", 0.9)
    assert (report.requests, report.would_be_hits, report.labels, report.wrong) == (3, 1, 1, 0)
    assert [(each.question, each.matched) for each in report.right_examples] == [(SAME, ASKED)]
    assert await served.replica.report.report("other", examples=3) == []


async def test_a_verdict_keeps_the_pair_apart_and_counts_as_a_label(served: Served) -> None:
    await served.serve_from(0.95)
    found = await served.replica.find(SAME, semantic=True)
    assert found.matched is not None
    await served.learned()
    verdict = await served.replica.feedback.record(TENANT, found.matched.query_id, "wrong_hit")
    assert verdict.evicted
    [label] = await served.labels()
    assert (label.question, label.matched, label.correct, label.source) == (SAME, ASKED, False, "person")
    await served.replica.find(ASKED, semantic=True)
    assert (await served.replica.find(SAME, semantic=True)).status is CacheStatus.MISS


class Corpus:
    """A matching cache over real Postgres whose results say to which question of which partition they belong."""

    def __init__(self, database: Database) -> None:
        self.near = HeldConnections(database.pool, translated=translated, acquire_timeout=5, session=SESSION)
        self.held = HeldConnections(database.pool, translated=translated, acquire_timeout=5)
        self.vectors = PostgresQuestionIndex(self.near, timeout=10)
        recorder = QuestionRecorder(self.vectors)
        self.assembly = assemble([PostgresCache(self.held, timeout=10)], on_stored=recorder.stored)
        self.semantics = PostgresObservations(self.held)
        self.thresholds = Everything(self.semantics, self.vectors, budget=0.01)
        self.embedding: Exception | None = None
        self.fresh: Any = None
        self.made: list[SemanticCache] = []

    def matching(self, index: Any = None, **options: Any) -> SemanticCache:
        made = SemanticCache(
            "serve",
            self.assembly.chain,
            index or self.vectors,
            self.semantics,
            self.thresholds,
            self.embed,
            **{"checked": 0.0, "timeout": 10, **options},
        )
        self.made.append(made)
        return made

    async def embed(self, collection: Collection, text: str) -> Vector:
        if self.embedding is not None:
            raise self.embedding
        return unit_vector("the same for all")

    async def put(self, spec: KeySpec) -> None:
        version = self.assembly.versions.heard.setdefault(spec.partition.collection or 0, 1)
        evidence = Evidence(version, query_vector=unit_vector("the same for all").tobytes())
        await self.assembly.tiers.remember(
            spec, Computed(said(spec), evidence), seconds=0, lease=ComputeLease(spec.key.digest, "", 0, None)
        )
        await self.assembly.tiers.drain()

    def inquiry(self, spec: KeySpec) -> SemanticLookup:
        async def recompute() -> Any:
            return self.fresh

        return SemanticLookup(spec, None, recompute, lambda cached, fresh: LabelVerdict(cached == fresh))  # type: ignore[arg-type] # the embedder asks for no collection

    async def close(self) -> None:
        for matching in self.made:
            await matching.close()
        await self.assembly.chain.close()
        await self.near.close()


class Everything(ThresholdManager):
    def threshold(self, segment: Segment) -> float | None:
        return 0.5


def said(spec: KeySpec) -> tuple[str, ...]:
    return (spec.key.partition, spec.question)


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Corpus]:
    database = await Database.connect(url, min_size=1, max_size=8)
    corpus = Corpus(database)
    yield corpus
    await corpus.close()
    await database.close()


@pytest.fixture
async def corpus(database_url: str) -> AsyncIterator[Corpus]:
    async with opened(database_url) as corpus:
        yield corpus


WORDINGS = [
    "How do I buy a railway ticket?",
    "How do I purchase a railway ticket?",
    "how can I buy a railway ticket",
]
places = st.tuples(
    st.sampled_from(["retrieval", "answer"]),
    st.sampled_from(["acme", "beta", "default"]),
    st.integers(1, 4),
    st.sampled_from(["", "model:a", "model:b"]),
    st.sampled_from(["", "prompt 1"]),
    st.sampled_from([{}, {"year": 2025}, {"year": 2026}]),
)


def spec_at(place: tuple[Any, ...], question: str) -> KeySpec:
    namespace, tenant, collection, model, prompt, filters = place
    return KeySpec(
        Partition(namespace, tenant, collection, chat_model=model, prompt=prompt, filters=filters), question
    )


@given(
    stored=st.lists(st.tuples(places, st.sampled_from(WORDINGS)), max_size=25),
    asked=places,
    question=st.sampled_from(WORDINGS),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_questions_everywhere_are_answered_within_their_own_partition_alone(
    database_url: str, stored: list[tuple[tuple[Any, ...], str]], asked: tuple[Any, ...], question: str
) -> None:
    async def run() -> None:
        async with opened(database_url) as corpus:
            for place, text in stored:
                await corpus.put(spec_at(place, text))
            spec = spec_at(asked, question)
            found = await corpus.matching().find(corpus.inquiry(spec))
            allowed = {text for place, text in stored if place == asked} - {question}
            if found is None:
                assert not allowed
            else:
                assert found.value[0] == spec.key.partition
                assert found.value[1] in allowed
                assert found.matched is not None
                assert found.matched.question == found.value[1]
            await corpus.assembly.tiers.clear()

    asyncio.run(run())


class Wayward:
    """An index that offers what lies in another partition."""

    def __init__(self, *candidates: MatchCandidate, error: Exception | None = None) -> None:
        self.candidates = list(candidates)
        self.error = error
        self.asked = 0
        self.delay = 0.0
        self.quarantined: list[str] = []

    async def nearest(
        self, partition: str, vector: bytes, *, limit: int = 3, least: float = -1.0
    ) -> list[MatchCandidate]:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        return self.candidates

    async def add(self, key: CacheKey, vector: bytes) -> None:
        raise self.error or AssertionError

    async def quarantine(self, key: str) -> bool:
        self.quarantined.append(key)
        return True


HERE: tuple[Any, ...] = ("answer", "acme", 1, "", "", {})
THERE: tuple[Any, ...] = ("answer", "beta", 1, "", "", {})


async def test_an_index_that_offers_what_is_elsewhere_is_not_believed(corpus: Corpus) -> None:
    elsewhere, here = spec_at(THERE, WORDINGS[1]), spec_at(HERE, WORDINGS[1])
    await corpus.put(elsewhere)
    index = Wayward(MatchCandidate(elsewhere.key.digest, elsewhere.question, 1.0))
    matching = corpus.matching(index)
    assert await matching.find(corpus.inquiry(spec_at(HERE, WORDINGS[0]))) is None
    await corpus.put(here)
    index.candidates.append(MatchCandidate(here.key.digest, here.question, 0.9))
    found = await matching.find(corpus.inquiry(spec_at(HERE, WORDINGS[0])))
    assert found is not None
    assert found.value == said(here)


async def test_an_index_that_fails_or_is_late_is_a_miss_and_soon_not_asked(corpus: Corpus) -> None:
    index = Wayward(error=OSError("gone"))
    matching = corpus.matching(index)
    inquiry = corpus.inquiry(spec_at(HERE, WORDINGS[0]))
    for _ in range(7):
        assert await matching.find(inquiry) is None
    assert index.asked == 5
    late = Wayward()
    late.delay = 30
    async with asyncio.timeout(60):
        assert await corpus.matching(late, timeout=0.05).find(inquiry) is None
    assert corpus.assembly.stats.tier("semantic", "answer").errors == 6
    # An index that cannot take a question leaves the entry where it is.
    await QuestionRecorder(index).stored(inquiry.spec, Evidence(1, query_vector=b"\0" * 32))  # type: ignore[arg-type] # it has no graphs


async def test_a_question_that_cannot_be_embedded_is_a_miss(corpus: Corpus) -> None:
    index = Wayward()
    corpus.embedding = ModelUnavailable("No model server answers.")
    assert await corpus.matching(index).find(corpus.inquiry(spec_at(HERE, WORDINGS[0]))) is None
    assert index.asked == 0


async def test_an_entry_behind_a_change_is_served_only_if_the_change_spares_it(corpus: Corpus) -> None:
    stored = spec_at(HERE, WORDINGS[1])
    await corpus.put(stored)
    matching, inquiry = corpus.matching(), corpus.inquiry(spec_at(HERE, WORDINGS[0]))
    corpus.assembly.versions.set(1, 2)
    found = await matching.find(inquiry)
    assert found is not None
    assert found.corpus_version == 2
    corpus.assembly.versions.set(1, 3)
    corpus.assembly.changes.answer = ChangeSet(frozenset(), added=True)
    corpus.assembly.changes.admitted = True
    assert await matching.find(inquiry) is None


async def test_what_rests_on_something_else_is_neither_served_nor_a_would_be_hit(corpus: Corpus) -> None:
    stored = spec_at(HERE, WORDINGS[1])
    await corpus.put(stored)
    matching, inquiry = corpus.matching(), corpus.inquiry(spec_at(HERE, WORDINGS[0]))
    asked: list[Any] = []
    verdicts: list[bool] = [True, False]

    async def supports(cached: Any) -> bool:
        asked.append(cached)
        if not verdicts:
            raise ModelUnavailable("No model server answers.")
        return verdicts.pop(0)

    inquiry = replace(inquiry, supports=supports)
    assert await matching.find(inquiry) is not None
    assert await matching.find(inquiry) is None
    assert await matching.find(inquiry) is None, "nothing can be found"
    matching.learn(inquiry, unit_vector("the same for all").tobytes(), said(stored))
    await matching.drain()
    assert asked == [said(stored)] * 4
    [counts] = corpus.thresholds.traffic.take().values()
    assert (counts.lookups, counts.served, sum(counts.matches)) == (2, 1, 1)


async def test_those_who_ask_the_same_at_once_share_a_lookup(corpus: Corpus) -> None:
    stored = spec_at(HERE, WORDINGS[1])
    await corpus.put(stored)
    index = Wayward(MatchCandidate(stored.key.digest, stored.question, 0.97))
    matching = corpus.matching(index)
    inquiry = corpus.inquiry(spec_at(HERE, WORDINGS[0]))
    found = await asyncio.gather(*(matching.find(inquiry) for _ in range(50)))
    assert all(each is not None and each.value == said(stored) for each in found)
    assert index.asked <= 2


async def test_a_served_answer_that_is_checked_and_wrong_is_quarantined(corpus: Corpus) -> None:
    stored = spec_at(HERE, WORDINGS[1])
    await corpus.put(stored)
    matching = corpus.matching(checked=0.5, draw=lambda: 0.4)
    inquiry = corpus.inquiry(spec_at(HERE, WORDINGS[0]))
    corpus.fresh = said(stored)
    assert await matching.find(inquiry) is not None
    await matching.drain()
    assert await matching.find(inquiry) is not None, "it was right"
    corpus.fresh = None
    assert await matching.find(inquiry) is not None
    await matching.drain()
    assert await matching.find(inquiry) is not None, "nothing is known"
    corpus.fresh = ["another answer"]
    assert await matching.find(inquiry) is not None
    await matching.drain()
    assert await matching.find(inquiry) is None
    assert await corpus.semantics.are_apart("acme", WORDINGS[1], WORDINGS[0])
    assert await matching.find(corpus.inquiry(spec_at(HERE, WORDINGS[2]))) is None, "whoever asks"


async def test_what_is_not_checked_is_not_computed(corpus: Corpus) -> None:
    stored = spec_at(HERE, WORDINGS[1])
    await corpus.put(stored)
    matching = corpus.matching(checked=0.5, draw=lambda: 0.6)
    corpus.fresh = ["another answer"]
    assert await matching.find(corpus.inquiry(spec_at(HERE, WORDINGS[0]))) is not None
    await matching.drain()
    assert await matching.find(corpus.inquiry(spec_at(HERE, WORDINGS[0]))) is not None


async def test_closing_ends_what_is_under_way(served: Served) -> None:
    await served.replica.find(SAME, semantic=True)
    await matching_of(served.replica).close()
    await until(lambda: not matching_of(served.replica)._background._tasks)
