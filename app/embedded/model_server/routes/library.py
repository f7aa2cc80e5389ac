"""Ollama's routes that describe the server and its models."""

from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.embedded.model_server.models.catalog import ModelCard
from app.embedded.model_server.models.registry import Registry
from app.embedded.model_server.routes.durations import timestamp
from app.embedded.model_server.routes.errors import OllamaError, not_found
from app.embedded.model_server.routes.requests import ModelRequest, parse
from app.embedded.model_server.routes.responses import json_line, json_response, stream_lines

# The version of Ollama whose protocol this is.
OLLAMA_VERSION = "0.33.0"


class LibraryRoutes:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> list[Route]:
        return [
            Route("/", self.root),
            Route("/api/version", self.version),
            Route("/api/tags", self.tags),
            Route("/api/ps", self.running),
            Route("/api/show", self.show, methods=["POST"]),
            Route("/api/pull", self.pull, methods=["POST"]),
        ]

    async def root(self, _: Request) -> Response:
        return PlainTextResponse("Ollama is running")

    async def version(self, _: Request) -> Response:
        return json_response({"version": OLLAMA_VERSION})

    async def tags(self, _: Request) -> Response:
        cards = [model.card for model in self._registry.all]
        return json_response(
            {
                "models": [
                    {
                        **_identity(card),
                        "modified_at": timestamp(card.modified_at),
                        "capabilities": [card.capability],
                    }
                    for card in cards
                ]
            }
        )

    async def running(self, _: Request) -> Response:
        return json_response(
            {
                "models": [
                    {
                        **_identity(model.card),
                        "expires_at": timestamp(model.residency.expires_at),
                        "size_vram": 0,
                        "context_length": model.card.context_length,
                    }
                    for model in self._registry.all
                    if model.residency.loaded
                ]
            }
        )

    async def show(self, request: Request) -> Response:
        body = parse(await request.body(), ModelRequest)
        card = self._card(body.named)
        return json_response(
            {
                "modelfile": f"FROM {card.name}\nTEMPLATE {card.template}\n",
                "parameters": "",
                "template": card.template,
                "details": card.details,
                "model_info": card.info,
                "capabilities": [card.capability],
                "modified_at": timestamp(card.modified_at),
            }
        )

    async def pull(self, request: Request) -> Response:
        body = parse(await request.body(), ModelRequest)
        if body.stream is False:
            self._pulled(body.named)
            return json_response({"status": "success"})
        return await stream_lines(self._pulling(body.named))

    async def _pulling(self, name: str) -> AsyncGenerator[bytes, None]:
        yield json_line({"status": "pulling manifest"})
        card = self._pulled(name)
        progress = {"digest": card.digest, "total": card.size, "completed": card.size}
        yield json_line({"status": f"pulling {card.digest[7:19]}", **progress})
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            yield json_line({"status": status})

    def _pulled(self, name: str) -> ModelCard:
        held = self._registry.find(name)
        if held is None:
            raise OllamaError(500, "pull model manifest: file does not exist")
        return held.card

    def _card(self, name: str) -> ModelCard:
        held = self._registry.find(name)
        if held is None:
            raise not_found(name)
        return held.card


def _identity(card: ModelCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "model": card.name,
        "size": card.size,
        "digest": card.digest.removeprefix("sha256:"),
        "details": card.details,
    }
