"""Answers carried past changes of documents: equal prompts have equal answers, so that no model is asked again."""

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from app.cache.keys import canonical_json
from app.domain.answers import AnswerRequest, Citation, Delta, Done, Highlights, Status, Thinking, Usage
from app.domain.event_codec import event_from_dict
from app.domain.retrieval import ScoredChunk
from app.generation.prompting.prompt import Prompt
from app.services.answering.writer import CUT, StageClock

Written = Thinking | Delta | Citation | Status | Usage | Done


class PromptChanged(Exception):
    """The prompt is not the one that the stored answer was written for."""


class AnswerWriter(Protocol):
    async def prompt(self, request: AnswerRequest, search_text: str, passages: Sequence[ScoredChunk]) -> Prompt: ...
    def write(self, request: AnswerRequest, prompt: Prompt, clock: StageClock) -> AsyncGenerator[Written, None]: ...


class StoredAnswer(NamedTuple):
    """`prompt` is the digest of its prompt, empty if no model was asked; `written` are the events after it."""

    prompt: str
    written: tuple[Written, ...]

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "StoredAnswer":
        events = [event_from_dict(event) for event in value["events"]]
        begin = next((at for at, event in enumerate(events, 1) if isinstance(event, Highlights)), len(events))
        written = tuple(event for event in events[begin:] if isinstance(event, Written))
        return cls(value["prompt"], written)

    @property
    def is_whole(self) -> bool:
        """Whether neither the prompt nor the answer was cut: how much room there is may change."""
        return not any(
            (isinstance(event, Status) and event.stage == CUT)
            or (isinstance(event, Done) and event.finish_reason == "length")
            for event in self.written
        )


class RememberingWriter:
    """Writes as `writer` does, and notes the digest of the prompt; or writes a stored answer again.

    Args:
        writer: makes prompts, and asks a model.
        stored: the only answer that may be written, if there is one.
    """

    def __init__(self, writer: AnswerWriter, stored: StoredAnswer | None = None) -> None:
        self._writer = writer
        self._stored = stored
        self.digest = ""

    async def prompt(self, request: AnswerRequest, search_text: str, passages: Sequence[ScoredChunk]) -> Prompt:
        prompt = await self._writer.prompt(request, search_text, passages)
        self.digest = digest_of(prompt)
        return prompt

    async def write(
        self, request: AnswerRequest, prompt: Prompt, clock: StageClock
    ) -> AsyncGenerator[Written, None]:
        """Raise PromptChanged if the stored answer belongs to another prompt; else as `ModelWriter.write`."""
        if self._stored is None:
            async with aclosing(self._writer.write(request, prompt, clock)) as events:
                async for event in events:
                    yield event
            return
        if self._stored.prompt != self.digest or not self._stored.is_whole:
            raise PromptChanged
        chunks = {source.citation: source.chunk_id for source in prompt.sources}
        for event in self._stored.written:
            # The same text may be another chunk now: that of a new version of its document, or of another document.
            yield replace(event, chunk_id=chunks[event.citation]) if isinstance(event, Citation) else event


def digest_of(prompt: Prompt) -> str:
    messages = [(each.role, each.content) for each in prompt.messages]
    return hashlib.sha256(canonical_json([messages, prompt.stop])).hexdigest()
