"""What a document says, or each of them: in its own sentences, or as a chat model writes it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from app.domain.answers import GENERATE, AnswerRequest, Event, Status
from app.domain.documents import Document
from app.errors import LocalChatError
from app.generation.overviews.phrases import overview_phrases_for
from app.generation.overviews.summaries import KeySentence, key_sentences
from app.generation.prompting.prompt_profile import AS_WRITTEN
from app.services.answering.answer import failed
from app.services.answering.writer import ModelWriter, StageClock
from app.services.overviews.library import DocumentLibrary, Shelf
from app.services.overviews.listing import names_of
from app.services.overviews.map_reduce import DocumentSummarizer, Summarized
from app.services.overviews.quoted import QuotedAnswer, passage_of, started
from app.services.overviews.written import written_or_quoted

_SENTENCES = 9
# Documents of an overview of them all, and of those that a question may name instead.
_MOST_DOCUMENTS = 20
_MOST_NAMED = 10


class DocumentSummaries:
    """
    Args:
        library: reads documents.
        writer: writes summaries in the mode `generate`.
        summarizer: prepares what the writer is shown of a document that is longer than its context.
    """

    def __init__(self, library: DocumentLibrary, writer: ModelWriter, summarizer: DocumentSummarizer) -> None:
        self._library = library
        self._writer = writer
        self._summarizer = summarizer

    async def one(
        self, request: AnswerRequest, document: Document, others: Sequence[Document] = (), count: int = 1
    ) -> AsyncGenerator[Event, None]:
        """A summary of one document. With `others`, it says that the question named none of `count` documents."""
        clock = StageClock(request.asked_at)
        yield started(request)
        chunks = await self._library.text(document)
        keys = await asyncio.to_thread(key_sentences, chunks, _SENTENCES)
        yield Status("outline", clock.lap())
        phrases = overview_phrases_for(request.question)
        quoted = QuotedAnswer()
        if others:
            quoted.say(f"{phrases.last_added.format(count=count)} {_listed(others)}\n\n")
        if not keys:
            quoted.say(phrases.no_text.format(name=document.filename))
        else:
            _outline(quoted, document, keys)
        if request.mode != GENERATE or not keys:
            for event in quoted.events(clock):
                yield event
            return
        summarized = None
        try:
            async with aclosing(self._summarizer.summarized(request, document, chunks, keys)) as steps:
                async for step in steps:
                    if isinstance(step, Summarized):
                        summarized = step
                    else:
                        yield step
        except LocalChatError as error:
            yield failed(error)
            return
        assert summarized is not None, "the last step is the summary"
        yield Status("map", clock.lap())
        in_order = replace(request, style=replace(request.style, order=AS_WRITTEN))
        written = written_or_quoted(
            self._writer, in_order, summarized.passages, quoted, clock, originals=summarized.originals
        )
        async with aclosing(written) as events:
            async for event in events:
                yield event

    async def all(self, request: AnswerRequest, shelf: Shelf) -> AsyncGenerator[Event, None]:
        """How each document begins, those that were added last; as a model puts it in the mode `generate`."""
        clock = StageClock(request.asked_at)
        yield started(request)
        documents, count = await self._library.listed(shelf, "added", limit=_MOST_DOCUMENTS)
        phrases = overview_phrases_for(request.question)
        quoted = QuotedAnswer()
        quoted.say(phrases.documents.format(count=count))
        passages = []
        for document in documents:
            chunks = await self._library.text(document)
            keys = await asyncio.to_thread(key_sentences, chunks, 2)
            if not keys:
                quoted.say(f"\n- {phrases.no_text.format(name=f'**{document.filename}**')}")
                continue
            passages.append(passage_of(document, keys[0].chunk))
            quoted.quote(passages[-1], keys[0].sentence, f"\n- **{document.filename}**: ")
        if count > len(documents):
            quoted.say(f"\n- {phrases.more.format(count=count - len(documents))}")
        yield Status("outline", clock.lap())
        if request.mode == GENERATE and passages:
            written = written_or_quoted(self._writer, request, passages, quoted, clock)
            async with aclosing(written) as events:
                async for event in events:
                    yield event
            return
        for event in quoted.events(clock):
            yield event


def _outline(answer: QuotedAnswer, document: Document, keys: Sequence[KeySentence]) -> None:
    """The file's name and how it begins, then a line for each section."""
    answer.say(f"**{document.filename}**\n\n")
    for place, key in enumerate(keys):
        lead = "" if not place else "\n\n- " if place == 1 else "\n- "
        heading = f"**{key.section}**: " if key.section and place else ""
        answer.quote(passage_of(document, key.chunk), key.sentence, f"{lead}{heading}")


def _listed(documents: Sequence[Document]) -> str:
    names = [name.removeprefix("- ") for name in names_of(documents[:_MOST_NAMED])]
    return ", ".join(names) + (", …" if len(documents) > _MOST_NAMED else "")
