"""The chat model of questions that name none."""

import asyncio
import math
import re
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from app.concurrency.coalescing import TrailingCoalescer
from app.domain.names import canonical_model
from app.errors import ModelError
from app.ollama.protocol import ModelInfo

# The setting that leaves the choice to what the servers have.
AUTO_MODEL = "auto"
# The model that ships with the embedded server, and what is named where there is no chat model.
BUNDLED_MODEL = "smollm2:135m"
_COMPLETION = "completion"
# Seconds that looking again may take: cached answers wait for it.
_PATIENCE = 0.25
_FIRST_PATIENCE = 2.0
_PARAMETERS = re.compile(r"([0-9.]+)\s*([KMBT]?)\Z", re.IGNORECASE)
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


class _Models(Protocol):
    async def models(self) -> list[ModelInfo]: ...

    async def capabilities(self, model: str) -> AbstractSet[str]: ...


class DefaultChatModel:
    """Names the chat model that is set, or the best that the servers have: the one with the most parameters.

    Args:
        models: the client of the model servers.
        named: the model that is set, or `AUTO_MODEL`.
        age: seconds for which a choice stands. It also stands while no server answers.
    """

    def __init__(self, models: _Models, named: str = AUTO_MODEL, *, age: float = 15.0) -> None:
        self._models = models
        self._named = named
        self._age = age
        self._chosen: tuple[float, str] = (-math.inf, "")
        self._looking: TrailingCoalescer[str] = TrailingCoalescer()

    async def name(self) -> str:
        if self._named != AUTO_MODEL:
            return self._named
        chosen_at, chosen = self._chosen
        if time.monotonic() - chosen_at >= self._age:
            try:
                async with asyncio.timeout(_PATIENCE if chosen else _FIRST_PATIENCE):
                    chosen, _ = await self._looking.run("", self._best)
            except (TimeoutError, ModelError):
                chosen = chosen or BUNDLED_MODEL
            self._chosen = (time.monotonic(), chosen)
        return chosen

    async def _best(self) -> str:
        for info in best_first(await self._models.models()):
            able = info.capabilities or await self._models.capabilities(info.name)
            # A server that names none is older than capabilities.
            if not able or _COMPLETION in able:
                return canonical_model(info.name)
        return BUNDLED_MODEL


def best_first(models: Sequence[ModelInfo]) -> list[ModelInfo]:
    """Models by their parameters, of equal ones the newest first, without those of Ollama's cloud.

    The bundled one comes last, since another one was chosen by the operator.
    """
    here = [info for info in models if not canonical_model(info.name).endswith("cloud")]
    return sorted(
        here,
        key=lambda info: (
            canonical_model(info.name) != BUNDLED_MODEL,
            parameters(info),
            info.modified_at,
            info.name,
        ),
        reverse=True,
    )


def parameters(info: ModelInfo) -> float:
    """The number of a model's parameters; its size in bytes, which is near it, if the server names none."""
    found = _PARAMETERS.match(str(info.details.get("parameter_size") or "").strip())
    return float(found.group(1)) * _UNITS[found.group(2).upper()] if found else float(info.size_bytes)
