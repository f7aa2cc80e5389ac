"""Answers questions about documents themselves: which there are, what is new, what they say, how they differ."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.cache.entry import CacheControl
from app.domain.answers import AnswerRequest, Event
from app.domain.documents import Document
from app.generation.overviews.intents import Intent, Pointing, Subject
from app.services.answering.answer import AnswerSource
from app.services.overviews.compared import Comparisons
from app.services.overviews.enumerated import Enumerations
from app.services.overviews.intents import IntentFinder
from app.services.overviews.library import DocumentLibrary, Shelf
from app.services.overviews.listing import DocumentLists
from app.services.overviews.summary import DocumentSummaries

# Documents whose names are read to offer them.
_OFFERED = 11


class OverviewAnswers:
    """Answers what is asked of the documents as such, and leaves every other question to `answers`.

    These answers are made anew each time, from what is committed: any change of a document may change them. What a
    model wrote about a part of a document is kept, by the part's text.

    Args:
        answers: answers questions for facts.
        intents: tells what a question asks.
        library: reads documents.
        lists: which documents there are, and which are new.
        summaries: what a document says.
        comparisons: how two documents or topics differ.
        enumerations: everything of one kind.
    """

    def __init__(
        self,
        answers: AnswerSource,
        *,
        intents: IntentFinder,
        library: DocumentLibrary,
        lists: DocumentLists,
        summaries: DocumentSummaries,
        comparisons: Comparisons,
        enumerations: Enumerations,
    ) -> None:
        self._answers = answers
        self._intents = intents
        self._library = library
        self._lists = lists
        self._summaries = summaries
        self._comparisons = comparisons
        self._enumerations = enumerations

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer, as `AnswerPipeline.answer` does. Raises what that raises."""
        made = None
        if request.cache != CacheControl.ONLY_IF_CACHED:
            intent = await self._intents.of(request)
            made = None if intent is None else await self._overview(request, intent)
        async with aclosing(made or self._answers.answer(request)) as events:
            async for event in events:
                yield event

    async def _overview(self, request: AnswerRequest, intent: Intent) -> AsyncGenerator[Event, None] | None:
        """The answer's events; None if passages are to answer the question after all."""
        shelf = Shelf(request.tenant, request.collection, request.filter)
        match intent.subject:
            case Subject.FILES:
                return self._lists.files(request, shelf)
            case Subject.NEW:
                return self._lists.new(request, shelf, intent)
            case Subject.SUMMARY:
                return await self._summary(request, shelf, intent)
            case Subject.COMPARE:
                return await self._comparison(request, shelf, intent)
            case Subject.LIST:
                named = await self._library.named(shelf, intent.what)
                return self._enumerations.listed(request, shelf, intent, named)

    async def _summary(
        self, request: AnswerRequest, shelf: Shelf, intent: Intent
    ) -> AsyncGenerator[Event, None] | None:
        named = await self._library.named(shelf, request.question)
        if named:
            return self._summaries.one(request, named[0])
        if intent.pointing is None:
            return None
        last, count = await self._library.listed(shelf, "added", limit=_OFFERED)
        if count == 1:
            return self._summaries.one(request, last[0])
        if not count or intent.pointing is Pointing.ALL:
            return self._summaries.all(request, shelf)
        return self._summaries.one(request, last[0], others=last[1:], count=count)

    async def _comparison(
        self, request: AnswerRequest, shelf: Shelf, intent: Intent
    ) -> AsyncGenerator[Event, None] | None:
        named = await self._library.named(shelf, request.question)
        if len(named) > 1:
            return self._comparisons.documents(
                request, shelf, intent, _in_order(request.question, named[0], named[1])
            )
        if intent.pointing is not None:
            both, count = await self._library.listed(shelf, "added", limit=2)
            if count == 2:  # noqa: PLR2004 - a pair
                return self._comparisons.documents(request, shelf, intent, (both[1], both[0]))
            return self._comparisons.none(request, shelf)
        return self._comparisons.topics(request, intent.sides) if intent.sides and not named else None


def _in_order(question: str, one: Document, other: Document) -> tuple[Document, Document]:
    """Two documents as the question names them."""
    places = [question.lower().find(document.filename.rpartition("/")[2][:4].lower()) for document in (one, other)]
    return (other, one) if places[1] < places[0] else (one, other)
