"""Encodes the events of an answer as the chunks that OpenAI's clients read."""

import time
from dataclasses import asdict
from typing import Any

import orjson
from fastapi.sse import format_sse_event

from app.api.schemas.openai import Choice, Completion, CompletionUsage, ReplyMessage
from app.domain.answers import Delta, Done, Event, Failed, Sources, Start, Thinking, Usage
from app.services.answering.answer import Answer


class CompletionChunks:
    """Writes the chunks of one answer: the role, the sources, the text, the end, and `[DONE]`.

    Args:
        model: as the request spelled it.
        include_usage: end with a chunk that counts tokens.
    """

    def __init__(self, model: str, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._usage: Usage | None = None
        self._frame: dict[str, Any] = {
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    def encode(self, event: Event) -> bytes:
        match event:
            case Start():
                self._frame["id"] = f"chatcmpl-{event.query_id}"
                return self._chunk({"role": "assistant", "content": ""}, query_id=str(event.query_id))
            case Sources(items):
                return self._chunk({}, sources=[asdict(source) for source in items])
            case Thinking(text) | Delta(text):
                name = "content" if isinstance(event, Delta) else "reasoning_content"
                return self._chunk({name: text})
            case Usage():
                self._usage = event
            case Done(reason):
                return self._end(reason)
            case Failed(reason):
                return _data({"error": {"message": reason["detail"], "type": reason["type"], "code": None}})
        return b""

    def _end(self, reason: str) -> bytes:
        end = self._chunk({}, finish_reason=_finish_reason(reason))
        if self._include_usage and self._usage is not None:
            end += _data({**self._frame, "choices": [], "usage": _usage(self._usage).model_dump()})
        return end + format_sse_event(data_str="[DONE]")

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _data({**self._frame, "choices": [choice], **more})


def completion(answer: Answer, model: str) -> Completion:
    """Encode a whole answer, which has ended well."""
    assert answer.start is not None
    assert answer.done is not None
    return Completion(
        id=f"chatcmpl-{answer.start.query_id}",
        model=model,
        choices=[
            Choice(
                message=ReplyMessage(content=answer.text, reasoning_content=answer.thinking or None),
                finish_reason=_finish_reason(answer.done.finish_reason),
            )
        ],
        usage=_usage(answer.usage or Usage(0, 0, 0.0, 0.0)),
        sources=[asdict(source) for source in answer.sources],
        query_id=answer.start.query_id,
    )


def _usage(usage: Usage) -> CompletionUsage:
    return CompletionUsage.of(usage.input_tokens, usage.output_tokens)


def _finish_reason(reason: str) -> Any:
    """Return OpenAI's finish reason. It has none for an answer without sources."""
    return "length" if reason == "length" else "stop"


def _data(body: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=orjson.dumps(body).decode())
