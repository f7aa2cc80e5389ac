"""Ollama's own routes that run a model, under `/api`."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import orjson
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.embedded.model_server.models.generation import GeneratedText, GenerationModel, GenerationPrompt, schema_of
from app.embedded.model_server.models.registry import Registry, embedding_model
from app.embedded.model_server.routes.durations import timestamp
from app.embedded.model_server.routes.errors import OllamaError, lacks, not_found
from app.embedded.model_server.routes.requests import (
    EmbedRequest,
    GenerateRequest,
    GenerationRequest,
    LegacyEmbedRequest,
    NativeChatRequest,
    NativeMessage,
    Options,
    parse,
    texts_of,
)
from app.embedded.model_server.routes.responses import (
    completion_metrics,
    json_line,
    json_response,
    metrics,
    stream_response,
)

NDJSON = "application/x-ndjson"
_MESSAGES = TypeAdapter(list[NativeMessage])


class NativeRoutes:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> list[Route]:
        return [
            Route("/api/embed", self.embed, methods=["POST"]),
            Route("/api/embeddings", self.embeddings, methods=["POST"]),
            Route("/api/chat", self.chat, methods=["POST"]),
            Route("/api/generate", self.generate, methods=["POST"]),
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

    async def embeddings(self, request: Request) -> Response:
        body = parse(await request.body(), LegacyEmbedRequest)
        texts = texts_of(body.prompt)
        model = embedding_model(self._registry, body.model)
        result = await model.embed(texts, keep_alive=body.seconds_kept)
        return json_response({"embedding": result.vectors[0] if result.vectors else []})

    async def chat(self, request: Request) -> Response:
        body = parse(await request.body(), NativeChatRequest)
        model = self._generation(body, "chat")

        def reply(text: str) -> dict[str, Any]:
            return {"message": {"role": "assistant", "content": text}}

        if not body.messages:
            return await _load_or_unload(model, body, reply)
        return await self._run(model, body, body.messages, None, reply)

    async def generate(self, request: Request) -> Response:
        body = parse(await request.body(), GenerateRequest)
        model = self._generation(body, "generate")

        def reply(text: str) -> dict[str, Any]:
            return {"response": text}

        if not body.prompt:
            return await _load_or_unload(model, body, reply)
        system = [NativeMessage(role="system", content=body.system)] if body.system else []
        messages = [*system, *_remembered(body.context), NativeMessage(role="user", content=body.prompt)]
        return await self._run(model, body, messages, body.prompt if body.raw else None, reply)

    def _generation(self, body: GenerationRequest, capability: str) -> GenerationModel:
        held = self._registry.find(body.model)
        if held is None:
            raise not_found(body.model)
        if held.generation is None:
            raise lacks(body.model, capability)
        if body.tools:
            raise lacks(body.model, "tools")
        if body.think:
            raise lacks(body.model, "thinking")
        return held.generation

    async def _run(
        self,
        model: GenerationModel,
        body: GenerationRequest,
        messages: Sequence[NativeMessage],
        raw: str | None,
        reply: Callable[[str], dict[str, Any]],
    ) -> Response:
        prompt = GenerationPrompt(
            messages=messages,
            raw=raw,
            options=body.options or Options(),
            schema=schema_of(body.format),
            truncate=body.truncate is not False,
        )
        pieces = model.generate(prompt, keep_alive=body.seconds_kept)

        def head() -> dict[str, Any]:
            return {"model": body.model, "created_at": timestamp()}

        def last(text: str, said: str, completion: GeneratedText) -> dict[str, Any]:
            done: dict[str, Any] = {"done": True, "done_reason": completion.finish.reason}
            if isinstance(body, GenerateRequest) and raw is None:
                done["context"] = _remember(messages, said)
            return {**head(), **reply(text), **done, **completion_metrics(completion)}

        async def lines() -> AsyncGenerator[bytes, None]:
            said = ""
            async with aclosing(pieces):
                async for piece in pieces:
                    if isinstance(piece, GeneratedText):
                        yield json_line(last("", said, piece))
                    else:
                        said += piece
                        yield json_line({**head(), **reply(piece), "done": False})

        if body.stream is not False:
            return await stream_response(lines(), NDJSON, error_chunk=error_line)
        text, completion = await collect(pieces)
        return json_response(last(text, text, completion))


def error_line(error: OllamaError) -> bytes:
    return json_line({"error": error.message})


async def collect(pieces: AsyncGenerator[str | GeneratedText, None]) -> tuple[str, GeneratedText]:
    """The whole text and how it ended.

    Raises:
        OllamaError: 500 when the generation ended without a word of why.
    """
    said: list[str] = []
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, GeneratedText):
                return "".join(said), piece
            said.append(piece)
    raise OllamaError(500, "unexpected EOF")


async def _load_or_unload(
    model: GenerationModel, body: GenerationRequest, reply: Callable[[str], dict[str, Any]]
) -> Response:
    if body.keep_alive == 0:
        model.residency.expire()
        reason = "unload"
    else:
        async with model.residency.use(body.seconds_kept):
            reason = "load"
    head = {"model": body.model, "created_at": timestamp()}
    return json_response({**head, **reply(""), "done": True, "done_reason": reason})


def _remember(messages: Sequence[NativeMessage], said: str) -> list[int]:
    """The `context` of a reply: callers hand it back unread, so it need not be the model's tokens."""
    turns = [*messages, NativeMessage(role="assistant", content=said)]
    return list(orjson.dumps([turn.model_dump() for turn in turns if turn.role != "system"]))


def _remembered(context: list[int] | None) -> list[NativeMessage]:
    if not context:
        return []
    try:
        return _MESSAGES.validate_json(bytes(context))
    except ValueError:
        raise OllamaError(400, "invalid context") from None
