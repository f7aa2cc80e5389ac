"""Ollama's routes that run a model: `/api/embed` and `/api/chat`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.embedded.model_server.models.generation import GeneratedText, GenerationModel, GenerationPrompt, schema_of
from app.embedded.model_server.models.registry import Registry, embedding_model
from app.embedded.model_server.routes.durations import timestamp
from app.embedded.model_server.routes.errors import OllamaError, lacks, not_found
from app.embedded.model_server.routes.requests import ChatRequest, EmbedRequest, Options, parse, texts_of
from app.embedded.model_server.routes.responses import (
    completion_metrics,
    json_line,
    json_response,
    metrics,
    stream_lines,
)


class NativeRoutes:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> list[Route]:
        return [
            Route("/api/embed", self.embed, methods=["POST"]),
            Route("/api/chat", self.chat, methods=["POST"]),
        ]

    async def embed(self, request: Request) -> Response:
        body = parse(await request.body(), EmbedRequest)
        texts = texts_of(body.input)
        model = embedding_model(self._registry, body.model)
        result = await model.embed(
            texts,
            keep_alive=body.seconds_kept,
            truncate=body.truncate is not False,
            dimensions=body.dimensions,
            num_ctx=body.options.num_ctx if body.options else None,
        )
        costs = metrics(
            total_duration=result.total_ns, load_duration=result.load_ns, prompt_eval_count=result.tokens
        )
        return json_response({"model": body.model, "embeddings": result.vectors, **costs})

    async def chat(self, request: Request) -> Response:
        body = parse(await request.body(), ChatRequest)
        model = self._generation(body)
        if not body.messages:
            return await _load_or_unload(model, body)
        prompt = GenerationPrompt(
            messages=body.messages,
            options=body.options or Options(),
            schema=schema_of(body.format),
            truncate=body.truncate is not False,
        )
        pieces = model.generate(prompt, keep_alive=body.seconds_kept)
        if body.stream is not False:
            return await stream_lines(_lines(body.model, pieces))
        text, completion = await collect(pieces)
        return json_response(_last(body.model, text, completion))

    def _generation(self, body: ChatRequest) -> GenerationModel:
        held = self._registry.find(body.model)
        if held is None:
            raise not_found(body.model)
        if held.generation is None:
            raise lacks(body.model, "chat")
        if body.tools:
            raise lacks(body.model, "tools")
        if body.think:
            raise lacks(body.model, "thinking")
        return held.generation


async def _lines(model: str, pieces: AsyncGenerator[str | GeneratedText, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, GeneratedText):
                yield json_line(_last(model, "", piece))
            else:
                yield json_line({**_reply(model, piece), "done": False})


async def collect(pieces: AsyncGenerator[str | GeneratedText, None]) -> tuple[str, GeneratedText]:
    """Return the whole text and how it ended.

    Raises:
        OllamaError: 500 when the generation ended without its last piece.
    """
    said: list[str] = []
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, GeneratedText):
                return "".join(said), piece
            said.append(piece)
    raise OllamaError(500, "unexpected EOF")


async def _load_or_unload(model: GenerationModel, body: ChatRequest) -> Response:
    if body.keep_alive == 0:
        model.residency.expire()
        reason = "unload"
    else:
        async with model.residency.use(body.seconds_kept):
            reason = "load"
    return json_response({**_reply(body.model, ""), "done": True, "done_reason": reason})


def _reply(model: str, text: str) -> dict[str, Any]:
    return {"model": model, "created_at": timestamp(), "message": {"role": "assistant", "content": text}}


def _last(model: str, text: str, completion: GeneratedText) -> dict[str, Any]:
    ending = {"done": True, "done_reason": completion.finish.reason}
    return {**_reply(model, text), **ending, **completion_metrics(completion)}
