"""A server that speaks Ollama's protocol with the two models that ship as wheels.

`python -m app.embedded.model_server` runs it; `create_model_server` gives the ASGI application for tests.
"""

from app.embedded.model_server.app import create_model_server
from app.embedded.model_server.runtime.config import FakeEmbedding, ModelServerConfig

__all__ = ["FakeEmbedding", "ModelServerConfig", "create_model_server"]
