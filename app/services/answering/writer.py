"""Writes an answer with a chat model, from passages fitted into its context, with citations."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from app.domain.answers import (
    AnswerRequest,
    Citation,
    Delta,
    Done,
    Event,
    LeftOut,
    Message,
    Status,
    Thinking,
    Usage,
)
from app.domain.documents import Chunk
from app.domain.retrieval import ScoredChunk
from app.errors import InputTooLong
from app.generation.citations import CitationWriter
from app.generation.prompting.prompt import Prompt, PromptBuilder
from app.ollama.scheduling.lanes import Lane
from app.services.answering.model_facts import ContextWindows
from app.services.answering.observer import PipelineObserver


class Surroundings(Protocol):
    async def around(self, passages: Sequence[ScoredChunk]) -> Mapping[int, Sequence[Chunk]]:
        """By a passage's chunk id, the chunks around it and itself, in reading order."""


class Histories(Protocol):
    async def fitted(self, request: AnswerRequest, room: int) -> tuple[Sequence[Message], int]:
        """The history for a prompt that has `room` tokens for it, and of how many turns a summary is in it."""


class ChatChunk(Protocol):
    """A piece of a reply; `done` comes with the last, and with it the model's own counts."""

    @property
    def text(self) -> str: ...
    @property
    def thinking(self) -> str: ...
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
        thinking_tokens: int,
        num_ctx: int,
        truncate: bool,
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


# Tokens for the thoughts of a reasoning model that may think.
_THOUGHTS = 2048
# A stage that tells that the model server cut the prompt, because it has more tokens than was estimated.
CUT = "cut"


class EmptyAnswer(Exception):
    """The model ended without a word of an answer. The message says why."""


class ModelWriter:
    """
    Args:
        models: the chat models.
        prompts: fits the prompt.
        contexts: how many tokens each model is loaded with.
        surroundings: reads the chunks around the passages, for prompts that have room for them.
        histories: fits what was said before; None: the oldest of it is left out.
        observer: receives the stages of answers that somebody waits for.
    """

    def __init__(
        self,
        models: ChatModels,
        *,
        prompts: PromptBuilder,
        contexts: ContextWindows,
        surroundings: Surroundings,
        histories: Histories | None = None,
        observer: PipelineObserver | None = None,
    ) -> None:
        self._models = models
        self._prompts = prompts
        self._contexts = contexts
        self._surroundings = surroundings
        self._histories = histories
        self._observer = observer or PipelineObserver()
        self._unobserved = PipelineObserver()

    async def prompt(
        self, request: AnswerRequest, search_text: str, passages: Sequence[ScoredChunk], *, alone: bool = False
    ) -> Prompt:
        """Fit the passages into the model's context, with what stands around them unless they come `alone`.

        Raises:
            ModelError: the model is not there.
            InputTooLong: the question alone leaves no room for an answer.
        """
        context = await self._contexts.room(request.model, request.max_context, thoughts=_thoughts(request))
        history, summarised = await self._history(request, context)
        around = {} if alone else await self._surroundings.around(passages)
        with self._observer_of(request).stage("prompt"):
            prompt = self._prompts.build(
                request.question,
                passages,
                model=request.model,
                context=context,
                max_tokens=request.max_tokens,
                history=history,
                search_text=search_text,
                around=around,
                style=request.style,
            )
        if not summarised:
            return prompt
        return replace(prompt, left_out=replace(prompt.left_out or LeftOut(), history_summarised=summarised))

    async def _history(self, request: AnswerRequest, context: int) -> tuple[Sequence[Message], int]:
        if self._histories is None or not request.history:
            return request.history, 0
        room = self._prompts.history_room(
            request.question,
            model=request.model,
            context=context,
            max_tokens=request.max_tokens,
            style=request.style,
        )
        return await self._histories.fitted(request, room)

    async def write(
        self, request: AnswerRequest, prompt: Prompt, clock: StageClock
    ) -> AsyncGenerator[Thinking | Delta | Citation | Status | Usage | Done, None]:
        """Yield the events of the text and of its end. Closing it stops the model.

        Raises:
            EmptyAnswer: the model wrote nothing of an answer.
            ModelError: the model failed.
        """
        writer = CitationWriter(prompt.sources, request.question)
        first_token = 0.0
        thought = False
        chunks, last, cut = await self._begin(request, prompt)
        if cut:
            yield Status(CUT, clock.lap(), prompt.left_out)
        async with aclosing(chunks):
            while True:
                if last.thinking:
                    thought = True
                    yield Thinking(last.thinking)
                if last.text and not first_token:
                    first_token = clock.elapsed()
                for event in writer.feed(last.text):
                    yield event
                if last.done:
                    break
                last = await anext(chunks)
        for event in writer.finish():
            yield event
        if not writer.written:
            raise EmptyAnswer(_why_empty(request.model, last, thought=thought))
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

    async def _begin(
        self, request: AnswerRequest, prompt: Prompt
    ) -> tuple[AsyncGenerator[ChatChunk, None], ChatChunk, bool]:
        """Return the reply, its first chunk, and whether the server had to cut the prompt for it."""
        try:
            chunks = await self._chat(request, prompt, truncate=False)
            return chunks, await anext(chunks), False
        except InputTooLong:
            # Estimates of this model's tokens are too low: the next prompt will be shorter.
            context = await self._contexts.of(request.model, request.max_context)
            self._prompts.counter.learn(request.model, guessed=prompt.tokens, counted=context)
            chunks = await self._chat(request, prompt, truncate=True)
            return chunks, await anext(chunks), True

    async def _chat(
        self, request: AnswerRequest, prompt: Prompt, *, truncate: bool
    ) -> AsyncGenerator[ChatChunk, None]:
        return self._models.chat(
            [{"role": message.role, "content": message.content} for message in prompt.messages],
            model=request.model,
            temperature=request.temperature,
            max_tokens=prompt.max_tokens,
            stop=prompt.stop,
            thinking_tokens=_thoughts(request),
            num_ctx=await self._contexts.of(request.model, request.max_context),
            truncate=truncate,
            lane=Lane.BULK if request.background else Lane.INTERACTIVE,
        )

    def _observer_of(self, request: AnswerRequest) -> PipelineObserver:
        return self._unobserved if request.background else self._observer


def _thoughts(request: AnswerRequest) -> int:
    return _THOUGHTS if request.thinking else 0


def _why_empty(model: str, last: ChatChunk, *, thought: bool) -> str:
    if thought:
        return (
            f"{model} used {last.eval_count} tokens for its thoughts and wrote no answer. "
            "Ask again with more max_tokens, or choose another model."
        )
    return f"{model} returned an empty answer."


def wordless_end(clock: StageClock, finish_reason: str, used: Sequence[int]) -> list[Event]:
    """The end of an answer that no model wrote."""
    elapsed = clock.elapsed()
    return [
        Usage(input_tokens=0, output_tokens=0, ttft_ms=elapsed, total_ms=elapsed),
        Done(finish_reason, tuple(used)),
    ]
