"""`python -m app.embedded.model_server`."""

import argparse
import logging
import os
from pathlib import Path

from app.embedded.model_server.runtime.config import FakeEmbedding, ModelServerConfig
from app.embedded.model_server.runtime.serving import serve
from app.telemetry.logging import configure_logging

TOKEN_VARIABLE = "LOCALCHAT_MODEL_SERVER_TOKEN"  # noqa: S105  the variable's name, not a secret


def main(arguments: list[str] | None = None) -> None:
    configure_logging("WARNING", "json", service="model-server")
    for name in ("app.embedded.model_server", "localchat.access"):
        logging.getLogger(name).setLevel(logging.INFO)
    serve(read_config(arguments))
    # The libraries' threads may be in the middle of a batch; there is nothing to save.
    logging.shutdown()
    os._exit(0)


def read_config(arguments: list[str] | None = None) -> ModelServerConfig:
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
    add("--preload", action="store_true", help="load the models at start")
    add("--faults", action="store_true", help="let tests inject faults through /faults")
    add("--fake-embedding-latency-ms", type=float, metavar="MS", help="add fake-embedding: MS for each text")
    add("--fake-request-latency-ms", type=float, default=0.0, metavar="MS", help="and MS for each request")
    add("--fake-slots", type=int, default=1, help="texts that fake-embedding embeds at once")
    add("--fake-dimension", type=int, default=384, help="numbers in a vector of fake-embedding")
    given = parser.parse_args(arguments)
    fake = None
    if given.fake_embedding_latency_ms is not None:
        fake = FakeEmbedding(
            text_ms=given.fake_embedding_latency_ms,
            request_ms=given.fake_request_latency_ms,
            slots=given.fake_slots,
            dimension=given.fake_dimension,
        )
    return ModelServerConfig(
        host=given.host,
        port=given.port,
        uds=given.uds,
        token=os.environ.get(TOKEN_VARIABLE) or None,
        slots=given.slots,
        embed_workers=given.embed_workers,
        chat_threads=given.chat_threads,
        chat_slots=given.chat_slots,
        preload=given.preload,
        faults=given.faults,
        fake_embedding=fake,
    )


if __name__ == "__main__":
    main()
