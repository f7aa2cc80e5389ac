"""Asks questions before users do, so that the cache holds their results."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from app.cache.entry import CacheControl, CacheStatus
from app.cache.warming import Pacer
from app.domain.answers import AnswerRequest
from app.domain.retrieval import Query
from app.domain.warming import Warmed, WarmFailure, WarmQuestion, WarmStep
from app.errors import LocalChatError, ModelError, ModelUnavailable
from app.services.answering.answer import AnswerSource, collect
from app.services.cache_ops.warm_questions import WarmQuestions
from app.services.search.cached import SearchResult

_log = logging.getLogger(__name__)

# So many failures in a row that a server caused end the warming: the next question would fail too.
_TOO_MANY = 3
# Seconds between two attempts after the start, while a server is not up yet: the first pause and the longest.
_PAUSE, _LONGEST_PAUSE = 1.0, 300.0


class Search(Protocol):
    async def find(self, query: Query, control: CacheControl = ...) -> SearchResult: ...


class WarmingService:
    """Warms the cache with the most used questions, or with given ones.

    Args:
        questions: reads the most used questions.
        pacer: lets the next question pass when the process is not busy.
        search: searches through the cache.
        answers: answers through the cache.
        complete: fills in the model and the mode of given questions.
    """

    def __init__(
        self,
        questions: WarmQuestions,
        pacer: Pacer,
        *,
        search: Search,
        answers: AnswerSource,
        complete: Callable[[AnswerRequest], Awaitable[AnswerRequest]],
    ) -> None:
        self.questions = questions
        self._pacer = pacer
        self._search = search
        self._answers = answers
        self._complete = complete

    async def warm(self, questions: Sequence[WarmQuestion]) -> AsyncGenerator[WarmStep | Warmed, None]:
        """Ask one question after the other, gradually. The last event is `Warmed`. Closing the generator ends it.

        Raises:
            LocalChatError: several questions in a row failed because a server is away. Warmed results stay.
        """
        began = time.monotonic()
        held = computed = in_a_row = 0
        failures: list[WarmFailure] = []
        yield WarmStep(0, len(questions), 0, 0, 0)
        async with aclosing(self._pacer.each(questions)) as paced:
            async for question in paced:
                try:
                    if await self._ask(question):
                        held += 1
                    else:
                        computed += 1
                    in_a_row = 0
                except LocalChatError as error:
                    failures.append(WarmFailure(question.text, error.detail))
                    in_a_row = in_a_row + 1 if error.retryable else 0
                    if in_a_row == _TOO_MANY:
                        raise
                yield WarmStep(held + computed + len(failures), len(questions), held, computed, len(failures))
        yield Warmed(len(questions), held, computed, tuple(failures), time.monotonic() - began)

    async def after_start(self) -> None:
        """Warm the most used questions of all tenants, as soon as the servers that this needs are up."""
        pause = _PAUSE
        while True:
            try:
                _log_warmed(await self.collect(await self.questions.everybodys()))
            except LocalChatError as error:
                _log.info("The cache is not warmed: %s", error)
                if error.retryable:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
            return

    async def collect(self, questions: Sequence[WarmQuestion]) -> Warmed:
        """Warm the questions, and return the end of it alone. Raises what `warm` raises."""
        async with aclosing(self.warm(questions)) as events:
            async for event in events:
                if isinstance(event, Warmed):
                    return event
        raise AssertionError("warming ends with Warmed or an error")

    async def _ask(self, question: WarmQuestion) -> bool:
        """Ask one question; return whether a tier had the result."""
        if question.namespace == "retrieval":
            query = Query(
                question.tenant,
                question.collection,
                question.text,
                question.top_k,
                question.mode,
                question.filter,
            )
            found = await self._search.find(query, CacheControl.WARM)
            return found.cached.status is CacheStatus.HIT
        request = AnswerRequest(
            tenant=question.tenant,
            collection=question.collection,
            question=question.text,
            top_k=question.top_k,
            model=question.model or "",
            mode=question.answer_mode,
            temperature=question.temperature,
            max_tokens=question.max_tokens,
            style=question.style,
            thinking=question.thinking,
            given=frozenset(question.given),
            filter=question.filter,
            cache=CacheControl.WARM,
            semantic=False,
            remember=False,
            background=True,
        )
        answer = await collect(self._answers.answer(await self._complete(request)))
        if answer.failed is not None:
            failure = ModelUnavailable if answer.failed.retryable else ModelError
            raise failure(str(answer.failed.problem["detail"]))
        return answer.start is not None and answer.start.cache["status"] == CacheStatus.HIT


def _log_warmed(done: Warmed) -> None:
    _log.info(
        "The cache was warmed in %.1f s: %d results were held, %d computed, %d failed",
        done.seconds,
        done.held,
        done.computed,
        len(done.failures),
    )
