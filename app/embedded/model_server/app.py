"""The ASGI application: builds every part and passes it on."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.embedded.model_server.models.registry import HeldModel, Registry
from app.embedded.model_server.routes.errors import OllamaError
from app.embedded.model_server.routes.library import LibraryRoutes
from app.embedded.model_server.routes.middleware import CancelOnDisconnect, Gate, LoggedWork
from app.embedded.model_server.routes.native import NativeRoutes
from app.embedded.model_server.routes.reranking import RerankingRoutes
from app.embedded.model_server.routes.responses import json_response
from app.embedded.model_server.runtime.config import ModelServerConfig

_PLAIN = {404: "404 page not found", 405: "405 method not allowed"}


def create_model_server(config: ModelServerConfig, models: Sequence[HeldModel]) -> Starlette:
    """The application that serves these models, none of them loaded yet."""
    registry = Registry(models)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if config.preload:
            await registry.preload()
        yield
        await registry.close()

    routes = [
        *LibraryRoutes(registry).routes(),
        *NativeRoutes(registry).routes(),
        *RerankingRoutes(registry).routes(),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(LoggedWork),
            Middleware(Gate, token=config.token, check_host=config.uds is None),
            Middleware(CancelOnDisconnect),
        ],
        exception_handlers={OllamaError: _ollama_error, HTTPException: _plain_error},
    )


async def _ollama_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, OllamaError)
    return json_response({"error": error.message}, error.status)


async def _plain_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(_PLAIN.get(error.status_code, error.detail), error.status_code)
