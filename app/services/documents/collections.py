"""Collections: named sets of documents that share one embedding model."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from app.db.database import Database, PooledConnection
from app.db.search import spaces
from app.db.tables import collections
from app.domain.documents import DEFAULT_SIZE, HEADROOM, Chunking, Collection, CollectionStatistics, chunking_of
from app.errors import Conflict, InvalidInput, NoCollection
from app.services.documents.versions import DocumentVersions
from app.services.pagination import Page, page_of

DEFAULT_COLLECTION = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class EmbeddingModel(Protocol):
    """The facts of a model that a collection records."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    @property
    def query_prefix(self) -> str: ...
    @property
    def document_prefix(self) -> str: ...
    @property
    def context_length(self) -> int | None:
        """Tokens that it takes at once; None if that is not known."""


class EmbeddingModels(Protocol):
    async def describe(self, model: str) -> EmbeddingModel:
        """Raises ModelNotFound, ModelUnsuitable or ModelUnavailable."""


class CollectionService:
    """Makes, finds, describes and deletes collections of a tenant."""

    def __init__(
        self,
        database: Database,
        models: EmbeddingModels,
        *,
        default_model: str,
        job_headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._database = database
        self._models = models
        self._default_model = default_model
        self._versions = DocumentVersions(job_headers)

    async def list(
        self, tenant: str, *, limit: int = 50, cursor: str | None = None, within: Sequence[str] | None = None
    ) -> Page[CollectionStatistics]:
        """Collections by name. `cursor` is the last name of the page before.

        `within`: those alone of these names.
        """
        async with self._database.connection() as connection:
            found = await collections.page(connection, tenant, after=cursor or "", limit=limit + 1, within=within)
        return page_of(found, limit, lambda item: item.collection.name)

    async def names(self, tenant: str) -> Sequence[str]:
        """The names of all collections, in order."""
        async with self._database.connection() as connection:
            return [found.name for found in await collections.access(connection, tenant)]

    async def get(self, tenant: str, name: str) -> CollectionStatistics:
        async with self._database.connection() as connection:
            found = await collections.page(connection, tenant, name=name, limit=1)
        if not found:
            raise NoCollection(name)
        return found[0]

    async def create(
        self,
        tenant: str,
        name: str,
        *,
        description: str = "",
        language: str = "english",
        embedding_model: str | None = None,
    ) -> CollectionStatistics:
        """Make an empty collection.

        Raises:
            Conflict: the name is taken.
            InvalidInput: a bad name or an unknown text search language.
            ModelNotFound, ModelUnsuitable, ModelUnavailable: of the embedding model.
        """
        if not await self._create(tenant, name, description, language, embedding_model):
            raise Conflict(f"A collection called {name!r} exists already.")
        return await self.get(tenant, name)

    async def update(
        self,
        tenant: str,
        name: str,
        *,
        new_name: str | None = None,
        description: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> CollectionStatistics:
        """Change what is not None; of the settings, those named.

        Another chunking queues every document to be cut again; readers see the chunks of before until then.

        Raises:
            NotFound, Conflict: there is no such collection, or one of the new name.
            InvalidInput: a bad name, or a chunking that the collection's model cannot take.
            ModelNotFound, ModelUnsuitable, ModelUnavailable: of the model, when its limit must be known.
        """
        if new_name is not None:
            _check_name(new_name)
        if settings and settings.get("chunking"):
            before = (await self.get(tenant, name)).collection
            model = await self._models.describe(before.space.model)
            check_chunking(chunking_of(settings, model.name), model.context_length)
        async with self._database.transaction() as connection:
            known = await collections.lock(connection, tenant, name)
            if known is None:
                raise NoCollection(name)
            await collections.update(
                connection, tenant, name, new_name=new_name, description=description, settings=settings
            )
            after = chunking_of({**known.settings, **(settings or {})}, known.space.model)
            if after != known.chunking:
                await self._versions.read_again(connection, collection_id=known.id)
        return await self.get(tenant, new_name or name)

    async def open_to(
        self, tenant: str, name: str, *, readers: Sequence[str] | None, writers: Sequence[str] | None
    ) -> CollectionStatistics:
        """Say who may read and write a collection, by group or `key:LABEL`; None for everybody of the tenant.

        Raises:
            NotFound: there is no such collection.
        """
        async with self._database.transaction() as connection:
            if not await collections.open_to(connection, tenant, name, readers=readers, writers=writers):
                raise NoCollection(name)
        return await self.get(tenant, name)

    async def delete(self, tenant: str, name: str) -> None:
        """Take a collection with all its documents out of sight, at commit."""
        async with self._database.transaction() as connection:
            if await collections.mark_deleted(connection, tenant, name) is None:
                raise NoCollection(name)

    async def resolve(self, tenant: str, name: str) -> Collection:
        """Find a collection to read from. The default one comes into being on first use."""
        async with self._database.reading() as connection:
            found = await collections.find(connection, tenant, name)
        if found is None and name == DEFAULT_COLLECTION:
            return await self.resolve_or_create(tenant, name)
        if found is None:
            raise NoCollection(name)
        return found

    async def resolve_or_create(self, tenant: str, name: str) -> Collection:
        """Find a collection to write to, making it if need be."""
        async with self._database.connection() as connection:
            found = await collections.find(connection, tenant, name)
        if found is None:
            await self._create(tenant, name, "", "english", None)
            async with self._database.connection() as connection:
                found = await collections.require(connection, tenant, name)
        return found

    async def _create(
        self, tenant: str, name: str, description: str, language: str, embedding_model: str | None
    ) -> bool:
        _check_name(name)
        model = await self._models.describe(embedding_model or self._default_model)
        async with self._database.transaction() as connection:
            if not await _is_language(connection, language):
                raise InvalidInput(
                    f"Postgres knows no text search configuration called {language!r}; "
                    "try english, german, simple, …"
                )
            collection_id = await collections.insert(
                connection, tenant, name, description=description, language=language
            )
            if collection_id is None:
                return False
            space = await spaces.create(
                connection,
                collection_id,
                model=model.name,
                digest=model.digest,
                dimension=model.dimension,
                query_prefix=model.query_prefix,
                document_prefix=model.document_prefix,
            )
            await collections.use_space(connection, collection_id, space.id)
        return True


async def _is_language(connection: PooledConnection, language: str) -> bool:
    known: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_ts_config WHERE cfgname = $1)", language)
    return known


def check_chunking(chunking: Chunking, context_length: int | None) -> None:
    """
    Raises:
        InvalidInput: the model takes fewer tokens at once, or chunks would repeat more than half of each other.
    """
    largest = max(DEFAULT_SIZE, context_length - HEADROOM) if context_length is not None else None
    if largest is not None and chunking.size > largest:
        raise InvalidInput(
            f"settings.chunking.size: {chunking.size} are too many; {chunking.model} takes {context_length} tokens "
            f"at once, of which a chunk's text may have {largest}."
        )
    if 2 * chunking.overlap > chunking.size:
        raise InvalidInput(
            f"settings.chunking.overlap: at most half of the size, which is {chunking.size // 2} tokens."
        )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "A collection's name has 1 to 64 letters, digits, '.', '_' or '-', and begins with a letter or digit."
        )
