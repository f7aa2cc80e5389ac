"""Encodes the events of an answer as the lines that Ollama's clients read, and a whole answer as one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.types import Scope
from typing_extensions import override

from app.api.compatible.links import SourceLinks
from app.api.sse import EventStream
from app.domain.answers import Citation, Delta, Done, Failed, Source, Sources, Thinking, Usage
from app.domain.direct import ToolCall, ToolCalls
from app.services.answering.answer import Answer
from app.services.answering.direct import DirectEvent


class LineStream(EventStream[DirectEvent]):
    """One JSON object a line. Ollama sends nothing while it waits, so neither does this."""

    media_type = "application/x-ndjson"
    keepalive = b""

    @override
    def broken(self, scope: Scope, body: Mapping[str, Any], *, retryable: bool) -> bytes:
        return _line({"error": body["detail"]})


class OllamaLines:
    """Writes the lines of one reply.

    The protocol has no place for sources that clients show, so an answer from documents ends in a list of the cited
    ones, as text with links; the last line has them all.

    Args:
        model: as the request spelled it.
        links: makes the addresses of sources.
        chat: the reply is a `message`, else a `response`.
    """

    def __init__(self, model: str, links: SourceLinks, *, chat: bool) -> None:
        self._model = model
        self._links = links
        self._chat = chat
        self._sources: tuple[Source, ...] = ()
        self._cited: set[int] = set()
        self._usage = Usage(0, 0, 0.0, 0.0)

    def encode(self, event: DirectEvent) -> bytes:
        match event:
            case Sources(items):
                self._sources = items
            case Citation():
                self._cited.add(event.citation)
            case Usage():
                self._usage = event
            case Delta(text):
                return self._piece(content=text)
            case Thinking(text):
                return self._piece(thinking=text)
            case ToolCalls(items):
                return self._piece(tool_calls=[_tool_call(call) for call in items])
            case Done(reason):
                notes = reference_list(self._sources, self._cited, self._links)
                return (self._piece(content=notes) if notes else b"") + self._last(reason)
            case Failed(problem):
                return _line({"error": problem["detail"]})
        return b""

    def whole(self, answer: Answer) -> bytes:
        """Encode a whole answer, which has ended well."""
        assert answer.done is not None
        cited = {citation.citation for citation in answer.citations}
        text = answer.text + reference_list(answer.sources, cited, self._links)
        self._sources, self._usage = answer.sources, answer.usage or self._usage
        more: dict[str, Any] = {"thinking": answer.thinking} if answer.thinking else {}
        if answer.tool_calls:
            more["tool_calls"] = [_tool_call(call) for call in answer.tool_calls]
        return self._last(answer.done.finish_reason, content=text, **more)

    def loaded(self) -> bytes:
        """Say that the model is there."""
        return _line({**self._frame(""), "done": True, "done_reason": "load"})

    def _piece(self, content: str = "", **more: Any) -> bytes:
        return _line({**self._frame(content, **more), "done": False})

    def _last(self, reason: str, content: str = "", **more: Any) -> bytes:
        ending = {
            "done": True,
            "done_reason": "length" if reason == "length" else "stop",
            "total_duration": int(self._usage.total_ms * 1e6),
            "prompt_eval_count": self._usage.input_tokens,
            "eval_count": self._usage.output_tokens,
        }
        sources = {"sources": [asdict(source) for source in self._sources]} if self._sources else {}
        return _line({**self._frame(content, **more), **ending, **sources})

    def _frame(self, content: str, **more: Any) -> dict[str, Any]:
        reply = {"role": "assistant", "content": content, **more}
        said = {"message": reply} if self._chat else {"response": content, **more}
        return {"model": self._model, "created_at": datetime.now(UTC), **said}


def reference_list(sources: Sequence[Source], cited: set[int], links: SourceLinks) -> str:
    """Return the sources that an answer cites, a line of Markdown each."""
    lines = [
        f"[{source.citation}] [{_title(source)}]({links.of(source)})"
        for source in sources
        if source.citation in cited
    ]
    return "\n\n" + "  \n".join(lines) if lines else ""


def _title(source: Source) -> str:
    return source.filename if source.page is None else f"{source.filename}, {source.page}"


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"function": {"name": call.name, "arguments": dict(call.arguments)}}


def _line(body: Mapping[str, Any]) -> bytes:
    return orjson.dumps(body) + b"\n"
