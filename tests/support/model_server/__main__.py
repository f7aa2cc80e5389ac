"""The embedded model server with `fake-embedding` beside its models, and with `/faults` to make it misbehave."""

import argparse
import socket
import struct

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.embedded.model_server.__main__ import argument_parser, read_config, run
from app.embedded.model_server.app import create_model_server
from app.embedded.model_server.models.registry import served_models
from app.embedded.model_server.routes.requests import parse
from app.embedded.model_server.routes.responses import json_response
from app.embedded.model_server.runtime.config import ModelServerConfig
from tests.support.model_server.fake_embedding import FakeCosts, fake_embedding
from tests.support.model_server.faults import ConnectionDropped, Fault, Faults, faulty

_ABORT = "localchat.abort"


class AbortableProtocol(HttpToolsProtocol):
    """Offers the application to reset its connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope.setdefault("extensions", {})[_ABORT] = {"connection": self._reset}

    def _reset(self) -> None:
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class DropConnections:
    """Resets the connection of a request whose fault is to lose it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except ConnectionDropped:
            scope["extensions"][_ABORT]["connection"]()


def faulty_server(config: ModelServerConfig, costs: FakeCosts) -> Starlette:
    """POST to `/faults` adds a fault, DELETE removes them all; each answers with those in force."""
    faults = Faults()
    fake = fake_embedding(costs, fair=config.slots == "parallel", before_load=faults.on_load)
    app = create_model_server(config, [faulty(model, faults) for model in (*served_models(config), fake)])

    async def endpoint(request: Request) -> Response:
        if request.method == "POST":
            faults.active.append(parse(await request.body(), Fault))
        elif request.method == "DELETE":
            faults.active.clear()
        return json_response([fault.model_dump() for fault in faults.active])

    app.add_route("/faults", endpoint, methods=["GET", "POST", "DELETE"])
    app.add_middleware(DropConnections)
    return app


def costs_of(given: argparse.Namespace) -> FakeCosts:
    return FakeCosts(
        text_ms=given.fake_text_ms,
        request_ms=given.fake_request_ms,
        slots=given.fake_slots,
        dimension=given.fake_dimension,
    )


def main() -> None:
    parser = argument_parser()
    add = parser.add_argument
    add("--fake-text-ms", type=float, default=0.0, help="milliseconds that fake-embedding takes for each text")
    add("--fake-request-ms", type=float, default=0.0, help="and for each request")
    add("--fake-slots", type=int, default=1, help="texts that fake-embedding embeds at once")
    add("--fake-dimension", type=int, default=384, help="numbers in a vector of fake-embedding")
    given = parser.parse_args()
    config = read_config(given)
    run(faulty_server(config, costs_of(given)), config, http=AbortableProtocol)


if __name__ == "__main__":
    main()
