"""Encodes the events of an answer as the chunks that OpenAI's clients read, and a whole answer as one reply."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import orjson
from fastapi.sse import format_sse_event

from app.api.compatible.links import SourceLinks, cited
from app.api.compatible.openai_schemas import (
    Annotation,
    Choice,
    Completion,
    CompletionUsage,
    ReplyFunction,
    ReplyMessage,
    ReplyToolCall,
    UrlCitation,
)
from app.api.problems import openai_error
from app.domain.answers import Citation, Delta, Done, Failed, Source, Sources, Start, Thinking, Usage
from app.domain.direct import ToolCall, ToolCalls
from app.services.answering.answer import Answer
from app.services.answering.direct import DirectEvent


class CompletionChunks:
    """Writes the chunks of one answer: the role, the sources, the text, the end, and `[DONE]`.

    Args:
        model: as the request spelled it.
        include_usage: end with a chunk that counts tokens.
        links: makes the addresses of sources.
    """

    def __init__(self, model: str, links: SourceLinks, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._links = links
        self._usage: Usage | None = None
        self._sources: tuple[Source, ...] = ()
        self._calls: list[ReplyToolCall] = []
        self._frame: dict[str, Any] = {
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def encode(self, event: DirectEvent) -> bytes:
        match event:
            case Start():
                self._frame["id"] = f"chatcmpl-{event.query_id}"
                return self._chunk({"role": "assistant", "content": ""}, query_id=str(event.query_id))
            case Usage():
                self._usage = event
                return b""
            case Done(reason):
                return self._end(reason)
            case Failed(reason):
                return _data({"error": openai_error(reason)})
        return self._content(event)

    def _content(self, event: DirectEvent) -> bytes:
        match event:
            case Sources(sources):
                self._sources = sources
                return self._chunk({}, sources=[asdict(source) for source in sources])
            case Citation():
                return self._chunk({"annotations": [_annotation(event, self._sources, self._links).model_dump()]})
            case Thinking(text) | Delta(text):
                return self._chunk({"content" if isinstance(event, Delta) else "reasoning_content": text})
            case ToolCalls(items):
                calls = _tool_calls(items, first=len(self._calls))
                self._calls += calls
                return self._chunk({"tool_calls": [call.model_dump() for call in calls]})
        return b""

    def _end(self, reason: str) -> bytes:
        end = self._chunk({}, finish_reason=_finish_reason(reason, self._calls))
        if self._include_usage and self._usage is not None:
            end += _data({**self._frame, "choices": [], "usage": _usage(self._usage).model_dump()})
        return end + format_sse_event(data_str="[DONE]")

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _data({**self._frame, "choices": [choice], **more})


def completion(answer: Answer, model: str, links: SourceLinks) -> Completion:
    """Encode a whole answer, which has ended well."""
    assert answer.start is not None
    assert answer.done is not None
    calls = [call.model_copy(update={"index": None}) for call in _tool_calls(answer.tool_calls)]
    annotations = [_annotation(citation, answer.sources, links) for citation in answer.citations]
    return Completion(
        id=f"chatcmpl-{answer.start.query_id}",
        model=model,
        choices=[
            Choice(
                message=ReplyMessage(
                    content=answer.text if answer.text or not calls else None,
                    reasoning_content=answer.thinking or None,
                    tool_calls=calls or None,
                    annotations=annotations or None,
                ),
                finish_reason=_finish_reason(answer.done.finish_reason, calls),
            )
        ],
        usage=_usage(answer.usage or Usage(0, 0, 0.0, 0.0)),
        sources=[asdict(source) for source in answer.sources],
        query_id=answer.start.query_id,
    )


def _annotation(citation: Citation, sources: Sequence[Source], links: SourceLinks) -> Annotation:
    source, start, end = cited(citation, sources)
    url = UrlCitation(start_index=start, end_index=end, title=source.filename, url=links.of(source))
    return Annotation(url_citation=url)


def _tool_calls(calls: Sequence[ToolCall], *, first: int = 0) -> list[ReplyToolCall]:
    """Ollama gives calls no ids, which OpenAI's clients need to send the results back."""
    return [
        ReplyToolCall(
            index=index,
            id=f"call_{uuid4().hex}",
            function=ReplyFunction(name=call.name, arguments=orjson.dumps(call.arguments).decode()),
        )
        for index, call in enumerate(calls, first)
    ]


def _usage(usage: Usage) -> CompletionUsage:
    return CompletionUsage.of(usage.input_tokens, usage.output_tokens)


def _finish_reason(reason: str, calls: Sequence[ReplyToolCall]) -> Any:
    """Return OpenAI's finish reason. It has none for an answer without sources."""
    if calls:
        return "tool_calls"
    return "length" if reason == "length" else "stop"


def _data(body: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=orjson.dumps(body).decode())
