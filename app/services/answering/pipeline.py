"""Turns a question into the events of its answer, by stages: rewrite, retrieve, rerank, judge, quote, write."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple, Protocol

from app.cache.entry import CacheControl
from app.domain.answers import (
    BRIEF,
    NEAR_MISS,
    NO_CONTEXT,
    QUOTE,
    AnswerRequest,
    Delta,
    Event,
    Highlight,
    Highlights,
    SearchedFor,
    Source,
    Sources,
    Start,
    Status,
)
from app.domain.query_ids import new_query_id
from app.domain.retrieval import Query, Retrieval, ScoredChunk
from app.errors import LocalChatError, ModelError
from app.generation.canned import phrases_for
from app.generation.gate import AnswerGate, Verdict
from app.services.answering.answer import failed
from app.services.answering.observer import PipelineObserver
from app.services.answering.renewal import AnswerWriter
from app.services.answering.writer import EmptyAnswer, ModelWriter, StageClock, wordless_end
from app.services.evidence.quoting import Quoter, spoken
from app.services.evidence.ranking import PassageRanker

# What `Start` names as the model of an answer that none wrote.
QUOTES = "quotes"
# A stage that tells that the reranker gave no scores in time, so that the order and the quotes are not the best.
UNSCORED = "unscored"
# A stage that tells that the middle of the question was not embedded: the search went by its beginning and its end.
SHORTENED = "shortened"
# Passages shown with "I found nothing".
_NEAREST = 3
# Passages that are searched for, and those of them that are read again; the best are answered from. Among fewer the
# repeats of a document are held back more: reading eight of eight that were searched for, success@1 of docs/aws is
# .714, of twenty and of thirty .768.
SEARCHED = 30
_READ = 8


class Search(Protocol):
    async def search(self, query: Query, control: CacheControl = ...) -> Retrieval: ...


class Rewriter(Protocol):
    async def standalone(self, request: AnswerRequest) -> str:
        """The text to search for."""


class Found(NamedTuple):
    """What a search found, in the order in which it answers.

    Attributes:
        text: the standalone question that was searched for.
        logits: the reranker's scores by chunk; None if there are none.
        rerank_ms: what they took.
        unscored: there should be scores, but the reranker was late, gone or wrong.
    """

    text: str
    retrieval: Retrieval
    logits: Mapping[int, float] | None = None
    rerank_ms: float = 0.0
    unscored: bool = False

    @property
    def best_logit(self) -> float | None:
        return max(self.logits.values()) if self.logits else None


class AnswerPipeline:
    """Answers a question from documents, with no cache and no memory. The request names its model and its mode.

    Args:
        search: finds passages.
        writer: writes answers with a chat model.
        rewriter: makes a follow-up question searchable on its own.
        ranker: reads the passages again.
        quoter: finds the sentences that answer.
        gate: decides whether the passages can hold an answer.
        observer: receives the stages of answers that somebody waits for.
    """

    def __init__(
        self,
        search: Search,
        writer: ModelWriter,
        *,
        rewriter: Rewriter,
        ranker: PassageRanker,
        quoter: Quoter,
        gate: AnswerGate,
        observer: PipelineObserver | None = None,
    ) -> None:
        self._search = search
        self.writer = writer
        self._rewriter = rewriter
        self._ranker = ranker
        self._gate = gate
        self._quoter = quoter
        self._observer = observer or PipelineObserver()

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer, from `Start` to one `Done` or `Failed`. Closing it stops the model.

        Raises:
            LocalChatError: before the first event; a later error becomes the last event.
        """
        found = await self.retrieve(request)
        async with aclosing(self.generate(request, found)) as events:
            start = Start(new_query_id(None), "", written_by(request), {"status": "miss", "tier": None})
            async with aclosing(begun(start, events)) as all_events:
                async for event in all_events:
                    yield event

    async def retrieve(self, request: AnswerRequest) -> Found:
        """Find passages and put the best first. An answer made past the cache searches past it too."""
        text = await self._rewriter.standalone(request)
        query = Query(
            request.tenant,
            request.collection,
            text,
            top_k=max(request.top_k, SEARCHED),
            filter=request.filter,
            retrieval=request.retrieval,
        )
        retrieval = await self._search.search(query, CacheControl(request.cache))
        began = time.perf_counter()
        if retrieval.unscored:
            return Found(text, _first(retrieval, request.top_k), unscored=True)
        ranked = await self._ranker.rank(text, retrieval.results[: max(request.top_k, _READ)])
        seconds = time.perf_counter() - began
        if ranked.logits is not None and not request.background:
            self._observer.took("rerank", seconds)
        retrieval = _first(replace(retrieval, results=ranked.passages), request.top_k)
        return Found(text, retrieval, ranked.logits, seconds * 1000, ranked.unscored)

    async def generate(
        self, request: AnswerRequest, found: Found, writer: AnswerWriter | None = None
    ) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer after its `Start`, as `answer` does. `writer`: in place of the own."""
        clock = StageClock(request.asked_at)
        if found.text != request.question:
            yield SearchedFor(found.text)
        stages = _stages(found, clock)
        verdict = self._gate.judge(found.text, found.retrieval, found.best_logit)
        if verdict is Verdict.ABSENT:
            nearest = numbered(found.retrieval.results[:_NEAREST])
            text = Delta(phrases_for(request.question).nothing_found)
            for event in (*stages, Sources(nearest), text, *wordless_end(clock, NO_CONTEXT, ())):
                yield event
            return
        if request.mode == QUOTE:
            answer = self._quote(request, found, verdict, stages, clock)
        else:
            answer = self._write(request, found, verdict, stages, clock, writer or self.writer)
        async with aclosing(answer) as events:
            async for event in events:
                yield event

    async def _quote(
        self, request: AnswerRequest, found: Found, verdict: Verdict, stages: Sequence[Status], clock: StageClock
    ) -> AsyncGenerator[Event, None]:
        sources = numbered(found.retrieval.results)
        brief = request.style.length == BRIEF
        highlights = await self._quoter.highlights(
            found.text, sources, found.retrieval.results, found.logits, brief=brief
        )
        for stage in stages:
            yield stage
        yield Sources(sources)
        yield Highlights(highlights)
        for event in self._quoted(request, highlights, verdict, clock):
            yield event

    async def _write(
        self,
        request: AnswerRequest,
        found: Found,
        verdict: Verdict,
        stages: Sequence[Status],
        clock: StageClock,
        writer: AnswerWriter,
    ) -> AsyncGenerator[Event, None]:
        """As a model writes it. If it says nothing, the quotes are the answer."""
        prompt = await writer.prompt(request, found.text, found.retrieval.results)
        for stage in (*stages, Status("prompt", clock.lap(), prompt.left_out)):
            yield stage
        yield Sources(prompt.sources)
        highlights = await self._quoter.highlights(
            found.text, prompt.sources, found.retrieval.results, found.logits
        )
        yield Highlights(highlights)
        try:
            async with aclosing(writer.write(request, prompt, clock)) as events:
                async for event in events:
                    yield event
        except EmptyAnswer as empty:
            if not highlights:
                yield failed(ModelError(str(empty)))
                return
            for quoted in self._quoted(request, highlights, verdict, clock):
                yield quoted
        except LocalChatError as error:
            yield failed(error)

    def _quoted(
        self, request: AnswerRequest, highlights: Sequence[Highlight], verdict: Verdict, clock: StageClock
    ) -> Iterator[Event]:
        near = verdict is Verdict.NEAR
        yield from spoken(highlights, phrases_for(request.question).nearest if near else "")
        quoted = Status("quote", clock.lap())
        used = tuple(dict.fromkeys(highlight.citation for highlight in highlights))
        if not request.background:
            self._observer.took(quoted.stage, quoted.elapsed_ms / 1000)
            self._observer.cited(used, 0)
        yield quoted
        yield from wordless_end(clock, NEAR_MISS if near else "stop", used)


async def begun(start: Start, events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """Yield an answer's events behind its `Start`, which tells what was searched for.

    Raises:
        LocalChatError: before the first event, what the first of `events` raises.
    """
    first = await anext(events)
    if isinstance(first, SearchedFor):
        start = replace(start, searched_for=first.text)
        first = await anext(events)
    yield start
    yield first
    async for event in events:
        yield event


def written_by(request: AnswerRequest) -> str:
    """What `Start` calls the model."""
    return QUOTES if request.mode == QUOTE else request.model


def _first(retrieval: Retrieval, count: int) -> Retrieval:
    return replace(retrieval, results=retrieval.results[:count])


def _stages(found: Found, clock: StageClock) -> list[Status]:
    stages = [Status("retrieve", max(0.0, clock.lap() - found.rerank_ms))]
    if found.retrieval.shortened:
        stages.append(Status(SHORTENED, 0.0))
    if found.logits is not None:
        stages.append(Status("rerank", found.rerank_ms))
    elif found.unscored:
        stages.append(Status(UNSCORED, found.rerank_ms))
    return stages


def numbered(passages: Sequence[ScoredChunk]) -> tuple[Source, ...]:
    """The passages as sources, numbered in their order."""
    return tuple(Source.of(number, passage) for number, passage in enumerate(passages, 1))
