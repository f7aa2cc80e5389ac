"""One answer, collected once from its events while they pass, and then handed to its observers."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.answers import (
    NO_CONTEXT,
    AnswerProgress,
    AnswerRequest,
    Citation,
    Delta,
    Done,
    Event,
    Failed,
    Highlight,
    Highlights,
    SearchedFor,
    Source,
    Sources,
    Start,
    Status,
    Thinking,
    Usage,
)
from app.domain.direct import ToolCall, ToolCalls
from app.errors import LocalChatError

_OUR_FAULT = 500


class AnswerSource(Protocol):
    """Makes answers: an `AnswerPipeline`, or `CachedAnswers` in front of one."""

    def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]: ...


@dataclass(slots=True)
class Answer:
    """Collects the events of one answer. `failed` is set if it ended in an error.

    Attributes:
        asked_at: when the question came, in seconds of `time.perf_counter`.
        first_token: seconds from then to the first word; None if no word came, or only the reply that nothing was
            found, which is said at once and would make models look faster than they are.
        seconds: seconds from then to the end.
    """

    asked_at: float = field(default_factory=time.perf_counter)
    start: Start | None = None
    text: str = ""
    thinking: str = ""
    sources: tuple[Source, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    citations: list[Citation] = field(default_factory=list)
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    done: Done | None = None
    failed: Failed | None = None
    first_token: float | None = None
    seconds: float = 0.0

    def add(self, event: Event | ToolCalls) -> None:
        match event:
            case Start():
                self.start = event
            case Status(stage, elapsed_ms):
                self.timings_ms[stage] = elapsed_ms
            case Sources() | Highlights() | Thinking() | Delta() | Citation():
                self._add_content(event)
            case ToolCalls(calls):
                self.tool_calls += calls
            case AnswerProgress() | SearchedFor():
                pass  # of use only on the way
            case Usage():
                self.usage = event
            case Done():
                self.done = event
                if event.finish_reason == NO_CONTEXT:
                    self.first_token = None
            case Failed():
                self.failed = event

    def _add_content(self, event: Sources | Highlights | Thinking | Delta | Citation) -> None:
        match event:
            case Sources(items):
                self.sources = items
            case Highlights(quotes):
                self.highlights = quotes
            case Thinking(text):
                self.thinking += text
            case Delta(text):
                if self.first_token is None:
                    self.first_token = self.elapsed()
                self.text += text
            case Citation():
                self.citations.append(event)

    def elapsed(self) -> float:
        """Return the seconds since the question came."""
        return time.perf_counter() - self.asked_at

    @property
    def outcome(self) -> str:
        """answered, no_context, refused (the request was at fault), error or cancelled, as metrics name them."""
        if self.failed is not None:
            return "error" if self.failed.problem["status"] >= _OUR_FAULT else "refused"
        if self.done is None:
            return "cancelled"
        return NO_CONTEXT if self.done.finish_reason == NO_CONTEXT else "answered"

    @property
    def tier(self) -> str:
        """The cache tier that answered, or miss."""
        return (self.start and self.start.cache.get("tier")) or "miss"


async def collect(events: AsyncIterator[Event | ToolCalls]) -> Answer:
    answer = Answer()
    async for event in events:
        answer.add(event)
    return answer


def failed(error: LocalChatError) -> Failed:
    """Return the error as the last event of an answer."""
    problem = {
        "type": f"urn:localchat:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    return Failed(problem, error.retryable)
