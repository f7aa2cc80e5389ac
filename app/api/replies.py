"""An answer's events on the wire, one by one or collected: both come from the same generator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from starlette.types import Scope

from app.api.schemas.chat import ChatResponse, CitationView, SourceView, UsageView
from app.api.sse import encode, failure
from app.domain.answers import (
    EVENT_NAMES,
    Citation,
    Delta,
    Done,
    Event,
    Failed,
    Sources,
    Start,
    Status,
    Usage,
)
from app.errors import ModelProtocolError


def encode_event(scope: Scope, event: Event) -> bytes:
    match event:
        case Sources(items):
            return encode("sources", items)
        case Failed(reason, retryable):
            return failure(scope, reason, retryable=retryable)
        case _:
            return encode(EVENT_NAMES[type(event)], event)


@dataclass(slots=True)
class Reply:
    """What an answer's events amount to. `failed` is set if it ended in an error."""

    start: Start | None = None
    text: list[str] = field(default_factory=list)
    sources: Sources = field(default_factory=lambda: Sources(()))
    citations: list[Citation] = field(default_factory=list)
    usage: Usage | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    finish_reason: str = ""
    failed: Failed | None = None

    def add(self, event: Event) -> None:
        match event:
            case Start():
                self.start = event
            case Status(stage, elapsed_ms):
                self.timings_ms[stage] = elapsed_ms
            case Sources():
                self.sources = event
            case Delta(text):
                self.text.append(text)
            case Citation():
                self.citations.append(event)
            case Usage():
                self.usage = event
            case Done(finish_reason):
                self.finish_reason = finish_reason
            case Failed():
                self.failed = event

    def view(self, conversation_id: UUID | None) -> ChatResponse:
        """The whole answer.

        Raises:
            ModelProtocolError: it has no beginning or no end.
        """
        if self.start is None or not self.finish_reason:
            raise ModelProtocolError("The answer broke off before it was done.")
        if self.usage is not None:
            self.timings_ms["total"] = self.usage.total_ms
        return ChatResponse(
            query_id=self.start.query_id,
            answer="".join(self.text),
            sources=[SourceView.model_validate(source) for source in self.sources.items],
            citations=[CitationView.model_validate(citation) for citation in self.citations],
            cache=self.start.cache,
            usage=UsageView.model_validate(self.usage) if self.usage else None,
            timings_ms=self.timings_ms,
            conversation_id=self.start.conversation_id or conversation_id,
            model=self.start.model,
            finish_reason=self.finish_reason,
        )


async def collect(events: AsyncIterator[Event]) -> Reply:
    reply = Reply()
    async for event in events:
        reply.add(event)
    return reply
