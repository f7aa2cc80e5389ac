"""The cache for operators, by the names that they know: questions, collections, documents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.cache.admin import CacheManager, CatalogEntry, EntryDetails
from app.db.database import Database
from app.db.search import passages
from app.db.search.passages import PassagesOfDocument
from app.db.tables import collections
from app.errors import NotFound
from app.services.pagination import INTEGER, Page, number_of


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """A row of L3. `collection` is a name; None for an entry that rests on no corpus."""

    entry: CatalogEntry
    collection: str | None


@dataclass(frozen=True, slots=True)
class ExaminedEntry:
    """An entry in every tier, with the documents that could change it."""

    details: EntryDetails
    collection: str | None
    documents: tuple[PassagesOfDocument, ...]


class CacheService:
    """Looks into the cache of a tenant, and changes it.

    Raises:
        TierOff: the tier that this needs is not in use.
        StoreUnavailable: Postgres does not answer.
    """

    def __init__(self, manager: CacheManager, database: Database) -> None:
        self._manager = manager
        self._database = database

    async def stats(self) -> dict[str, Any]:
        return await self._manager.report()

    async def top(self, tenant: str, *, limit: int, namespace: str | None = None) -> list[ListedEntry]:
        """Return the unexpired entries with the most hits."""
        return await self._named(await self._manager.top(tenant, limit=limit, namespace=namespace))

    async def entries(
        self,
        tenant: str,
        *,
        text: str = "",
        namespace: str | None = None,
        collection: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[ListedEntry]:
        """Return entries whose question contains `text`, the newest first.

        Raises:
            NotFound: there is no such collection.
            InvalidInput: the cursor is none of ours.
        """
        before = number_of(cursor, largest=INTEGER)
        found = await self._manager.catalog.browse(
            tenant,
            text=text,
            namespace=namespace,
            collection=await self._id(tenant, collection),
            before=before,
            limit=limit + 1,
        )
        items = await self._named(found[:limit])
        return Page(tuple(items), str(found[limit - 1].id) if len(found) > limit else None)

    async def entry(self, tenant: str, key: str) -> ExaminedEntry:
        """
        Raises:
            NotFound: neither L3 nor this replica's memory has it.
        """
        details = await self._manager.details(tenant, key)
        if details is None:
            raise _absent(key)
        names = await self._names([details.key.collection])
        evidence = None if details.record is None else details.record.evidence
        documents: Sequence[PassagesOfDocument] = ()
        if evidence is not None and evidence.chunks:
            async with self._database.connection() as connection:
                documents = await passages.by_document(connection, tenant, evidence.chunks)
        return ExaminedEntry(details, names.get(details.key.collection), tuple(documents))

    async def delete(self, tenant: str, key: str) -> None:
        """Remove an entry from every tier of every replica.

        Raises:
            NotFound: no tier has it.
            CacheUnavailable: a tier does not answer and may still have it.
        """
        if await self._manager.evict(tenant, key) == 0:
            raise _absent(key)

    async def pin(self, tenant: str, key: str, *, pinned: bool) -> ExaminedEntry:
        """Keep an entry in L3 until it is stale, whatever its age and use; or with `pinned` False, no longer.

        Raises:
            NotFound: L3 does not have it.
        """
        found = await self._manager.pin(tenant, key, pinned=pinned)
        if not found:
            raise _absent(key)
        return await self.entry(tenant, key)

    async def clear(self, tenant: str, *, tier: str | None, namespace: str | None, collection: str | None) -> int:
        """Remove entries; return how many of them the fullest tier had.

        Raises:
            NotFound: there is no such collection.
            CacheUnavailable: a tier does not answer; the others are cleared.
        """
        collection_id = await self._id(tenant, collection)
        return await self._manager.clear(tenant, tier=tier, namespace=namespace, collection=collection_id)

    async def clear_expired(self) -> int:
        """Remove the expired entries from L3."""
        return await self._manager.clear_expired()

    async def _id(self, tenant: str, collection: str | None) -> int | None:
        if collection is None:
            return None
        async with self._database.connection() as connection:
            found = await collections.require(connection, tenant, collection)
        return found.id

    async def _named(self, entries: Sequence[CatalogEntry]) -> list[ListedEntry]:
        names = await self._names(entry.key.collection for entry in entries)
        return [ListedEntry(entry, names.get(entry.key.collection)) for entry in entries]

    async def _names(self, ids: Iterable[int | None]) -> Mapping[int | None, str]:
        known = sorted({each for each in ids if each is not None})
        if not known:
            return {}
        async with self._database.connection() as connection:
            return await collections.names_of(connection, known)


def _absent(key: str) -> NotFound:
    return NotFound(f"The cache has no entry {key}.")
