"""Encodes an answer for the wire, event by event or whole. Both come from the same generator."""

from collections.abc import Iterable

from starlette.types import Scope

from app.api.schemas.chat import ChatResponse, CitationView, HighlightView, SourceView, UsageView
from app.api.schemas.events import AnswerStart
from app.api.schemas.search import CacheView
from app.api.sse import encode, failure
from app.domain.answers import EVENT_NAMES, Event, Failed, Highlights, Source, Sources, Start
from app.errors import ModelProtocolError
from app.services.answering.answer import Answer


def encode_event(scope: Scope, event: Event) -> bytes:
    match event:
        case Start():
            return encode("start", AnswerStart.model_validate(event).model_dump())
        case Sources(items) | Highlights(items):
            return encode(EVENT_NAMES[type(event)], items)
        case Failed(reason, retryable):
            return failure(scope, reason, retryable=retryable)
        case _:
            return encode(EVENT_NAMES[type(event)], event)


def whole(answer: Answer) -> ChatResponse:
    """Return the whole answer.

    Raises:
        ModelProtocolError: the answer has no beginning or no end.
    """
    if answer.start is None or answer.done is None:
        raise ModelProtocolError("The answer broke off before it was done.")
    return ChatResponse(
        query_id=answer.start.query_id,
        answer=answer.text,
        thinking=answer.thinking or None,
        sources=[SourceView.model_validate(source) for source in answer.sources],
        highlights=[HighlightView.model_validate(highlight) for highlight in answer.highlights],
        citations=[CitationView.model_validate(citation) for citation in answer.citations],
        cache=CacheView.model_validate(answer.start.cache),
        usage=UsageView.model_validate(answer.usage) if answer.usage else None,
        timings_ms=answer.timings_ms,
        conversation_id=answer.start.conversation_id,
        searched_for=answer.start.searched_for,
        model=answer.start.model,
        finish_reason=answer.done.finish_reason,
        notes=notes_of(answer.sources),
    )


def notes_of(sources: Iterable[Source]) -> list[str]:
    """A sentence for each document among the sources of which a part was not read."""
    unread = {source.document_id: source for source in sources if source.unread}
    return [f"{source.filename} was not read whole; missing: {source.unread}." for source in unread.values()]
