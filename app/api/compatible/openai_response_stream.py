"""Encodes the events of an answer as those of OpenAI's Responses, and a whole answer as one response."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import orjson

from app.api.compatible.links import SourceLinks, cited
from app.api.problems import openai_error
from app.api.sse import encode
from app.domain.answers import Citation, Delta, Done, Failed, Source, Sources, Start, Usage
from app.services.answering.answer import Answer
from app.services.answering.direct import DirectEvent

_PLACE = {"output_index": 0, "content_index": 0}


class ResponseEvents:
    """Writes one response, piece by piece or whole.

    Args:
        echoed: the members that repeat the request.
        links: makes the addresses of sources.
    """

    def __init__(self, echoed: Mapping[str, Any], links: SourceLinks) -> None:
        self._echoed = echoed
        self._links = links
        self._number = -1
        self._id = f"resp_{uuid4().hex}"
        self._item = f"msg_{uuid4().hex}"
        self._text = ""
        self._sources: tuple[Source, ...] = ()
        self._annotations: list[dict[str, Any]] = []
        self._usage: Usage | None = None

    def encode(self, event: DirectEvent) -> bytes:
        match event:
            case Start():
                return self._begin()
            case Sources(items):
                self._sources = items
            case Delta(text):
                self._text += text
                return self._event("response.output_text.delta", **self._at(), delta=text, logprobs=[])
            case Citation():
                return self._annotate(event)
            case Usage():
                self._usage = event
            case Done(reason):
                return self._end(reason)
            case Failed(problem):
                return self._event("response.failed", response=self._response("failed", problem=problem))
        return b""

    def whole(self, answer: Answer) -> bytes:
        """Encode a whole answer, which has ended well."""
        assert answer.done is not None
        self._text, self._sources, self._usage = answer.text, answer.sources, answer.usage
        for citation in answer.citations:
            self._annotate(citation)
        return orjson.dumps(self._response(_status(answer.done.finish_reason)))

    def _begin(self) -> bytes:
        response = self._response("in_progress")
        item = {**self._message("in_progress"), "content": []}
        return b"".join(
            (
                self._event("response.created", response=response),
                self._event("response.in_progress", response=response),
                self._event("response.output_item.added", output_index=0, item=item),
                self._event("response.content_part.added", **self._at(), part=self._part()),
            )
        )

    def _annotate(self, citation: Citation) -> bytes:
        source, start, end = cited(citation, self._sources)
        annotation = {
            "type": "url_citation",
            "start_index": start,
            "end_index": end,
            "title": source.filename,
            "url": self._links.of(source),
        }
        self._annotations.append(annotation)
        index = len(self._annotations) - 1
        return self._event(
            "response.output_text.annotation.added", **self._at(), annotation_index=index, annotation=annotation
        )

    def _end(self, reason: str) -> bytes:
        status = _status(reason)
        return b"".join(
            (
                self._event("response.output_text.done", **self._at(), text=self._text, logprobs=[]),
                self._event("response.content_part.done", **self._at(), part=self._part()),
                self._event("response.output_item.done", output_index=0, item=self._message(status)),
                self._event(f"response.{status}", response=self._response(status)),
            )
        )

    def _at(self) -> dict[str, Any]:
        return {"item_id": self._item, **_PLACE}

    def _part(self) -> dict[str, Any]:
        return {"type": "output_text", "text": self._text, "annotations": self._annotations, "logprobs": []}

    def _message(self, status: str) -> dict[str, Any]:
        content = [self._part()]
        return {"id": self._item, "type": "message", "role": "assistant", "status": status, "content": content}

    def _response(self, status: str, *, problem: Mapping[str, Any] | None = None) -> dict[str, Any]:
        output: Sequence[Any] = [] if status == "in_progress" else [self._message(status)]
        error = openai_error(problem) if problem else None
        return {
            "id": self._id,
            "object": "response",
            "status": status,
            "error": error and {"code": error["type"], "message": error["message"]},
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "output": output,
            "parallel_tool_calls": False,
            "tool_choice": "none",
            "tools": [],
            "metadata": {},
            "usage": _usage(self._usage),
            **self._echoed,
        }

    def _event(self, name: str, **data: Any) -> bytes:
        self._number += 1
        return encode(name, {"type": name, "sequence_number": self._number, **data})


def _status(reason: str) -> str:
    return "incomplete" if reason == "length" else "completed"


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
