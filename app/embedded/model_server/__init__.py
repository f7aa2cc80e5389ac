"""A model server for machines without Ollama: it speaks Ollama's protocol with models that ship as wheels.

`localchat up` starts it as a process of its own (`python -m app.embedded.model_server`) on a private port with a
secret, and gives LocalChat its URL, so nothing in LocalChat knows that it is not an Ollama.

Rooms:
    `app`: the ASGI application. `__main__`: the command line.
    `routes/`: what the server speaks. `native` and `reranking` run models, `library` lists and describes them,
        `requests` and `responses` are the wire's shapes; `middleware` checks callers, logs work and cancels what is
        abandoned.
    `models/`: what the server runs. `registry` knows the models by name, `catalog` their files and facts;
        `embedding`, `generation` and `reranking` define what an engine does; `sentence_encoder` and `cross_encoder`
        (both on `bert`) and `llama` are the engines.
    `runtime/`: how it runs. `config` holds the options, `residency` loads and unloads models, `scheduling` shares
        slots among requests, `serving` opens the socket.

Which of Ollama's routes it has, and why no others: docs/decisions/0011-routes-of-the-embedded-model-server.md.
"""

from app.embedded.model_server.app import create_model_server
from app.embedded.model_server.models.registry import served_models
from app.embedded.model_server.runtime.config import ModelServerConfig

__all__ = ["ModelServerConfig", "create_model_server", "served_models"]
