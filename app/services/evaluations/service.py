"""A tenant's evaluations: started, run in the background one after the other, stored, and scored."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple, Protocol
from uuid import UUID

from app.cache.entry import CacheControl
from app.concurrency.single_flight import SingleFlight
from app.db.database import Database
from app.db.tables import collections, evaluations
from app.domain.answers import AnswerRequest
from app.domain.evaluation.evaluations import (
    Evaluation,
    EvaluationState,
    EvaluationVariant,
    ExpectedAnswer,
    QuestionOutcome,
)
from app.domain.evaluation.scores import VariantScore
from app.domain.retrieval import Query, Retrieval
from app.errors import LocalChatError, NotFound
from app.services.answering.answer import Answer, AnswerSource
from app.services.evaluations import judging
from app.services.evaluations.scores import scores
from app.services.pagination import Page, page_of, uuid_of

_TOP_K = 5

_log = logging.getLogger(__name__)


class Search(Protocol):
    async def search(self, query: Query, control: CacheControl = ...) -> Retrieval: ...


class ScoredEvaluation(NamedTuple):
    evaluation: Evaluation
    scores: Sequence[VariantScore]
    outcomes: Sequence[QuestionOutcome]


class EvaluationService:
    """
    Args:
        database: stores evaluations and their outcomes.
        search: finds the passages of questions that expect documents alone.
        answers: answers the others.
        complete: fills in the model and the mode that a variant leaves open.
    """

    def __init__(
        self,
        database: Database,
        *,
        search: Search,
        answers: AnswerSource,
        complete: Callable[[AnswerRequest], Awaitable[AnswerRequest]],
    ) -> None:
        self._database = database
        self._search = search
        self._answers = answers
        self._complete = complete
        self._runs: SingleFlight[None] = SingleFlight()
        self._turn = asyncio.Lock()

    async def start(
        self,
        tenant: str,
        name: str,
        collection: str,
        questions: Sequence[ExpectedAnswer],
        variants: Sequence[EvaluationVariant],
    ) -> Evaluation:
        """Store an evaluation, and run it in the background.

        Raises:
            NotFound: there is no such collection.
        """
        async with self._database.transaction() as connection:
            found = await collections.require(connection, tenant, collection)
            evaluation_id = await evaluations.insert(connection, tenant, name, found, questions, variants)
            started = await evaluations.get(connection, tenant, evaluation_id)
        assert started is not None
        self._runs.start(started.id, lambda: self._run(tenant, started))
        return started

    async def list(self, tenant: str, *, limit: int = 50, cursor: str | None = None) -> Page[Evaluation]:
        """Return evaluations, the newest first. `cursor` is the last id of the page before."""
        before = uuid_of(cursor)
        async with self._database.connection() as connection:
            found = await evaluations.page(connection, tenant, before=before, limit=limit + 1)
        return page_of(found, limit, lambda item: item.id)

    async def get(self, tenant: str, evaluation_id: UUID) -> ScoredEvaluation:
        """Return an evaluation with its scores and outcomes so far.

        Raises:
            NotFound: there is no such evaluation.
        """
        async with self._database.connection() as connection:
            found = await evaluations.get(connection, tenant, evaluation_id)
            if found is None:
                raise _absent(evaluation_id)
            outcomes = await evaluations.outcomes(connection, evaluation_id)
        return ScoredEvaluation(found, scores(found, outcomes), outcomes)

    async def delete(self, tenant: str, evaluation_id: UUID) -> None:
        """Delete an evaluation; one that runs ends with the question under way.

        Raises:
            NotFound: there is no such evaluation.
        """
        async with self._database.connection() as connection:
            if not await evaluations.delete(connection, tenant, evaluation_id):
                raise _absent(evaluation_id)

    async def close(self) -> None:
        """Stop what runs. It is shown as interrupted, and its outcomes stay."""
        await self._runs.close()

    async def _run(self, tenant: str, evaluation: Evaluation) -> None:
        async with self._turn:
            try:
                if not await self._put(evaluation, EvaluationState.RUNNING):
                    return
                for number, expected in enumerate(evaluation.questions):
                    for variant in evaluation.variants:
                        outcome = await self._ask(tenant, evaluation.collection, number, expected, variant)
                        async with self._database.connection() as connection:
                            if not await evaluations.note(connection, evaluation.id, outcome):
                                return
                await self._put(evaluation, EvaluationState.DONE)
            except LocalChatError as error:
                _log.warning("Evaluation %s ended early: %s", evaluation.id, error.detail)
                await self._put(evaluation, EvaluationState.FAILED, error.detail)

    async def _put(self, evaluation: Evaluation, state: EvaluationState, error: str | None = None) -> bool:
        """Store the state. False: the evaluation was deleted."""
        async with self._database.connection() as connection:
            return await evaluations.put_state(connection, evaluation.id, state, error)

    async def _ask(
        self, tenant: str, collection: str, number: int, expected: ExpectedAnswer, variant: EvaluationVariant
    ) -> QuestionOutcome:
        """Ask past the cache, in the models' lane for work that nobody waits for."""
        began = time.perf_counter()

        def spent() -> float:
            return round((time.perf_counter() - began) * 1000, 3)

        try:
            if not expected.needs_an_answer:
                settings = variant.settings
                query = Query(
                    tenant,
                    collection,
                    expected.question,
                    top_k=settings.get("top_k", _TOP_K),
                    retrieval=settings.get("retrieval", {}),
                )
                found = await self._search.search(query, CacheControl.BYPASS)
                return judging.of_passages(expected, number, variant.name, found.results, spent())
            answer = await self._answered(tenant, collection, expected, variant)
            return judging.of_answer(expected, number, variant.name, answer, spent())
        except LocalChatError as error:
            return judging.missed(expected, number, variant.name, error.detail, spent())

    async def _answered(
        self, tenant: str, collection: str, expected: ExpectedAnswer, variant: EvaluationVariant
    ) -> Answer:
        asked = AnswerRequest(
            tenant,
            collection,
            expected.question,
            cache=CacheControl.BYPASS,
            semantic=False,
            remember=False,
            background=True,
        )
        shaped = replace(asked, given=frozenset(variant.settings), **variant.settings)
        answer = Answer()
        async with aclosing(self._answers.answer(await self._complete(shaped))) as events:
            async for event in events:
                answer.add(event)
        return answer


def _absent(evaluation_id: UUID) -> NotFound:
    return NotFound(f"There is no evaluation {evaluation_id}.")
