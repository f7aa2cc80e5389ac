"""The least that a search can cost over HTTP: the same body, validated by the same model, and prepared bytes.

    python -m tests.performance.cache.floors starlette|fastapi PORT FILE

A bare Starlette route, or a FastAPI endpoint that does nothing.
"""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app.api.schemas.search import SearchRequest


def starlette(prepared: bytes) -> ASGIApp:
    async def search(request: Request) -> Response:
        SearchRequest.model_validate_json(await request.body())
        return Response(prepared, media_type="application/json")

    return Starlette(routes=[Route("/api/search", search, methods=["POST"])])


def fastapi(prepared: bytes) -> ASGIApp:
    app = FastAPI()

    @app.post("/api/search")
    async def search(body: SearchRequest) -> Response:
        return Response(prepared, media_type="application/json")

    return app


if __name__ == "__main__":
    kind, port, file = sys.argv[1:]
    uvicorn.run(
        {"starlette": starlette, "fastapi": fastapi}[kind](Path(file).read_bytes()),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
    )
