"""Which collections a caller may read and write, and what rests on them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from app.db.database import Database
from app.db.tables import collections, conversations
from app.domain.access.caller import Caller
from app.domain.documents import Collection, Document
from app.errors import NoCollection, NotFound


class OpenCollections(NamedTuple):
    """The collections that a caller may read."""

    ids: Sequence[int]
    names: Sequence[str]


class Documents(Protocol):
    async def get(self, tenant: str, document_id: UUID) -> Document: ...


class KnownCollections(Protocol):
    """Collections by name, as far as this process can prove them."""

    def known(self, tenant: str, name: str) -> Collection | None: ...
    async def resolve(self, tenant: str, name: str) -> Collection: ...


class CollectionAccess:
    """Says what a caller may read and change. For others it is not there: they are refused as for an unknown name.

    Access goes by collection, so it changes no result within one: cached results need no part of their key for it.
    """

    def __init__(self, database: Database, directory: KnownCollections, documents: Documents) -> None:
        self._database = database
        self._directory = directory
        self._documents = documents

    def reads(self, caller: Caller, name: str) -> bool:
        """Whether the caller may read a collection, as far as that can be said without asking."""
        if caller.sees_all:
            return True
        collection = self._directory.known(caller.tenant, name)
        return collection is not None and caller.reads(collection)

    async def check_read(self, caller: Caller, name: str) -> None:
        """
        Raises:
            NoCollection: the caller may not read a collection of this name.
        """
        if caller.sees_all:
            return
        if not caller.reaches(name) or not caller.reads(await self._directory.resolve(caller.tenant, name)):
            raise NoCollection(name)

    async def check_write(self, caller: Caller, name: str) -> None:
        """
        Raises:
            NoCollection: the caller may not change a collection of this name, nor make one.
        """
        if caller.sees_all:
            return
        async with self._database.connection() as connection:
            found = await collections.find(connection, caller.tenant, name)
        if not (caller.reaches(name) if found is None else caller.writes(found)):
            raise NoCollection(name)

    async def readable(self, caller: Caller) -> OpenCollections | None:
        """Return the collections that the caller may read; None for all of the tenant, deleted ones included."""
        if caller.sees_all:
            return None
        async with self._database.connection() as connection:
            found = [each for each in await collections.access(connection, caller.tenant) if caller.reads(each)]
        return OpenCollections([each.id for each in found], [each.name for each in found])

    async def check_document(self, caller: Caller, document_id: UUID, *, write: bool = False) -> None:
        """
        Raises:
            NotFound: the caller may not read, or change, the document's collection.
        """
        if caller.sees_all:
            return
        document = await self._documents.get(caller.tenant, document_id)
        check = self.check_write if write else self.check_read
        try:
            await check(caller, document.collection)
        except NoCollection:
            raise NotFound(f"There is no document {document_id}.") from None

    async def check_conversation(self, caller: Caller, conversation_id: UUID) -> None:
        """
        Raises:
            NotFound: the caller may not read all collections that the conversation rests on.
        """
        readable = await self.readable(caller)
        if readable is None:
            return
        async with self._database.connection() as connection:
            if not await conversations.rests_on(connection, caller.tenant, conversation_id, readable.ids):
                raise NotFound("There is no such conversation.")
