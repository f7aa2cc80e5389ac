"""Responses: JSON, and streams of JSON lines."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
from starlette.responses import Response, StreamingResponse

from app.embedded.model_server.models.generation import GeneratedText
from app.embedded.model_server.routes.errors import OllamaError


def json_response(content: Any, status: int = 200) -> Response:
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, media_type="application/json; charset=utf-8")


def json_line(content: Any) -> bytes:
    return orjson.dumps(content) + b"\n"


def metrics(**values: int) -> dict[str, int]:
    """The metrics, without those that are zero."""
    return {name: value for name, value in values.items() if value}


def completion_metrics(completion: GeneratedText) -> dict[str, int]:
    finish = completion.finish
    return metrics(
        total_duration=completion.total_ns,
        load_duration=completion.load_ns,
        prompt_eval_count=finish.prompt_tokens,
        prompt_eval_duration=finish.prompt_ns,
        eval_count=finish.output_tokens,
        eval_duration=finish.output_ns,
    )


async def stream_lines(lines: AsyncGenerator[bytes, None]) -> StreamingResponse:
    """Stream JSON lines once the first is there: an error before it keeps its own status, a later one is a line."""
    first = await anext(lines, None)

    async def all_lines() -> AsyncIterator[bytes]:
        async with aclosing(lines):
            if first is not None:
                yield first
            try:
                async for line in lines:
                    yield line
            except OllamaError as error:
                yield json_line({"error": error.message})

    return StreamingResponse(all_lines(), media_type="application/x-ndjson")
