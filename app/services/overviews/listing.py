"""Which documents there are, and which are new."""

from collections.abc import AsyncGenerator, Sequence

from app.domain.answers import AnswerRequest, Event, Status
from app.domain.documents import Document
from app.generation.overviews.intents import Intent
from app.generation.overviews.phrases import overview_phrases_for
from app.services.answering.writer import StageClock
from app.services.overviews.library import DocumentLibrary, Shelf
from app.services.overviews.quoted import QuotedAnswer, started

LISTED = 100
_NEWEST = 20


class DocumentLists:
    """Answers with lists of documents."""

    def __init__(self, library: DocumentLibrary) -> None:
        self._library = library

    async def files(self, request: AnswerRequest, shelf: Shelf) -> AsyncGenerator[Event, None]:
        """All documents by name, the first `LISTED` of them, under their number."""
        clock = StageClock(request.asked_at)
        yield started(request)
        documents, count = await self._library.listed(shelf, "name", limit=LISTED)
        phrases = overview_phrases_for(request.question)
        answer = QuotedAnswer()
        lines = [phrases.documents.format(count=count), *names_of(documents)]
        answer.say("\n".join(lines) + _more(phrases.more, count - len(documents)))
        yield Status("list", clock.lap())
        for event in answer.events(clock):
            yield event

    async def new(self, request: AnswerRequest, shelf: Shelf, intent: Intent) -> AsyncGenerator[Event, None]:
        """The documents that were added or changed last, or since the date of the question."""
        clock = StageClock(request.asked_at)
        yield started(request)
        documents, count = await self._library.listed(shelf, "changed", since=intent.since, limit=_NEWEST)
        phrases = overview_phrases_for(request.question)
        answer = QuotedAnswer()
        if documents:
            lines = [f"- {one.filename} ({one.updated_at.date().isoformat()})" for one in documents]
            answer.say("\n".join(lines) + _more(phrases.more, count - len(documents)))
        elif intent.since is None:
            answer.say(phrases.nothing_new)
        else:
            answer.say(phrases.nothing_new_since.format(date=intent.since.date().isoformat()))
        yield Status("list", clock.lap())
        for event in answer.events(clock):
            yield event


def names_of(documents: Sequence[Document]) -> list[str]:
    return [f"- {document.filename}" for document in documents]


def _more(phrase: str, count: int) -> str:
    return f"\n- {phrase.format(count=count)}" if count > 0 else ""
