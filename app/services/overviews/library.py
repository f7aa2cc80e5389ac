"""Reads documents as such: which there are, which a question names, and the whole text of one."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.db.database import Database
from app.db.search.filters import jsonpath_of
from app.db.tables import chunks, document_lists, documents
from app.db.tables.document_lists import Order
from app.domain.documents import Chunk, Document
from app.errors import NotFound
from app.generation.overviews.naming import named_in

# About 3,000 pages.
MOST_CHUNKS = 20_000
_MOST_NAMES = 5_000
_WORD = re.compile(r"[^\W_]+")


class Shelf(NamedTuple):
    """The documents that a question may look into: those of its tenant and collection that its filter lets pass."""

    tenant: str
    collection: str
    filter: Mapping[str, Any]

    @property
    def predicate(self) -> str:
        return jsonpath_of(self.filter)


class DocumentLibrary:
    """Each call reads what is committed, in one statement, so that nothing is stale and no document is half new."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, shelf: Shelf, order: Order, *, since: datetime | None = None, limit: int
    ) -> tuple[Sequence[Document], int]:
        """Documents in that order, those that changed since then, and how many there are."""
        async with self._database.connection() as connection:
            return await document_lists.filtered(
                connection,
                shelf.tenant,
                shelf.collection,
                predicate=shelf.predicate,
                since=since,
                order=order,
                limit=limit,
            )

    async def named(self, shelf: Shelf, question: str) -> Sequence[Document]:
        """The documents that a question names, the longest name first."""
        text = question.lower()
        async with self._database.connection() as connection:
            found = await document_lists.names_like(
                connection,
                shelf.tenant,
                shelf.collection,
                predicate=shelf.predicate,
                text=text,
                words=_WORD.findall(text),
                limit=_MOST_NAMES,
            )
            places = named_in(question, [name for _, name in found])
            read = [await documents.get(connection, shelf.tenant, found[place][0]) for place in places]
        return [document for document in read if document is not None]

    async def text(self, document: Document) -> Sequence[Chunk]:
        """The chunks of a document in order, the first `MOST_CHUNKS`.

        Raises:
            NotFound: it was deleted meanwhile.
        """
        async with self._database.connection() as connection:
            if await documents.get(connection, document.tenant, document.id) is None:
                raise NotFound(f"There is no document {document.id}.")
            return await chunks.page(connection, document.id, after=-1, limit=MOST_CHUNKS)


def only(shelf_filter: Mapping[str, Any], document_id: UUID) -> dict[str, Any]:
    """The filter, narrowed to one document."""
    one = {"field": "id", "eq": str(document_id)}
    return {"all": [dict(shelf_filter), one]} if shelf_filter else one
