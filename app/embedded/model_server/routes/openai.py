"""The OpenAI-compatible routes under `/v1`, as Ollama serves them."""

import base64
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.embedded.model_server.models.generation import Finish, GeneratedText, GenerationModel, GenerationPrompt
from app.embedded.model_server.models.registry import Registry, embedding_model
from app.embedded.model_server.routes.durations import DEFAULT_KEEP_ALIVE
from app.embedded.model_server.routes.errors import OllamaError, lacks, not_found
from app.embedded.model_server.routes.native import collect
from app.embedded.model_server.routes.requests import (
    OpenAIChatRequest,
    OpenAIEmbedRequest,
    Options,
    parse,
    texts_of,
)
from app.embedded.model_server.routes.responses import json_response, sse_event, stream_response

_ERROR_TYPES = {400: "invalid_request_error", 404: "not_found_error"}


class OpenAIRoutes:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> list[Route]:
        return [
            Route("/v1/embeddings", self.embeddings, methods=["POST"]),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/models", self.models),
        ]

    async def models(self, _: Request) -> Response:
        cards = [model.card for model in self._registry.all]
        return json_response(
            {
                "object": "list",
                "data": [
                    {
                        "id": card.name,
                        "object": "model",
                        "created": int(card.modified_at.timestamp()),
                        "owned_by": "library",
                    }
                    for card in cards
                ],
            }
        )

    async def embeddings(self, request: Request) -> Response:
        body = parse(await request.body(), OpenAIEmbedRequest)
        encoding = body.encoding_format or "float"
        if encoding not in ("float", "base64"):
            raise OllamaError(
                400,
                f'Invalid value for \'encoding_format\' = {encoding}. Supported values: ["float", "base64"].',
            )
        texts = [""] if body.input == "" else texts_of(body.input)
        if not texts:
            raise OllamaError(400, "invalid input")
        model = embedding_model(self._registry, body.model)
        result = await model.embed(texts, keep_alive=DEFAULT_KEEP_ALIVE, dimensions=body.dimensions)
        data = [
            {
                "object": "embedding",
                "embedding": vector
                if encoding == "float"
                else base64.b64encode(vector.astype("<f4").tobytes()).decode(),
                "index": index,
            }
            for index, vector in enumerate(result.vectors)
        ]
        usage = {"prompt_tokens": result.tokens, "total_tokens": result.tokens}
        return json_response({"object": "list", "data": data, "model": body.model, "usage": usage})

    async def chat(self, request: Request) -> Response:
        body = parse(await request.body(), OpenAIChatRequest)
        if not body.messages:
            raise OllamaError(400, "[] is too short - 'messages'")
        model = self._generation(body)
        prompt = _prompt(body)
        pieces = model.generate(prompt, keep_alive=DEFAULT_KEEP_ALIVE)
        head = {
            "id": f"chatcmpl-{secrets.randbelow(1000)}",
            "created": int(time.time()),
            "model": body.model,
            "system_fingerprint": "fp_ollama",
        }
        if body.stream:
            with_usage = bool(body.stream_options and body.stream_options.include_usage)
            events = _events(head | {"object": "chat.completion.chunk"}, pieces, with_usage=with_usage)
            return await stream_response(events, "text/event-stream", error_chunk=_error_event)
        text, completion = await collect(pieces)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": completion.finish.reason,
        }
        usage = _usage(completion.finish)
        return json_response({**head, "object": "chat.completion", "choices": [choice], "usage": usage})

    def _generation(self, body: OpenAIChatRequest) -> GenerationModel:
        held = self._registry.find(body.model)
        if held is None:
            raise not_found(body.model)
        if held.generation is None:
            raise lacks(body.model, "chat")
        if body.tools:
            raise lacks(body.model, "tools")
        return held.generation


def error_body(error: OllamaError) -> dict[str, Any]:
    kind = _ERROR_TYPES.get(error.status, "api_error")
    return {"error": {"message": error.message, "type": kind, "param": None, "code": None}}


def _error_event(error: OllamaError) -> bytes:
    return sse_event(error_body(error))


async def _events(
    head: dict[str, Any], pieces: AsyncGenerator[str | GeneratedText, None], *, with_usage: bool
) -> AsyncGenerator[bytes, None]:
    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        return sse_event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    role = {"role": "assistant"}
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, str):
                yield event({**role, "content": piece})
                role = {}
                continue
            yield event({}, piece.finish.reason)
            if with_usage:
                yield sse_event({**head, "choices": [], "usage": _usage(piece.finish)})
            yield b"data: [DONE]\n\n"


def _usage(finish: Finish) -> dict[str, int]:
    return {
        "prompt_tokens": finish.prompt_tokens,
        "completion_tokens": finish.output_tokens,
        "total_tokens": finish.prompt_tokens + finish.output_tokens,
    }


def _prompt(body: OpenAIChatRequest) -> GenerationPrompt:
    """OpenAI's parameters as options; temperature and top_p default to 1, as Ollama has it here."""
    options = Options(
        num_predict=body.max_tokens or body.max_completion_tokens,
        temperature=1.0 if body.temperature is None else body.temperature,
        top_p=1.0 if body.top_p is None else body.top_p,
        seed=body.seed,
        stop=body.stop,
        frequency_penalty=body.frequency_penalty,
        presence_penalty=body.presence_penalty,
    )
    wanted = body.response_format
    schema: dict[str, Any] | None = None
    if wanted is not None and wanted.type == "json_object":
        schema = {}
    elif wanted is not None and wanted.type == "json_schema" and wanted.json_schema is not None:
        schema = wanted.json_schema.schema_
    return GenerationPrompt(messages=[message.plain() for message in body.messages], options=options, schema=schema)
