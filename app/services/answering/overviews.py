"""Answers to questions about the documents themselves: which there are, what is new, what one is about."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.cache.entry import CacheControl
from app.domain.answers import (
    GENERATE,
    AnswerRequest,
    Citation,
    Delta,
    Event,
    Highlight,
    Highlights,
    Source,
    Sources,
    Start,
    Status,
)
from app.domain.documents import Chunk, Document
from app.domain.query_ids import new_query_id
from app.domain.retrieval import ScoredChunk
from app.errors import LocalChatError
from app.generation.intents import Intent, Subject, intent_of, named_in
from app.generation.quotes import written
from app.generation.summaries import KeySentence, key_sentences
from app.services.answering.answer import AnswerSource, failed
from app.services.answering.pipeline import written_by
from app.services.answering.writer import EmptyAnswer, ModelWriter, StageClock, wordless_end
from app.services.pagination import Page

_MOST_DOCUMENTS = 1000
_LISTED = 100
_NEWEST = 20
_PAGE = 200
# Chunks of a document that is summarised: about 3,000 pages.
_MOST_CHUNKS = 20_000
_SENTENCES = 9


class Library(Protocol):
    """Reads documents and their chunks."""

    async def list(
        self, tenant: str, *, collection: str | None, limit: int, cursor: str | None
    ) -> Page[Document]: ...

    async def chunks(self, tenant: str, document_id: UUID, *, limit: int, cursor: str | None) -> Page[Chunk]: ...


class OverviewAnswers:
    """Answers what is asked of the documents as such, and leaves every other question to `answers`.

    These answers are made anew each time, since every change of a document changes them. A question with a filter
    is left to `answers`, whose passages keep to it: the list of documents knows no filter.

    Args:
        answers: answers questions for facts.
        library: reads documents.
        writer: writes summaries in the mode `generate`.
    """

    def __init__(self, answers: AnswerSource, library: Library, writer: ModelWriter) -> None:
        self._answers = answers
        self._library = library
        self._writer = writer

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer, as `AnswerPipeline.answer` does. Raises what that raises."""
        intent = intent_of(request.question)
        made = None
        if intent is not None and not request.filter and request.cache != CacheControl.ONLY_IF_CACHED:
            made = await self._overview(request, intent)
        async with aclosing(made or self._answers.answer(request)) as events:
            async for event in events:
                yield event

    async def _overview(self, request: AnswerRequest, intent: Intent) -> AsyncGenerator[Event, None] | None:
        """The answer's events; None if the question names no document, so that passages may answer it."""
        documents = await self._documents(request)
        if intent.subject is Subject.SUMMARY:
            named = named_in(request.question, [document.filename for document in documents])
            if not named and (len(documents) != 1 or not intent.vague):
                return None
            return self._summary(request, documents[named[0] if named else 0])
        newest = sorted(documents, key=lambda document: document.updated_at, reverse=True)
        if intent.subject is Subject.FILES:
            by_name = sorted(documents, key=lambda document: document.filename)
            return self._listed(request, by_name[:_LISTED], len(documents))
        since = intent.since
        changed = [document for document in newest if since is None or document.updated_at >= since]
        return self._listed(request, changed[:_NEWEST], len(changed), dated=True)

    async def _listed(
        self, request: AnswerRequest, documents: Sequence[Document], count: int, *, dated: bool = False
    ) -> AsyncGenerator[Event, None]:
        clock = StageClock(request.asked_at)
        yield _start(request)
        yield Status("list", clock.lap())
        yield Sources(())
        lines = [f"- {document.filename}{_dated(document.updated_at) if dated else ''}" for document in documents]
        more = f"\n- … ({count})" if count > len(documents) else ""
        yield Delta("\n".join(lines) + more if lines else f"{request.collection}: 0")
        for event in wordless_end(clock, "stop", ()):
            yield event

    async def _summary(self, request: AnswerRequest, document: Document) -> AsyncGenerator[Event, None]:
        clock = StageClock(request.asked_at)
        yield _start(request)
        chunks = await self._chunks(request.tenant, document.id)
        keys = key_sentences(chunks, _SENTENCES)
        yield Status("outline", clock.lap())
        cited = list({key.chunk.id: key.chunk for key in keys}.values())
        numbers = {chunk.id: number for number, chunk in enumerate(cited, 1)}
        if request.mode == GENERATE and cited:
            passages = [_passage(document, chunk, place) for place, chunk in enumerate(cited)]
            try:
                prompt = await self._writer.prompt(request, request.question, passages)
                yield Sources(prompt.sources)
                async with aclosing(self._writer.write(request, prompt, clock)) as events:
                    async for event in events:
                        yield event
            except EmptyAnswer:
                pass  # what follows says it in the document's own words
            except LocalChatError as error:
                yield failed(error)
                return
            else:
                return
        yield Sources(tuple(Source.of(numbers[chunk.id], _passage(document, chunk, 0)) for chunk in cited))
        yield Highlights(tuple(_highlight(key, numbers[key.chunk.id]) for key in keys))
        for spoken in _outlined(document, keys, numbers):
            yield spoken
        yield Status("quote", clock.lap())
        for end in wordless_end(clock, "stop", tuple(numbers.values())):
            yield end

    async def _documents(self, request: AnswerRequest) -> list[Document]:
        found: list[Document] = []
        cursor: str | None = None
        while len(found) < _MOST_DOCUMENTS:
            page = await self._library.list(
                request.tenant, collection=request.collection, limit=_PAGE, cursor=cursor
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return found

    async def _chunks(self, tenant: str, document_id: UUID) -> list[Chunk]:
        found: list[Chunk] = []
        cursor: str | None = None
        while len(found) < _MOST_CHUNKS:
            page = await self._library.chunks(tenant, document_id, limit=_PAGE, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return found


def _start(request: AnswerRequest) -> Start:
    return Start(new_query_id(None), "", written_by(request), {"status": "bypass", "tier": None})


def _dated(when: datetime) -> str:
    return f" ({when.date().isoformat()})"


def _outlined(document: Document, keys: Sequence[KeySentence], numbers: dict[int, int]) -> list[Delta | Citation]:
    """The file's name and how it begins, then a line for each section."""
    events: list[Delta | Citation] = []
    length = 0
    if not keys:
        return [Delta(document.filename)]
    for key in keys:
        said = written(key.text, key.sentence.kind)
        lead = f"**{document.filename}**\n\n" if key.section is None else f"\n- **{key.section}**: "
        gap = "\n" if length and key is keys[1] else ""
        text = f"{gap}{lead}{said} [{numbers[key.chunk.id]}]"
        length += len(text)
        events += [Delta(text), Citation(numbers[key.chunk.id], key.chunk.id, length)]
    return events


def _passage(document: Document, chunk: Chunk, place: int) -> ScoredChunk:
    return ScoredChunk(
        chunk_id=chunk.id,
        document_id=chunk.document_id,
        filename=chunk.filename,
        page=chunk.page,
        section=chunk.section,
        text=chunk.text,
        score=1 / (1 + place),
        scores={},
        ordinal=chunk.ordinal,
        token_count=chunk.token_count,
        document_date=document.document_date.isoformat(),
    )


def _highlight(key: KeySentence, number: int) -> Highlight:
    return Highlight(
        number, key.chunk.id, key.sentence.start, key.sentence.end, written(key.text, key.sentence.kind), 1.0
    )
