"""How answers are put on the wire."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
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


def sse_event(content: Any) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"


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


async def stream_response(
    chunks: AsyncGenerator[bytes, None], media_type: str, *, error_chunk: Callable[[OllamaError], bytes]
) -> StreamingResponse:
    """Stream the chunks once the first is there: an error before it keeps its own status.

    A later error becomes the last chunk.
    """
    first = await anext(chunks, None)

    async def all_chunks() -> AsyncIterator[bytes]:
        async with aclosing(chunks):
            if first is not None:
                yield first
            try:
                async for chunk in chunks:
                    yield chunk
            except OllamaError as error:
                yield error_chunk(error)

    return StreamingResponse(all_chunks(), media_type=media_type)
