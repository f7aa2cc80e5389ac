"""Embeds questions and chunks in the space of a collection, and never mixes the vectors of two models."""

import time
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass

from app.domain.documents import Collection, EmbeddingSpace
from app.domain.retrieval import Vector
from app.errors import ModelUnsuitable
from app.ingestion.embedding.embedder import BatchEmbeddingProcessor, EmbeddingBatchSource
from app.ollama.catalog import prefixes_for
from app.ollama.client import OllamaClient
from app.ollama.scheduling.lanes import Lane
from app.services.search.embedding_cache import EmbeddingCache

# Seconds for which a check of a model's digest holds.
CHECKED_FOR = 30.0


@dataclass(frozen=True, slots=True)
class SpaceModel:
    """The facts about its model that a new space stores."""

    name: str
    digest: str
    dimension: int
    query_prefix: str
    document_prefix: str
    context_length: int | None = None


class EmbeddingService:
    """Embeds questions ahead of chunks, and refuses another model than the one that made a space."""

    def __init__(
        self, client: OllamaClient, cache: EmbeddingCache, *, batch_size: int, max_chars: int, max_workers: int
    ) -> None:
        self._client = client
        self._cache = cache
        self._batch_size = batch_size
        self._max_chars = max_chars
        self._max_workers = max_workers
        self._checked: dict[tuple[str, str], float] = {}
        self._processors: dict[tuple[str, int], BatchEmbeddingProcessor] = {}

    async def describe(self, model: str) -> SpaceModel:
        """Return the facts about `model` for a new space.

        Raises:
            ModelNotFound, ModelUnavailable: the model server does not have the model, or does not answer.
            ModelUnsuitable: the model gives no embeddings.
        """
        info = await self._client.show(model)
        if info.dimension is None or "embedding" not in info.capabilities:
            raise ModelUnsuitable(f"{model} is not an embedding model.")
        prefixes = prefixes_for(model)
        return SpaceModel(
            model, info.digest, info.dimension, prefixes.query, prefixes.document, info.context_length
        )

    async def embed_query(self, collection: Collection, text: str) -> Vector:
        """Return the vector of a question. The request goes ahead of all ingestion."""
        space = collection.space

        async def embed(text: str) -> Vector:
            await self._check(space)
            vectors = await self._client.embed(
                [space.query_prefix + text], model=space.model, lane=Lane.INTERACTIVE, dimension=space.dimension
            )
            return vectors[0]

        return await self._cache.get_or_embed(collection, text, embed)

    async def embed_chunks(self, collection: Collection, portions: AsyncIterable[EmbeddingBatchSource]) -> None:
        """Embed texts in concurrent batches, beside the batches of other documents.

        Raises:
            ModelUnavailable: no server answers; batches that `on_batch` received stand.
            ModelUnsuitable: the server's model is not the one that made the collection's vectors.
        """
        space = collection.space
        await self._check(space)
        await self._processor(space).run(portions, prefix=space.document_prefix)

    def _processor(self, space: EmbeddingSpace) -> BatchEmbeddingProcessor:
        key = (space.model, space.dimension)
        if key not in self._processors:

            async def embed(texts: Sequence[str]) -> Sequence[Vector]:
                return await self._client.embed(texts, model=space.model, lane=Lane.BULK, dimension=space.dimension)

            self._processors[key] = BatchEmbeddingProcessor(
                embed,
                batch_size=self._batch_size,
                max_chars=self._max_chars,
                max_workers=self._max_workers,
            )
        return self._processors[key]

    async def _check(self, space: EmbeddingSpace) -> None:
        key = (space.model, space.digest)
        if time.monotonic() - self._checked.get(key, -CHECKED_FOR) < CHECKED_FOR:
            return
        info = await self._client.show(space.model)
        if info.digest != space.digest:
            raise ModelUnsuitable(
                f"The model server's {space.model} is not the one that this collection was embedded with; "
                "reindex the collection to move to it."
            )
        self._checked[key] = time.monotonic()
