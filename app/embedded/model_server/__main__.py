"""`python -m app.embedded.model_server`."""

import argparse
import asyncio
import logging
import os
from pathlib import Path
from typing import Literal

from starlette.applications import Starlette

from app.embedded.model_server.app import create_model_server
from app.embedded.model_server.models.registry import served_models
from app.embedded.model_server.runtime.config import ModelServerConfig
from app.embedded.model_server.runtime.serving import serve
from app.telemetry.logging import configure_logging

TOKEN_VARIABLE = "LOCALCHAT_MODEL_SERVER_TOKEN"  # noqa: S105  the variable's name, not a secret


def main() -> None:
    config = read_config(argument_parser().parse_args())
    run(create_model_server(config, served_models(config)), config)


def run(
    app: Starlette, config: ModelServerConfig, *, http: type[asyncio.Protocol] | Literal["httptools"] = "httptools"
) -> None:
    """Serve until SIGTERM or SIGINT, then end the process."""
    configure_logging("WARNING", "json", service="model-server")
    for name in ("app.embedded.model_server", "localchat.access"):
        logging.getLogger(name).setLevel(logging.INFO)
    serve(app, config, http=http)
    # The libraries' threads may be in the middle of a batch; there is nothing to save.
    logging.shutdown()
    os._exit(0)


def argument_parser() -> argparse.ArgumentParser:
    default = ModelServerConfig()
    parser = argparse.ArgumentParser(
        prog="python -m app.embedded.model_server",
        description=f"Serve the bundled models by Ollama's protocol. {TOKEN_VARIABLE}: a secret to ask for.",
    )
    add = parser.add_argument
    add("--host", default=default.host)
    add("--port", type=int, default=default.port, help="0 for any free one; default %(default)s")
    add("--uds", type=Path, help="a unix socket, in place of host and port")
    add("--slots", choices=("single", "parallel"), default=default.slots)
    add("--embed-workers", type=int, default=default.embed_workers)
    add("--chat-threads", type=int, default=default.chat_threads)
    add("--chat-slots", type=int, default=default.chat_slots)
    add("--chat-model-file", type=Path, help="a GGUF file to serve beside the bundled models")
    add("--chat-context", type=int, default=default.chat_context, help="the most tokens it is loaded with")
    add("--preload", action="store_true", help="load the models at start")
    return parser


def read_config(given: argparse.Namespace) -> ModelServerConfig:
    return ModelServerConfig(
        host=given.host,
        port=given.port,
        uds=given.uds,
        token=os.environ.get(TOKEN_VARIABLE) or None,
        slots=given.slots,
        embed_workers=given.embed_workers,
        chat_threads=given.chat_threads,
        chat_slots=given.chat_slots,
        chat_model_file=given.chat_model_file,
        chat_context=given.chat_context,
        preload=given.preload,
    )


if __name__ == "__main__":
    main()
