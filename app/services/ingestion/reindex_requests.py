"""Beginning and cancelling a collection's move to another embedding model; the reindexer makes it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from app.db.database import Database
from app.db.lifecycle import reindexes
from app.db.search import spaces
from app.db.tables import collections
from app.domain.documents import CollectionStatistics, EmbeddingSpace, ReindexStatus
from app.errors import Conflict
from app.ingestion.queue import jobs
from app.services.documents.collections import CollectionService, EmbeddingModel, EmbeddingModels


class ReindexService:
    """Begins and cancels moves. A worker makes them."""

    def __init__(
        self,
        database: Database,
        collections: CollectionService,
        models: EmbeddingModels,
        *,
        job_headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._database = database
        self._collections = collections
        self._models = models
        self._job_headers = job_headers

    async def start(self, tenant: str, name: str, embedding_model: str) -> CollectionStatistics:
        """Begin to move a collection. Asked again for a move under way, it does nothing more.

        Raises:
            NotFound: there is no such collection.
            Conflict: it uses this model already, or is on its way to another.
            ModelNotFound, ModelUnsuitable, ModelUnavailable: of the model.
        """
        found = await self._collections.get(tenant, name)
        model = await self._models.describe(embedding_model)
        async with self._database.transaction() as connection:
            collection = await collections.lock(connection, tenant, name)
            if collection is None:
                raise Conflict(f"{name!r} was just deleted or renamed.")
            found = replace(found, reindex=await reindexes.newest(connection, collection.id))
            if found.reindex is not None and found.reindex.active:
                if found.reindex.embedding_model == model.name:
                    return found
                raise Conflict(f"{name!r} is on its way to {found.reindex.embedding_model}; cancel that first.")
            if _makes(model, collection.space):
                raise Conflict(f"{name!r} uses {model.name} already.")
            space = await spaces.create(
                connection,
                collection.id,
                model=model.name,
                digest=model.digest,
                dimension=model.dimension,
                query_prefix=model.query_prefix,
                document_prefix=model.document_prefix,
                indexed=False,
            )
            reindex_id = await reindexes.insert(connection, collection.id, space.id, model.name)
            await jobs.enqueue_reindex(connection, reindex_id, self._job_headers)
        return await self._collections.get(tenant, name)

    async def cancel(self, tenant: str, name: str) -> CollectionStatistics:
        """Stop a move; the collection stays as it is.

        Raises:
            NotFound: there is no such collection.
            Conflict: it is not on its way to another model.
        """
        found = await self._collections.get(tenant, name)
        async with self._database.transaction() as connection:
            if found.reindex is None or not await reindexes.end(
                connection, found.reindex.id, ReindexStatus.CANCELLED, "Cancelled."
            ):
                raise Conflict(f"{name!r} is not on its way to another model.")
        return await self._collections.get(tenant, name)


def _makes(model: EmbeddingModel, space: EmbeddingSpace) -> bool:
    """Whether the model, as it is now, makes vectors that belong to the space."""
    return (model.name, model.digest, model.dimension, model.query_prefix, model.document_prefix) == (
        space.model,
        space.digest,
        space.dimension,
        space.query_prefix,
        space.document_prefix,
    )
