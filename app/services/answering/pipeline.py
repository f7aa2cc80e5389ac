"""From a question to the events of its answer: rewrite, retrieve, fit the prompt, generate, cite."""

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.cache.entry import CacheControl
from app.domain.answers import Delta, Done, Event, Failed, Message, Sources, Status, Usage
from app.domain.documents import Chunk
from app.domain.retrieval import Query, Retrieval, ScoredChunk
from app.errors import LocalChatError, ModelError
from app.generation.citations import CitationWriter
from app.generation.prompt import ECHOES, Prompt, PromptBuilder
from app.generation.relevance import Relevance
from app.generation.rewriting import Rewriter
from app.services.answering.context_windows import ContextWindows
from app.services.search.observer import QuestionObserver

NO_CONTEXT = "no_context"
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
    ) -> AsyncGenerator[ChatChunk, None]: ...


@dataclass(frozen=True, slots=True)
class AnswerQuery:
    """All that an answer depends on, apart from the documents: two equal ones have the same answer."""

    tenant: str
    collection: str
    question: str
    history: tuple[Message, ...]
    top_k: int
    model: str
    temperature: float
    max_tokens: int
    filter: Mapping[str, Any]
    retrieval: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Clock:
    """Milliseconds since it was made, and since the last stage ended."""

    now: Callable[[], float] = time.perf_counter
    began: float = field(init=False)
    _lap: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self._lap = self.now()

    def elapsed(self) -> float:
        return (self.now() - self.began) * 1000

    def lap(self) -> float:
        last, self._lap = self._lap, self.now()
        return (self._lap - last) * 1000


class AnswerPipeline:
    """Answers a question from documents, with no cache and no memory.

    Args:
        search: finds passages.
        models: the chat models.
        prompts: fits the prompt.
        rewriter: makes a follow-up searchable.
        relevance: decides whether anything found is worth asking a model about.
        contexts: how many tokens each model is loaded with.
        surroundings: reads what stands around the passages, for prompts that have room for it.
        observer: told of the stages.
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
        observer: QuestionObserver | None = None,
    ) -> None:
        self._search = search
        self._models = models
        self._prompts = prompts
        self._rewriter = rewriter
        self._relevance = relevance
        self._contexts = contexts
        self._surroundings = surroundings
        self._observer = observer or QuestionObserver()

    async def retrieve(self, asked: AnswerQuery, control: CacheControl = CacheControl.USE) -> tuple[str, Retrieval]:
        """What was searched for, and what was found. An answer made past the cache searches past it too."""
        text = await self._rewriter.standalone(asked.question, asked.history)
        query = Query(
            asked.tenant,
            asked.collection,
            text,
            top_k=asked.top_k,
            filter=asked.filter,
            retrieval=asked.retrieval,
        )
        return text, await self._search.search(query, control)

    async def run(self, asked: AnswerQuery, clock: Clock) -> AsyncGenerator[Event, None]:
        """Retrieve and generate."""
        searched, retrieval = await self.retrieve(asked)
        async with aclosing(self.generate(asked, searched, retrieval, clock)) as events:
            async for event in events:
                yield event

    async def generate(
        self, asked: AnswerQuery, searched: str, retrieval: Retrieval, clock: Clock
    ) -> AsyncGenerator[Event, None]:
        """The events of an answer after its `start`, up to one `done` or `error`. Closing it stops the model.

        Raises:
            LocalChatError: before the first event; a later one becomes the `error` event.
        """
        retrieved = Status("retrieve", clock.lap())
        if not self._relevance.holds(searched, retrieval):
            for event in (retrieved, *_nothing_found(clock)):
                yield event
            return
        context = await self._contexts.of(asked.model)
        around = await self._surroundings.around(retrieval.results)
        with self._observer.stage("prompt"):
            prompt = self._prompts.build(
                asked.question,
                retrieval.results,
                model=asked.model,
                context=context,
                max_tokens=asked.max_tokens,
                history=asked.history,
                search_text=searched,
                around=around,
            )
        yield retrieved
        yield Status("prompt", clock.lap(), prompt.left_out)
        yield Sources(prompt.sources)
        try:
            async with aclosing(self._reply(asked, prompt, context, clock)) as events:
                async for event in events:
                    yield event
        except LocalChatError as error:
            yield failed(error)

    async def _reply(
        self, asked: AnswerQuery, prompt: Prompt, context: int, clock: Clock
    ) -> AsyncGenerator[Event, None]:
        writer = CitationWriter(prompt.sources, asked.question)
        chunks = self._models.chat(
            [{"role": message.role, "content": message.content} for message in prompt.messages],
            model=asked.model,
            temperature=asked.temperature,
            max_tokens=prompt.max_tokens,
            stop=ECHOES,
            num_ctx=context,
        )
        first_token = 0.0
        last: ChatChunk | None = None
        async with aclosing(chunks):
            async for last in chunks:
                if last.text and not first_token:
                    first_token = clock.elapsed()
                for event in writer.feed(last.text):
                    yield event
        for event in writer.finish():
            yield event
        if last is None or not writer.written:
            raise ModelError("The model returned an empty answer.")
        self._prompts.counter.learn(asked.model, guessed=prompt.tokens, counted=last.prompt_eval_count)
        generated = Status("generate", clock.lap())
        self._observer.took("generate", generated.elapsed_ms / 1000)
        self._observer.prompted(last.prompt_eval_count)
        self._observer.cited(writer.used, writer.invalid)
        yield generated
        yield Usage(
            input_tokens=last.prompt_eval_count,
            output_tokens=last.eval_count,
            ttft_ms=first_token,
            total_ms=clock.elapsed(),
            left_out=prompt.left_out,
        )
        yield Done(last.done_reason or "stop", writer.used)


def failed(error: LocalChatError) -> Failed:
    """The error as the last event of an answer."""
    problem = {
        "type": f"urn:localchat:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    return Failed(problem, error.retryable)


def _nothing_found(clock: Clock) -> Iterator[Event]:
    yield Sources(())
    yield Delta(NOTHING_FOUND)
    yield Usage(input_tokens=0, output_tokens=0, ttft_ms=clock.elapsed(), total_ms=clock.elapsed())
    yield Done(NO_CONTEXT, ())
