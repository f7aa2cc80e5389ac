"""How two documents differ, or what the documents say of two topics."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from app.domain.answers import GENERATE, NO_CONTEXT, AnswerRequest, Event, Status
from app.domain.documents import Document
from app.domain.retrieval import ScoredChunk
from app.generation.gate import AnswerGate, Verdict
from app.generation.overviews.comparison import Differences, Said, differences
from app.generation.overviews.intents import Intent
from app.generation.overviews.naming import without_names
from app.generation.overviews.phrases import OverviewPhrases, overview_phrases_for
from app.generation.overviews.summaries import key_sentences
from app.generation.terms import terms
from app.services.answering.pipeline import AnswerPipeline, numbered
from app.services.answering.writer import ModelWriter, StageClock
from app.services.evidence.quoting import Quoter
from app.services.overviews.library import DocumentLibrary, Shelf, only
from app.services.overviews.listing import LISTED, names_of
from app.services.overviews.quoted import QuotedAnswer, passage_of, started
from app.services.overviews.written import written_or_quoted

_MOST = 6
_MOST_NAMED = 10


class Comparisons:
    """
    Args:
        library: reads documents.
        pipeline: finds passages.
        quoter: finds the sentences that answer.
        gate: decides whether passages can hold an answer.
        writer: writes comparisons in the mode `generate`.
    """

    def __init__(
        self,
        library: DocumentLibrary,
        pipeline: AnswerPipeline,
        quoter: Quoter,
        gate: AnswerGate,
        writer: ModelWriter,
    ) -> None:
        self._library = library
        self._pipeline = pipeline
        self._quoter = quoter
        self._gate = gate
        self._writer = writer

    async def documents(
        self, request: AnswerRequest, shelf: Shelf, intent: Intent, pair: tuple[Document, Document]
    ) -> AsyncGenerator[Event, None]:
        """How two documents differ; on the topic that the question gives, if it gives one."""
        topic = without_names(intent.what, [document.filename for document in pair])
        if terms(topic) and intent.pointing is None:
            sides = [
                (document.filename, replace(request, question=topic, filter=only(shelf.filter, document.id)))
                for document in pair
            ]
            async with aclosing(self._searched(request, sides)) as events:
                async for event in events:
                    yield event
            return
        clock = StageClock(request.asked_at)
        yield started(request)
        first, second = [await self._library.text(document) for document in pair]
        found = await asyncio.to_thread(differences, first, second, _MOST)
        yield Status("compare", clock.lap())
        phrases = overview_phrases_for(request.question)
        quoted = QuotedAnswer()
        unlike = not found.shared and not found.reworded
        if unlike:
            for place, (document, chunks) in enumerate(zip(pair, (first, second), strict=True)):
                quoted.say(f"{chr(10) * 2 if place else ''}**{document.filename}**")
                for key in await asyncio.to_thread(key_sentences, chunks, _MOST):
                    quoted.quote(passage_of(document, key.chunk), key.sentence, "\n- ")
        else:
            _told(quoted, found, pair, phrases)
        if request.mode == GENERATE and quoted.passages:
            written = written_or_quoted(self._writer, request, list(quoted.passages.values()), quoted, clock)
            async with aclosing(written) as events:
                async for event in events:
                    yield event
            return
        for event in quoted.events(clock):
            yield event

    async def topics(self, request: AnswerRequest, sides: tuple[str, str]) -> AsyncGenerator[Event, None]:
        """What the documents say of two topics, one after the other."""
        searched = [(side, replace(request, question=side)) for side in sides]
        async with aclosing(self._searched(request, searched)) as events:
            async for event in events:
                yield event

    async def none(self, request: AnswerRequest, shelf: Shelf) -> AsyncGenerator[Event, None]:
        """The question names fewer than two documents: it is asked for them."""
        clock = StageClock(request.asked_at)
        yield started(request)
        documents, count = await self._library.listed(shelf, "name", limit=LISTED)
        phrases = overview_phrases_for(request.question)
        answer = QuotedAnswer()
        lines = [phrases.two_needed, *names_of(documents[:_MOST_NAMED])]
        if count > _MOST_NAMED:
            lines.append(f"- {phrases.more.format(count=count - _MOST_NAMED)}")
        answer.say("\n".join(lines))
        for event in answer.events(clock):
            yield event

    async def _searched(
        self, request: AnswerRequest, sides: Sequence[tuple[str, AnswerRequest]]
    ) -> AsyncGenerator[Event, None]:
        """What was found for each side, under its name."""
        clock = StageClock(request.asked_at)
        yield started(request)
        phrases = overview_phrases_for(request.question)
        quoted = QuotedAnswer()
        passages: dict[int, ScoredChunk] = {}
        for place, (name, side) in enumerate(sides):
            found = await self._pipeline.retrieve(side)
            quoted.say(f"{chr(10) * 2 if place else ''}**{name}**")
            verdict = self._gate.judge(found.text, found.retrieval, found.best_logit)
            if verdict is Verdict.ABSENT:
                quoted.say(f"\n- {phrases.not_found}")
                continue
            passages |= {passage.chunk_id: passage for passage in found.retrieval.results}
            results = found.retrieval.results
            for highlight in await self._quoter.highlights(found.text, numbered(results), results, found.logits):
                quoted.repeat(passages[highlight.chunk_id], highlight, "\n- ")
        yield Status("retrieve", clock.lap())
        if request.mode == GENERATE and passages:
            written = written_or_quoted(self._writer, request, list(passages.values()), quoted, clock)
            async with aclosing(written) as events:
                async for event in events:
                    yield event
            return
        for event in quoted.events(clock, "stop" if quoted.passages else NO_CONTEXT):
            yield event


def _told(
    answer: QuotedAnswer, found: Differences, pair: tuple[Document, Document], phrases: OverviewPhrases
) -> None:
    answer.say(phrases.in_both.format(count=found.shared))
    if found.reworded:
        answer.say(f"\n\n**{phrases.different}**")
    for one, other in found.reworded:
        for document, said in zip(pair, (one, other), strict=True):
            answer.quote(passage_of(document, said.chunk), said.sentence, f"\n- {document.filename}: ")
    for document, only_there in zip(pair, (found.first, found.second), strict=True):
        if only_there:
            answer.say(f"\n\n**{phrases.only_in.format(name=document.filename)}**")
        _items(answer, document, only_there)


def _items(answer: QuotedAnswer, document: Document, said: Sequence[Said]) -> None:
    for one in said:
        answer.quote(passage_of(document, one.chunk), one.sentence, "\n- ")
