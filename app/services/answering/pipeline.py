"""Turns a question into the events of its answer, by stages: rewrite, retrieve, fit the prompt, generate, cite."""

import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple, Protocol

from app.cache.entry import CacheControl
from app.domain.answers import NO_CONTEXT, AnswerRequest, Delta, Done, Event, Sources, Start, Status, Usage
from app.domain.documents import Chunk
from app.domain.query_ids import new_query_id
from app.domain.retrieval import Query, Retrieval, ScoredChunk
from app.errors import LocalChatError, ModelError
from app.generation.citations import CitationWriter
from app.generation.prompt import ECHOES, Prompt, PromptBuilder
from app.generation.relevance import Relevance
from app.generation.rewriting import Rewriter
from app.ollama.scheduling.lanes import Lane
from app.services.answering.answer import failed
from app.services.answering.context_windows import ContextWindows
from app.services.answering.observer import PipelineObserver

NOTHING_FOUND = "I found nothing in these documents that answers this question."


class Search(Protocol):
    async def search(self, query: Query, control: CacheControl = ...) -> Retrieval: ...


class Surroundings(Protocol):
    async def around(self, passages: Sequence[ScoredChunk]) -> Mapping[int, Sequence[Chunk]]:
        """By a passage's chunk id, the chunks around it and itself, in reading order."""


class ChatChunk(Protocol):
    """A piece of a reply; `done` comes with the last, and with it the model's own counts."""

    @property
    def text(self) -> str: ...
    @property
    def done(self) -> bool: ...
    @property
    def done_reason(self) -> str | None: ...
    @property
    def prompt_eval_count(self) -> int: ...
    @property
    def eval_count(self) -> int: ...


class ChatModels(Protocol):
    def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        model: str,
        temperature: float,
        max_tokens: int,
        stop: Sequence[str],
        num_ctx: int,
        lane: Lane,
    ) -> AsyncGenerator[ChatChunk, None]: ...


class Found(NamedTuple):
    """The standalone question that was searched for, and what the search found."""

    text: str
    retrieval: Retrieval


class StageClock:
    """Measures in milliseconds: from `began`, a time of `time.perf_counter`, and from the end of the last stage."""

    def __init__(self, began: float) -> None:
        self._began = self._lap = began

    def elapsed(self) -> float:
        return (time.perf_counter() - self._began) * 1000

    def lap(self) -> float:
        last, self._lap = self._lap, time.perf_counter()
        return (self._lap - last) * 1000


class AnswerPipeline:
    """Answers a question from documents, with no cache and no memory. The request names its model.

    Args:
        search: finds passages.
        models: the chat models.
        prompts: fits the prompt.
        rewriter: makes a follow-up question searchable on its own.
        relevance: decides whether the passages are worth asking a model about.
        contexts: how many tokens each model is loaded with.
        surroundings: reads the chunks around the passages, for prompts that have room for them.
        observer: receives the stages of answers that somebody waits for.
    """

    def __init__(
        self,
        search: Search,
        models: ChatModels,
        *,
        prompts: PromptBuilder,
        rewriter: Rewriter,
        relevance: Relevance,
        contexts: ContextWindows,
        surroundings: Surroundings,
        observer: PipelineObserver | None = None,
    ) -> None:
        self._search = search
        self._models = models
        self._prompts = prompts
        self._rewriter = rewriter
        self._relevance = relevance
        self._contexts = contexts
        self._surroundings = surroundings
        self._observer = observer or PipelineObserver()
        self._unobserved = PipelineObserver()

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer, from `Start` to one `Done` or `Failed`. Closing it stops the model.

        Raises:
            LocalChatError: before the first event; a later error becomes the last event.
        """
        found = await self.retrieve(request)
        async with aclosing(self.generate(request, found)) as events:
            first = await anext(events)
            yield Start(new_query_id(None), "", request.model, {"status": "miss", "tier": None})
            yield first
            async for event in events:
                yield event

    async def retrieve(self, request: AnswerRequest) -> Found:
        """Find passages. An answer made past the cache searches past it too."""
        text = await self._rewriter.standalone(request.question, request.history)
        query = Query(
            request.tenant,
            request.collection,
            text,
            top_k=request.top_k,
            filter=request.filter,
            retrieval=request.retrieval,
        )
        return Found(text, await self._search.search(query, CacheControl(request.cache)))

    async def generate(self, request: AnswerRequest, found: Found) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer after its `Start`, as `answer` does."""
        clock = StageClock(request.asked_at)
        retrieved = Status("retrieve", clock.lap())
        if not self._relevance.holds(*found):
            for event in (retrieved, *_nothing_found(clock)):
                yield event
            return
        context = await self._contexts.of(request.model)
        prompt = await self._prompt(request, found, context)
        yield retrieved
        yield Status("prompt", clock.lap(), prompt.left_out)
        yield Sources(prompt.sources)
        writer = CitationWriter(prompt.sources, request.question)
        first_token = 0.0
        last: ChatChunk | None = None
        try:
            async with aclosing(self._chat(request, prompt, context)) as chunks:
                async for last in chunks:
                    if last.text and not first_token:
                        first_token = clock.elapsed()
                    for event in writer.feed(last.text):
                        yield event
            for event in writer.finish():
                yield event
            if last is None or not writer.written:
                raise ModelError("The model returned an empty answer.")
        except LocalChatError as error:
            yield failed(error)
            return
        self._prompts.counter.learn(request.model, guessed=prompt.tokens, counted=last.prompt_eval_count)
        generated = Status("generate", clock.lap())
        self._observe(request, generated, last, writer)
        yield generated
        yield Usage(
            input_tokens=last.prompt_eval_count,
            output_tokens=last.eval_count,
            ttft_ms=first_token,
            total_ms=clock.elapsed(),
            left_out=prompt.left_out,
        )
        yield Done(last.done_reason or "stop", writer.used)

    async def _prompt(self, request: AnswerRequest, found: Found, context: int) -> Prompt:
        around = await self._surroundings.around(found.retrieval.results)
        with self._observer_of(request).stage("prompt"):
            return self._prompts.build(
                request.question,
                found.retrieval.results,
                model=request.model,
                context=context,
                max_tokens=request.max_tokens,
                history=request.history,
                search_text=found.text,
                around=around,
            )

    def _chat(self, request: AnswerRequest, prompt: Prompt, context: int) -> AsyncGenerator[ChatChunk, None]:
        return self._models.chat(
            [{"role": message.role, "content": message.content} for message in prompt.messages],
            model=request.model,
            temperature=request.temperature,
            max_tokens=prompt.max_tokens,
            stop=ECHOES,
            num_ctx=context,
            lane=Lane.BULK if request.background else Lane.INTERACTIVE,
        )

    def _observe(self, request: AnswerRequest, generated: Status, last: ChatChunk, writer: CitationWriter) -> None:
        observer = self._observer_of(request)
        observer.took(generated.stage, generated.elapsed_ms / 1000)
        observer.prompted(last.prompt_eval_count)
        observer.cited(writer.used, writer.invalid)

    def _observer_of(self, request: AnswerRequest) -> PipelineObserver:
        return self._unobserved if request.background else self._observer


def _nothing_found(clock: StageClock) -> Iterator[Event]:
    yield Sources(())
    yield Delta(NOTHING_FOUND)
    yield Usage(input_tokens=0, output_tokens=0, ttft_ms=clock.elapsed(), total_ms=clock.elapsed())
    yield Done(NO_CONTEXT, ())
