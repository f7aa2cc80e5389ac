"""Answers a question in its conversation, stores the exchange, and reports how it went."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, replace
from typing import Protocol
from uuid import UUID

from app.concurrency.timeouts import Deadline
from app.domain.answers import AnswerRequest, Done, Event, Message, Start, Status
from app.domain.conversations import Exchange
from app.domain.event_codec import plain
from app.errors import LocalChatError
from app.services.answering.answer import Answer, AnswerSource, failed
from app.services.conversations.conversations import new_conversation_id
from app.telemetry import tracing
from app.telemetry.access import annotate

_log = logging.getLogger(__name__)
# Seconds that storing an exchange may keep the end of its answer waiting.
_SAVING_SECONDS = 2.0

# Receives each request with its answer when the answer has ended, however it ended. Must be quick.
Observer = Callable[[AnswerRequest, Answer], None]


class Conversations(Protocol):
    async def recall(self, tenant: str, conversation_id: UUID, replaces: UUID | None) -> tuple[Message, ...]: ...
    async def begin(self, tenant: str, conversation_id: UUID, collection: str, exchange: Exchange) -> None: ...
    async def append(
        self, tenant: str, conversation_id: UUID, collection: str, exchange: Exchange, replaces: UUID | None
    ) -> None: ...


class AnswerService:
    """Answers questions in their conversations, and reports each answer when it has ended.

    Example, in a collection of two documents about capitals:

    >>> from app.domain.answers import AnswerRequest, Delta
    >>> async def example(answers: AnswerService) -> None:
    ...     request = AnswerRequest("default", "capitals", "What is the capital of France?")
    ...     async for event in answers.answer(request):
    ...         if isinstance(event, Delta):
    ...             print(event.text, end="")
    ...     answer = await answers.collect(request)
    ...     print("", answer.outcome, answer.sources[0].filename, sep="|")
    >>> run(example)
    Paris is the capital of France. [1]|answered|cities.md

    Args:
        answers: makes answers, or finds them.
        conversations: stores what was said.
        complete: fills in the model and the mode of a request that leaves them open.
        trace_id: the current trace.
        observers: receive each request with its answer.
    """

    def __init__(
        self,
        answers: AnswerSource,
        conversations: Conversations,
        *,
        complete: Callable[[AnswerRequest], Awaitable[AnswerRequest]],
        trace_id: Callable[[], str] = str,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._answers = answers
        self._conversations = conversations
        self._complete = complete
        self._trace_id = trace_id
        self._observers = observers
        self._saving = Deadline(_SAVING_SECONDS)

    def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer, from `Start` to one `Done` or `Failed`.

        The conversation is stored just before `Done`, so a client that sees `Done` can read it. Closing the
        generator stops the model and stores nothing.

        Raises:
            LocalChatError: before the first event; a later error becomes the last event.
        """
        return self._events(request, Answer(request.asked_at))

    async def collect(self, request: AnswerRequest) -> Answer:
        """Return the whole answer: the same events, collected. Raises what `answer` raises."""
        answer = Answer(request.asked_at)
        async for _ in self._events(request, answer):
            pass
        return answer

    async def _events(self, request: AnswerRequest, answer: Answer) -> AsyncGenerator[Event, None]:
        request = replace(request, question=request.question.strip())
        annotate(question=request.question)
        failure: BaseException | None = None
        query = tracing.begin("rag.query", attributes={"rag.collection": request.collection})
        try:
            with tracing.inside(query):
                request = await self._complete(request)
                request, history = await self._recalled(request)
            asked = replace(request, history=history)
            async with aclosing(self._answers.answer(asked)) as events:
                with tracing.inside(query):
                    start = self._in_conversation(await anext(events), request)
                answer.add(start)
                yield start
                async for event in events:
                    if isinstance(event, Done):
                        with tracing.inside(query):
                            saved = await self._save(request, start, answer, event.finish_reason)
                        if not saved:
                            yield Status("unsaved", answer.elapsed() * 1000)
                    answer.add(event)
                    yield event
        except Exception as error:
            failure = error
            answer.add(failed(error if isinstance(error, LocalChatError) else LocalChatError("The answer failed.")))
            raise
        finally:
            answer.seconds = answer.elapsed()
            query.set_attributes({"rag.outcome": answer.outcome, "rag.cache": answer.tier})
            with tracing.inside(query):
                _log_outcome(answer)
            tracing.end(query, failure)
            for observe in self._observers:
                observe(request, answer)

    async def _recalled(self, request: AnswerRequest) -> tuple[AnswerRequest, tuple[Message, ...]]:
        """The request with its question, and what was said before it."""
        if request.conversation_id is None:
            return request, request.history
        history = await self._conversations.recall(request.tenant, request.conversation_id, request.replaces)
        if request.replaces is None:
            return request, history
        *before, asked = history
        annotate(question=request.question or asked.content)
        return replace(request, question=request.question or asked.content), tuple(before)

    def _in_conversation(self, first: Event, request: AnswerRequest) -> Start:
        assert isinstance(first, Start), "an answer begins with its start"
        conversation_id = request.conversation_id or (new_conversation_id() if request.remember else None)
        return replace(first, trace_id=self._trace_id(), conversation_id=conversation_id)

    async def _save(self, request: AnswerRequest, start: Start, answer: Answer, finish_reason: str) -> bool:
        """Store the exchange. False if that failed: the client keeps the answer all the same."""
        if not request.remember or start.conversation_id is None:
            return True
        exchange = Exchange(
            query_id=start.query_id,
            question=request.question,
            answer=answer.text,
            sources=tuple(plain(asdict(source)) for source in answer.sources),
            finish_reason=finish_reason,
        )
        if request.conversation_id is None:
            saving = self._conversations.begin(request.tenant, start.conversation_id, request.collection, exchange)
        else:
            saving = self._conversations.append(
                request.tenant, request.conversation_id, request.collection, exchange, request.replaces
            )
        try:
            await self._saving.run(saving)
        except (LocalChatError, TimeoutError) as error:
            _log.warning("An exchange was not stored: %s", getattr(error, "title", "it took too long"))
            return False
        return True


def _log_outcome(answer: Answer) -> None:
    """Log how a question ended, without its text or any of its answer's."""
    key = str(answer.start.cache.get("key") or "")[:12] if answer.start else ""
    annotate(outcome=answer.outcome, tier=answer.tier)
    if key:
        annotate(key=key)
    if answer.tier == "miss" and answer.timings_ms:  # else these are the times of the answer that is replayed
        annotate(timings_ms={stage: round(spent, 3) for stage, spent in answer.timings_ms.items()})
    if answer.first_token is not None:
        annotate(first_token_ms=round(answer.first_token * 1000, 3))
    milliseconds = answer.seconds * 1000
    if answer.tier != "miss":
        _log.info("Query latency: %.0fms (%s cache hit)", milliseconds, answer.tier.upper())
    elif answer.done is not None:
        _log.info("Full RAG pipeline: %.0fms", milliseconds)
    else:
        _log.info("Query %s after %.0fms", answer.outcome, milliseconds)
