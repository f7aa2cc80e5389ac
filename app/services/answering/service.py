"""Answers a question: in its conversation, from the cache or afresh, as events."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Protocol
from uuid import UUID

from app.concurrency.deadline import Deadline
from app.domain.answers import (
    AnswerRequest,
    Citation,
    Delta,
    Done,
    Event,
    Failed,
    Message,
    Source,
    Sources,
    Start,
    Status,
    Usage,
)
from app.domain.conversations import Exchange
from app.domain.event_codec import plain
from app.domain.query_ids import new_query_id
from app.errors import LocalChatError
from app.services.answering.answer_cache import AnswerCache, OpenedAnswer
from app.services.answering.conversations import new_conversation_id
from app.services.answering.pipeline import NO_CONTEXT, AnswerPipeline, AnswerQuery, Clock, failed
from app.services.search.observer import AnswerReport, QuestionObserver
from app.telemetry import tracing
from app.telemetry.access import annotate

_log = logging.getLogger(__name__)
_OUR_FAULT = 500
# Seconds that storing an exchange may keep the end of its answer waiting.
_SAVING_SECONDS = 2.0


class Conversations(Protocol):
    async def recall(self, tenant: str, conversation_id: UUID) -> tuple[Message, ...]: ...
    async def begin(self, tenant: str, conversation_id: UUID, collection: str, exchange: Exchange) -> None: ...
    async def append(self, tenant: str, conversation_id: UUID, exchange: Exchange) -> None: ...


@dataclass(slots=True)
class Answer:
    """What the events of an answer amount to. `failed` is set if it ended in an error."""

    start: Start | None = None
    text: str = ""
    sources: tuple[Source, ...] = ()
    citations: list[Citation] = field(default_factory=list)
    usage: Usage | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    done: Done | None = None
    failed: Failed | None = None

    def add(self, event: Event) -> None:
        match event:
            case Start():
                self.start = event
            case Status(stage, elapsed_ms):
                self.timings_ms[stage] = elapsed_ms
            case Sources(items):
                self.sources = items
            case Delta(text):
                self.text += text
            case Citation():
                self.citations.append(event)
            case Usage():
                self.usage = event
            case Done():
                self.done = event
            case Failed():
                self.failed = event

    @property
    def outcome(self) -> str:
        """answered, no_context, refused, error or cancelled, as metrics name them."""
        if self.failed is not None:
            return "error" if self.failed.problem["status"] >= _OUR_FAULT else "refused"
        if self.done is None:
            return "cancelled"
        return NO_CONTEXT if self.done.finish_reason == NO_CONTEXT else "answered"


async def collect(events: AsyncIterator[Event]) -> Answer:
    """The whole answer: what a client gets who does not stream."""
    answer = Answer()
    async for event in events:
        answer.add(event)
    return answer


class AnswerService:
    """Answers questions.

    Args:
        pipeline: makes answers.
        cache: keeps them.
        conversations: keeps what was said.
        default_model: the chat model of a request that names none.
        trace_id: the current trace.
        observer: told of each answer when it has ended, however it did.
    """

    def __init__(
        self,
        pipeline: AnswerPipeline,
        cache: AnswerCache,
        conversations: Conversations,
        *,
        default_model: str,
        trace_id: Callable[[], str] = str,
        observer: QuestionObserver | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._cache = cache
        self._conversations = conversations
        self._default_model = default_model
        self._trace_id = trace_id
        self._observer = observer or QuestionObserver()
        self._saving = Deadline(_SAVING_SECONDS)

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        """The events of an answer, the last of them `done` or `error`.

        The conversation is stored just before `done`, so whoever sees `done` can read it. Closing the generator
        stops the model and stores nothing.

        Raises:
            LocalChatError: before the first event; a later one is the last event.
        """
        annotate(question=request.question)
        clock = Clock()
        answer = Answer()
        first_token: float | None = None
        failure: BaseException | None = None
        query = tracing.begin("rag.query", attributes={"rag.collection": request.collection})
        try:
            with tracing.inside(query):
                asked, opened = await self._open(request, clock)
            conversation_id = request.conversation_id or (new_conversation_id() if request.remember else None)
            async with aclosing(opened.events) as events:
                first = await anext(events)
                query_id = opened.query_id or new_query_id(opened.cache.get("key"))
                start = Start(query_id, self._trace_id(), asked.model, opened.cache, conversation_id)
                for event in (start, first):
                    answer.add(event)
                    yield event
                async for event in events:
                    if first_token is None and isinstance(event, Delta):
                        first_token = clock.elapsed() / 1000
                    if isinstance(event, Done):
                        with tracing.inside(query):
                            saved = await self._remember(request, start, answer)
                        if not saved:
                            yield Status("unsaved", clock.elapsed())
                    answer.add(event)
                    yield event
        except Exception as error:
            failure = error
            known = error if isinstance(error, LocalChatError) else LocalChatError("The answer failed.")
            answer.add(failed(known))
            raise
        finally:
            report = self._report(request, answer, clock.elapsed() / 1000, first_token)
            query.set_attributes({"rag.outcome": report.outcome, "rag.cache": report.cache})
            with tracing.inside(query):
                _log_outcome(report, answer)
            tracing.end(query, failure)
            self._observer.answered(report)

    async def _open(self, request: AnswerRequest, clock: Clock) -> tuple[AnswerQuery, OpenedAnswer]:
        history = request.history
        if request.conversation_id is not None:
            history = await self._conversations.recall(request.tenant, request.conversation_id)
        asked = self._asked(request, history)
        opened = await self._cache.open(
            asked, self._pipeline, clock, control=request.cache, semantic=request.semantic
        )
        return asked, opened

    def _report(
        self, request: AnswerRequest, answer: Answer, seconds: float, first_token: float | None
    ) -> AnswerReport:
        tier = answer.start.cache.get("tier") if answer.start else None
        model = request.model or self._default_model
        return AnswerReport(answer.outcome, tier or "miss", model, seconds, first_token)

    def _asked(self, request: AnswerRequest, history: tuple[Message, ...]) -> AnswerQuery:
        return AnswerQuery(
            tenant=request.tenant,
            collection=request.collection,
            question=request.question.strip(),
            history=history,
            top_k=request.top_k,
            model=request.model or self._default_model,
            temperature=request.temperature,
            max_tokens=request.max_tokens,
            filter=request.filter,
            retrieval=request.retrieval,
        )

    async def _remember(self, request: AnswerRequest, start: Start, answer: Answer) -> bool:
        """Store the exchange. False if that failed: an answer that was given is not taken back."""
        if not request.remember or start.conversation_id is None:
            return True
        exchange = Exchange(
            query_id=start.query_id,
            question=request.question.strip(),
            answer=answer.text,
            sources=tuple(plain(asdict(source)) for source in answer.sources),
        )
        if request.conversation_id is None:
            saving = self._conversations.begin(request.tenant, start.conversation_id, request.collection, exchange)
        else:
            saving = self._conversations.append(request.tenant, request.conversation_id, exchange)
        try:
            await self._saving.run(saving)
        except (LocalChatError, TimeoutError) as error:
            _log.warning("An exchange was not stored: %s", getattr(error, "title", "it took too long"))
            return False
        return True


def _log_outcome(report: AnswerReport, answer: Answer) -> None:
    """Log how a question ended, without it or any of its answer."""
    key = str(answer.start.cache.get("key") or "")[:12] if answer.start else ""
    annotate(outcome=report.outcome, tier=report.cache)
    if key:
        annotate(key=key)
    if report.cache == "miss" and answer.timings_ms:  # else these are the times of the answer that is replayed
        annotate(timings_ms={stage: round(spent, 3) for stage, spent in answer.timings_ms.items()})
    if report.first_token is not None:
        annotate(first_token_ms=round(report.first_token * 1000, 3))
    _log.info("Query %s in %.3f s (cache: %s)", report.outcome, report.seconds, report.cache)
