"""Everything of one kind that the documents speak of: "list all deadlines"."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from app.domain.answers import GENERATE, NEAR_MISS, NO_CONTEXT, AnswerRequest, Event, Status
from app.domain.documents import Document
from app.generation.canned import phrases_for
from app.generation.gate import AnswerGate, Verdict
from app.generation.overviews.enumeration import Mention, in_document_order, mentions
from app.generation.overviews.intents import Intent
from app.generation.overviews.naming import without_names
from app.generation.overviews.phrases import overview_phrases_for
from app.services.answering.pipeline import AnswerPipeline, numbered
from app.services.answering.writer import ModelWriter, StageClock
from app.services.evidence.quoting import Quoter
from app.services.overviews.library import Shelf, only
from app.services.overviews.quoted import QuotedAnswer, started
from app.services.overviews.written import written_or_quoted

# Passages that are searched for, and sentences that are shown.
_PASSAGES = 50
_SHOWN = 40


class Enumerations:
    """
    Args:
        pipeline: finds passages.
        quoter: finds sentences that answer in other words than the question's.
        gate: decides whether passages can hold an answer.
        writer: writes lists in the mode `generate`.
    """

    def __init__(self, pipeline: AnswerPipeline, quoter: Quoter, gate: AnswerGate, writer: ModelWriter) -> None:
        self._pipeline = pipeline
        self._quoter = quoter
        self._gate = gate
        self._writer = writer

    async def listed(
        self, request: AnswerRequest, shelf: Shelf, intent: Intent, named: Sequence[Document]
    ) -> AsyncGenerator[Event, None]:
        """Every mention, document by document; only of the first named document, if one is named."""
        clock = StageClock(request.asked_at)
        yield started(request)
        what = without_names(intent.what, [document.filename for document in named]) or intent.what
        wanted = only(shelf.filter, named[0].id) if named else request.filter
        found = await self._pipeline.retrieve(replace(request, question=what, top_k=_PASSAGES, filter=wanted))
        passages = found.retrieval.results
        yield Status("retrieve", clock.lap())
        quoted = QuotedAnswer()
        verdict = self._gate.judge(found.text, found.retrieval, found.best_logit)
        said = mentions(what, passages)
        if verdict is Verdict.ABSENT and not said:
            quoted.say(phrases_for(request.question).nothing_found)
            for event in quoted.events(clock, NO_CONTEXT):
                yield event
            return
        phrases = overview_phrases_for(request.question)
        _mentioned(quoted, said, phrases.more)
        if request.mode == GENERATE:
            shown = list(in_document_order([one.passage for one in said] or passages))
            written = written_or_quoted(self._writer, request, shown, quoted, clock)
            async with aclosing(written) as events:
                async for event in events:
                    yield event
            return
        if not said:
            quoted.say(phrases_for(request.question).nearest)
            known = {passage.chunk_id: passage for passage in passages}
            sources = numbered(passages)
            for highlight in await self._quoter.highlights(found.text, sources, passages, found.logits):
                quoted.repeat(known[highlight.chunk_id], highlight, "\n- ")
        for event in quoted.events(clock, "stop" if said else NEAR_MISS):
            yield event


def _mentioned(answer: QuotedAnswer, said: Sequence[Mention], more: str) -> None:
    """Each document's mentions under its name."""
    document = None
    for mention in said[:_SHOWN]:
        passage = mention.passage
        if passage.document_id != document:
            answer.say(f"{chr(10) * 2 if document else ''}**{passage.filename}**")
            document = passage.document_id
        answer.quote(passage, mention.sentence, "\n- ")
    if len(said) > _SHOWN:
        answer.say(f"\n\n{more.format(count=len(said) - _SHOWN)}")
