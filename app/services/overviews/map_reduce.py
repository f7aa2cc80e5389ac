"""Summaries of documents longer than a model's context: of their parts first, then of the parts' summaries."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial

from app.domain.answers import AnswerProgress, AnswerRequest
from app.domain.documents import Chunk, Document
from app.domain.retrieval import ScoredChunk
from app.errors import InputTooLong
from app.generation.overviews.part_prompts import FRAME_TOKENS, PART_TOKENS, part_messages
from app.generation.overviews.sections import parts_of
from app.generation.overviews.summaries import KeySentence
from app.generation.prompting.prompt_profile import TOO_SMALL
from app.generation.prompting.tokens import TokenCounter, estimate
from app.ollama.scheduling.lanes import Lane
from app.services.answering.model_facts import ContextWindows
from app.services.answering.model_texts import ModelTask, ModelText, ModelTexts
from app.services.overviews.quoted import passage_of

# In tokens. A longer part would be summarised in fewer steps, but a changed page would cost more, and a citation of
# it would say less.
_LARGEST_PART = 2000
# The share of the context that the last prompt's passages take.
_PASSAGES_SHARE = 0.6
# In tokens, of the frame around a passage.
_FRAME = 24
# Steps that are under way at once: a server that works on one after the other must reach the last in time.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Summarized:
    """What a writer is shown of a document, and by chunk id what its sources show of it in place of summaries."""

    passages: tuple[ScoredChunk, ...]
    originals: Mapping[int, ScoredChunk]


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of chunks, or of their summaries: `texts` are summarised, `first` is the chunk that it begins with."""

    first: Chunk
    texts: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(self.texts)


class DocumentSummarizer:
    """Each part's summary is kept by the part's text: a changed page costs the steps above it, an interrupted
    summary goes on where it was.

    Args:
        texts: writes summaries of parts, and keeps them.
        contexts: how many tokens each model is loaded with.
        counter: estimates tokens.
    """

    def __init__(self, texts: ModelTexts, contexts: ContextWindows, counter: TokenCounter) -> None:
        self._texts = texts
        self._contexts = contexts
        self._counter = counter

    async def summarized(
        self, request: AnswerRequest, document: Document, chunks: Sequence[Chunk], keys: Sequence[KeySentence]
    ) -> AsyncGenerator[AnswerProgress | Summarized, None]:
        """Yield how far it is, and last what the writer is to be shown. Closing it stops the model.

        A document that fits is shown whole. To a model that is too small to summarise, key sentences are shown.

        Raises:
            ModelError: the model failed; the summaries that it has written are kept.
        """
        if request.model in TOO_SMALL:
            cited = {key.chunk.id: key.chunk for key in keys}
            yield Summarized(tuple(passage_of(document, chunk) for chunk in cited.values()), {})
            return
        room = await self._contexts.room(request.model, request.max_context)
        passages_room = int(room * _PASSAGES_SHARE)
        # Estimates of the tokens of parts are not corrected, or parts would change when a model counts more.
        largest = max(1, min(_LARGEST_PART, room - PART_TOKENS - FRAME_TOKENS))
        size = partial(self._counter.count, model=request.model)
        if sum(size(chunk.text) + _FRAME for chunk in chunks) <= passages_room:
            yield Summarized(tuple(passage_of(document, chunk) for chunk in chunks), {})
            return
        parts = [
            _Part(run[0], tuple(chunk.text for chunk in run))
            for run in parts_of(
                chunks,
                most=largest,
                size=lambda chunk: estimate(chunk.text),
                text=lambda chunk: chunk.text,
                section=lambda chunk: (chunk.section or "").split(" > ")[0],
            )
        ]
        originals = {part.first.id: passage_of(document, part.first) for part in parts}
        stage = "map"
        while True:
            written: list[str] = []
            async with aclosing(self._step(request, document, parts, stage)) as steps:
                async for step in steps:
                    if isinstance(step, AnswerProgress):
                        yield step
                    else:
                        written = step
            parts = [_Part(part.first, (text,)) for part, text in zip(parts, written, strict=True)]
            if sum(size(part.text) + _FRAME for part in parts) <= passages_room:
                break
            runs = parts_of(parts, most=largest, size=lambda part: estimate(part.text), text=lambda part: part.text)
            if len(runs) == len(parts):
                break
            parts = [_Part(run[0].first, tuple(part.text for part in run)) for run in runs]
            stage = "reduce"
        yield Summarized(tuple(passage_of(document, part.first, part.text) for part in parts), originals)

    async def _step(
        self, request: AnswerRequest, document: Document, parts: Sequence[_Part], stage: str
    ) -> AsyncGenerator[AnswerProgress | list[str], None]:
        """Summarise each part, in any order; the last yield is all summaries in their order."""
        tasks = [_task(request, document, part) for part in parts]
        known = await self._texts.known(tasks)
        summaries = {at: text.text for at, text in enumerate(known) if text is not None}
        missing = [at for at in range(len(tasks)) if at not in summaries]
        if not missing:
            yield [summaries[at] for at in range(len(parts))]
            return
        yield AnswerProgress(stage, len(summaries), len(parts), _expected(known, len(missing)))
        began = time.monotonic()
        free = asyncio.Semaphore(_AT_ONCE)

        async def summarise(at: int) -> tuple[int, str]:
            async with free:
                return at, await self._summarise(request, document, parts[at], tasks[at])

        running = [asyncio.create_task(summarise(at)) for at in missing]
        try:
            for made, step in enumerate(asyncio.as_completed(running), 1):
                at, text = await step
                summaries[at] = text
                left = (time.monotonic() - began) / made * (len(missing) - made)
                yield AnswerProgress(stage, len(summaries), len(parts), left)
        finally:
            for task in running:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*running, return_exceptions=True)
        yield [summaries[at] for at in range(len(parts))]

    async def _summarise(self, request: AnswerRequest, document: Document, part: _Part, task: ModelTask) -> str:
        """The summary of a part; of its halves, if it has more tokens than was estimated."""
        try:
            return (await self._texts.write(task, Lane.BULK)).text
        except InputTooLong:
            middle = len(part.texts) // 2
            if not middle:
                raise
            halves = (_Part(part.first, part.texts[:middle]), _Part(part.first, part.texts[middle:]))
            texts = [
                await self._summarise(request, document, half, _task(request, document, half)) for half in halves
            ]
            return "\n".join(texts)


def _task(request: AnswerRequest, document: Document, part: _Part) -> ModelTask:
    return ModelTask(
        tenant=request.tenant,
        model=request.model,
        messages=part_messages(document.filename, part.first.section, part.texts),
        max_tokens=PART_TOKENS,
        max_context=request.max_context,
        document_id=document.id,
    )


def _expected(known: Sequence[ModelText | None], missing: int) -> float | None:
    """Seconds that the missing steps will take, if others of the document are known; None if none is."""
    took = [text.seconds for text in known if text is not None]
    return sum(took) / len(took) * missing / _AT_ONCE if took else None
