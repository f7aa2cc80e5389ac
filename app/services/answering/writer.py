"""Writes an answer with a chat model, from passages fitted into its context, with citations."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

from app.domain.answers import AnswerRequest, Citation, Delta, Done, Event, Status, Usage
from app.domain.documents import Chunk
from app.domain.retrieval import ScoredChunk
from app.generation.citations import CitationWriter
from app.generation.prompt import ECHOES, Prompt, PromptBuilder
from app.ollama.scheduling.lanes import Lane
from app.services.answering.model_facts import ContextWindows
from app.services.answering.observer import PipelineObserver


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


class StageClock:
    """Measures in milliseconds: from `began`, a time of `time.perf_counter`, and from the end of the last stage."""

    def __init__(self, began: float) -> None:
        self._began = self._lap = began

    def elapsed(self) -> float:
        return (time.perf_counter() - self._began) * 1000

    def lap(self) -> float:
        last, self._lap = self._lap, time.perf_counter()
        return (self._lap - last) * 1000


class EmptyAnswer(Exception):
    """The model ended without a word."""


class ModelWriter:
    """
    Args:
        models: the chat models.
        prompts: fits the prompt.
        contexts: how many tokens each model is loaded with.
        surroundings: reads the chunks around the passages, for prompts that have room for them.
        observer: receives the stages of answers that somebody waits for.
    """

    def __init__(
        self,
        models: ChatModels,
        *,
        prompts: PromptBuilder,
        contexts: ContextWindows,
        surroundings: Surroundings,
        observer: PipelineObserver | None = None,
    ) -> None:
        self._models = models
        self._prompts = prompts
        self._contexts = contexts
        self._surroundings = surroundings
        self._observer = observer or PipelineObserver()
        self._unobserved = PipelineObserver()

    async def prompt(self, request: AnswerRequest, search_text: str, passages: Sequence[ScoredChunk]) -> Prompt:
        """Fit the passages into the model's context.

        Raises:
            ModelError: the model is not there.
            InputTooLong: the question alone leaves no room for an answer.
        """
        context = await self._contexts.of(request.model)
        around = await self._surroundings.around(passages)
        with self._observer_of(request).stage("prompt"):
            return self._prompts.build(
                request.question,
                passages,
                model=request.model,
                context=context,
                max_tokens=request.max_tokens,
                history=request.history,
                search_text=search_text,
                around=around,
            )

    async def write(
        self, request: AnswerRequest, prompt: Prompt, clock: StageClock
    ) -> AsyncGenerator[Delta | Citation | Status | Usage | Done, None]:
        """Yield the events of the text and of its end. Closing it stops the model.

        Raises:
            EmptyAnswer: the model said nothing.
            ModelError: the model failed.
        """
        writer = CitationWriter(prompt.sources, request.question)
        first_token = 0.0
        last: ChatChunk | None = None
        async with aclosing(await self._chat(request, prompt)) as chunks:
            async for last in chunks:
                if last.text and not first_token:
                    first_token = clock.elapsed()
                for event in writer.feed(last.text):
                    yield event
        for event in writer.finish():
            yield event
        if last is None or not writer.written:
            raise EmptyAnswer
        self._prompts.counter.learn(request.model, guessed=prompt.tokens, counted=last.prompt_eval_count)
        generated = Status("generate", clock.lap())
        observer = self._observer_of(request)
        observer.took(generated.stage, generated.elapsed_ms / 1000)
        observer.prompted(last.prompt_eval_count)
        observer.cited(writer.used, writer.invalid)
        yield generated
        yield Usage(
            input_tokens=last.prompt_eval_count,
            output_tokens=last.eval_count,
            ttft_ms=first_token,
            total_ms=clock.elapsed(),
            left_out=prompt.left_out,
        )
        yield Done(last.done_reason or "stop", writer.used)

    async def _chat(self, request: AnswerRequest, prompt: Prompt) -> AsyncGenerator[ChatChunk, None]:
        return self._models.chat(
            [{"role": message.role, "content": message.content} for message in prompt.messages],
            model=request.model,
            temperature=request.temperature,
            max_tokens=prompt.max_tokens,
            stop=ECHOES,
            num_ctx=await self._contexts.of(request.model),
            lane=Lane.BULK if request.background else Lane.INTERACTIVE,
        )

    def _observer_of(self, request: AnswerRequest) -> PipelineObserver:
        return self._unobserved if request.background else self._observer


def wordless_end(clock: StageClock, finish_reason: str, used: Sequence[int]) -> list[Event]:
    """The end of an answer that no model wrote."""
    elapsed = clock.elapsed()
    return [
        Usage(input_tokens=0, output_tokens=0, ttft_ms=elapsed, total_ms=elapsed),
        Done(finish_reason, tuple(used)),
    ]
