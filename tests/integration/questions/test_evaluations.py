"""Evaluations on a real PostgreSQL: what is asked, judged, stored and compared."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from uuid import UUID, uuid4

import pytest

from app.cache.entry import CacheControl
from app.domain.evaluation.evaluations import EvaluationState, EvaluationVariant, ExpectedAnswer
from app.domain.retrieval import Query, Retrieval
from app.errors import ModelUnavailable, NotFound
from app.services.evaluations.service import EvaluationService, ScoredEvaluation
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from tests.support.answering import FakeModels, answer_pipeline, generated_by
from tests.support.cache.replicas import embed_query
from tests.support.ingestion import TENANT, Desk
from tests.support.uncached import UncachedSearch
from tests.support.waiting import until

AS_IT_IS = EvaluationVariant("as-it-is")
SHIPS = ExpectedAnswer("when does the ferry leave", ("ferry.txt",), ("at nine",))
STONES = ExpectedAnswer("amber delta", ("stones.txt",))
NOTHING = ExpectedAnswer("zzz qqq xxx", answerable=False)


@dataclass
class Bench:
    desk: Desk
    models: FakeModels
    service: EvaluationService

    async def run(
        self, questions: Sequence[ExpectedAnswer], variants: Sequence[EvaluationVariant] = (AS_IT_IS,)
    ) -> ScoredEvaluation:
        started = await self.service.start(TENANT, "nightly", "default", questions, variants)
        assert (started.state, started.done, started.total) == ("queued", 0, len(questions) * len(variants))
        await until(partial(self.has_ended, started.id), 60)
        return await self.service.get(TENANT, started.id)

    async def has_ended(self, evaluation_id: UUID) -> bool:
        found = (await self.service.get(TENANT, evaluation_id)).evaluation
        return found.state in {EvaluationState.DONE, EvaluationState.FAILED}


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        desk = await Desk.open(database_url)
        stack.push_async_callback(desk.database.close)
        statistics = LexemeStatistics(desk.database)
        stack.push_async_callback(statistics.close)
        search = UncachedSearch(SearchService(desk.database, desk.collections, embed_query, statistics))
        models = FakeModels(says=_what_the_passage_says)
        service = EvaluationService(
            desk.database,
            search=search,
            answers=answer_pipeline(search, models),
            complete=generated_by("fake-chat"),
        )
        stack.push_async_callback(service.close)
        await desk.add("the ferry leaves at nine\nthe ferry waits at pier four", "ferry.txt")
        await desk.add("amber delta\nbasalt ember", "stones.txt")
        yield Bench(desk, models, service)


def _what_the_passage_says(messages: Sequence[Mapping[str, str]]) -> Sequence[str]:
    return ["It leaves at nine. [1]"] if "leaves at nine" in messages[-1]["content"] else ["I cannot say."]


async def test_what_is_expected_is_looked_for_in_passages_and_answers(bench: Bench) -> None:
    found = await bench.run([SHIPS, STONES])
    answered, searched = found.outcomes
    assert (found.evaluation.state, found.evaluation.done) == ("done", 2)
    assert (answered.found, answered.right, answered.refused) == (True, True, False)
    assert answered.answer.startswith("It leaves at nine")
    assert (searched.place, searched.found, searched.right, searched.answer) == (1, True, None, "")
    assert len(bench.models.calls) == 1
    (score,) = found.scores
    assert (score.shares["found"].share.count, score.shares["found"].share.of) == (2, 2)
    assert (score.shares["right"].share.count, score.shares["right"].share.of) == (1, 1)
    assert score.shares["found"].above_first is None


async def test_variants_are_compared_on_the_same_questions(bench: Bench) -> None:
    wrong = ExpectedAnswer("amber delta", ("absent.txt",))
    variants = [AS_IT_IS, EvaluationVariant("words", {"retrieval": {"lexical_weight": 1.0}, "top_k": 1})]
    found = await bench.run([STONES, wrong], variants)
    assert [(each.question, each.variant) for each in found.outcomes] == [
        (0, "as-it-is"),
        (0, "words"),
        (1, "as-it-is"),
        (1, "words"),
    ]
    first, other = found.scores
    assert (first.shares["found"].share.count, other.shares["found"].share.count) == (1, 1)
    above = other.shares["found"].above_first
    assert above is not None
    assert above.low < 0 < above.high
    assert other.reciprocal_rank == 0.5


async def test_a_question_that_nothing_answers_is_to_be_refused(bench: Bench) -> None:
    bench.models.says = None
    found = await bench.run([NOTHING, SHIPS])
    (score,) = found.scores
    rightly, wrongly = score.shares["refused_rightly"].share, score.shares["refused_wrongly"].share
    assert (rightly.of, wrongly.count, wrongly.of) == (1, 0, 1)


async def test_questions_that_fail_count_as_missed_and_say_why(bench: Bench) -> None:
    bench.models.failure, bench.models.says = ModelUnavailable("The model server does not answer."), None
    bench.models.reply = ()
    found = await bench.run([SHIPS, STONES])
    failed, searched = found.outcomes
    assert failed.error == "The model server does not answer."
    assert (failed.right, failed.found, searched.found) == (False, False, True)
    assert (found.scores[0].failed, found.scores[0].shares["right"].share.count) == (1, 0)


async def test_evaluations_are_listed_and_deleted_and_are_their_tenants(bench: Bench) -> None:
    evaluations = [(await bench.run([STONES])).evaluation for _ in range(2)]
    page = await bench.service.list(TENANT, limit=1)
    rest = await bench.service.list(TENANT, limit=1, cursor=page.next_cursor)
    assert [each.id for each in (*page.items, *rest.items)] == [each.id for each in reversed(evaluations)]
    assert (await bench.service.list("other")).items == ()
    for wrong in ((TENANT, uuid4()), ("other", evaluations[0].id)):
        with pytest.raises(NotFound):
            await bench.service.get(*wrong)
        with pytest.raises(NotFound):
            await bench.service.delete(*wrong)
    await bench.service.delete(TENANT, evaluations[0].id)
    with pytest.raises(NotFound):
        await bench.service.get(TENANT, evaluations[0].id)
    with pytest.raises(NotFound):
        await bench.service.start(TENANT, "", "absent", [STONES], [AS_IT_IS])


@dataclass
class Gate:
    """A search that waits to be let go."""

    inner: UncachedSearch
    asked: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def search(self, query: Query, control: CacheControl = CacheControl.USE) -> Retrieval:
        self.asked += 1
        await self.go.wait()
        return await self.inner.search(query, control)


async def test_a_run_that_is_deleted_asks_no_further_question(bench: Bench) -> None:
    gate = bench.service._search = Gate(cast("UncachedSearch", bench.service._search))
    evaluation = await bench.service.start(TENANT, "", "default", [STONES] * 3, [AS_IT_IS])
    waiting = await bench.service.start(TENANT, "", "default", [STONES] * 3, [AS_IT_IS])
    await until(lambda: gate.asked, 60)
    for each in (evaluation, waiting):
        await bench.service.delete(TENANT, each.id)
    gate.go.set()
    again = await bench.run([STONES])  # after both in turn
    assert (again.evaluation.state, gate.asked) == (EvaluationState.DONE, 2)


async def test_a_process_that_stops_leaves_its_run_behind(bench: Bench) -> None:
    gate = bench.service._search = Gate(cast("UncachedSearch", bench.service._search))
    evaluation = await bench.service.start(TENANT, "", "default", [STONES], [AS_IT_IS])
    await until(lambda: gate.asked, 60)
    await bench.service.close()
    found = await bench.service.get(TENANT, evaluation.id)
    assert (found.evaluation.state, found.evaluation.done) == (EvaluationState.RUNNING, 0)


async def test_a_run_whose_process_is_gone_is_interrupted(bench: Bench) -> None:
    evaluation = (await bench.run([STONES])).evaluation
    async with bench.desk.database.connection() as connection:
        await connection.execute(
            "UPDATE evaluations SET state = 'running', updated_at = now() - interval '11 minutes' WHERE id = $1",
            evaluation.id,
        )
    found = await bench.service.get(TENANT, evaluation.id)
    assert (found.evaluation.state, len(found.outcomes)) == (EvaluationState.INTERRUPTED, 1)
