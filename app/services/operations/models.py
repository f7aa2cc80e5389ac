"""The models that can be used: their roles and states."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, Protocol

from app.domain.names import canonical_model
from app.ollama.protocol import ModelInfo, PullProgress, RunningModel

Role = Literal["chat", "embedding"]
ModelState = Literal["loaded", "available", "missing"]

_ROLES: dict[str, Role] = {"completion": "chat", "embedding": "embedding"}


class ModelServer(Protocol):
    """The part of the model client that is about models."""

    async def models(self) -> list[ModelInfo]: ...
    async def show(self, model: str) -> ModelInfo: ...
    async def running(self) -> list[RunningModel]: ...
    def pull(self, model: str) -> AsyncGenerator[PullProgress, None]: ...


@dataclass(frozen=True, slots=True)
class Model:
    """A model. `default_for` are the roles in which it is used when a request names none."""

    name: str
    digest: str | None
    size_bytes: int | None
    roles: tuple[Role, ...]
    default_for: tuple[Role, ...]
    state: ModelState


@dataclass(frozen=True, slots=True)
class PullStep:
    """A step of a download on one model server; `completed` of `total` bytes of the layer `digest`."""

    endpoint: str
    status: str
    digest: str | None
    total: int | None
    completed: int | None


@dataclass(frozen=True, slots=True)
class Pulled:
    """The model is on every model server."""

    model: str


PullEvent = PullStep | Pulled


class ModelService:
    """Lists the models of the model servers, and pulls others.

    Args:
        server: the client of the model servers.
        chat_model: names the chat model of requests that name none.
        embedding_model: the one of requests that name none.
    """

    def __init__(
        self, server: ModelServer, *, chat_model: Callable[[], Awaitable[str]], embedding_model: str
    ) -> None:
        self._server = server
        self.default_chat = chat_model
        self.default_embedding = embedding_model

    async def list(self) -> list[Model]:
        """Models by name, with the default ones even where they are missing.

        Raises:
            ModelUnavailable: no model server answers.
        """
        loaded = {canonical_model(model.name) for model in await self._server.running()}
        found = {canonical_model(info.name): info for info in await self._server.models()}
        defaults: dict[Role, str] = {"chat": await self.default_chat(), "embedding": self.default_embedding}
        named = {role: canonical_model(name) for role, name in defaults.items()}
        return [
            _described(
                name, found.get(name), tuple(role for role in named if named[role] == name), loaded=name in loaded
            )
            for name in sorted(found.keys() | set(named.values()))
        ]

    async def pull(self, model: str) -> AsyncIterator[PullEvent]:
        """Download a model to every model server: its steps, then one `Pulled`.

        Raises:
            ModelError: a download failed.
        """
        async with aclosing(self._server.pull(model)) as steps:
            async for step in steps:
                yield PullStep(step.endpoint, step.status, step.digest, step.total, step.completed)
        yield Pulled(model)


def _described(name: str, info: ModelInfo | None, default_for: tuple[Role, ...], *, loaded: bool) -> Model:
    if info is None:
        return Model(name, None, None, default_for, default_for, "missing")
    roles = tuple(role for capability, role in _ROLES.items() if capability in info.capabilities)
    state: ModelState = "loaded" if loaded else "available"
    return Model(info.name, info.digest, info.size_bytes, roles or default_for, default_for, state)
