"""Refreshes the lexeme statistics that BM25 needs as a collection grows or shrinks."""

import logging

from app.concurrency.single_flight import SingleFlight
from app.db.database import Database
from app.db.search import lexical_index
from app.domain.documents import Collection
from app.errors import LocalChatError

logger = logging.getLogger(__name__)


class LexemeStatistics:
    """Takes the first snapshot of a collection at once, and later ones in the background of questions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checked: dict[int, int] = {}
        self._refreshing: SingleFlight[None] = SingleFlight()

    async def refresh(self, collection_id: int) -> int:
        """Take a snapshot if the size of the collection has changed enough. Returns the newest snapshot's id."""
        async with self._database.connection() as connection:
            return await lexical_index.refresh_statistics(connection, collection_id)

    def observe(self, collection: Collection) -> None:
        """Refresh in the background if the collection has changed since the last call."""
        if self._checked.get(collection.id) == collection.corpus_version or collection.id in self._refreshing:
            return
        self._checked[collection.id] = collection.corpus_version
        self._refreshing.start(collection.id, lambda: self._refresh_quietly(collection.id))

    async def close(self) -> None:
        """Stop the refreshes under way."""
        await self._refreshing.close()

    async def _refresh_quietly(self, collection_id: int) -> None:
        try:
            await self.refresh(collection_id)
        except LocalChatError as error:
            self._checked.pop(collection_id, None)
            logger.warning("Statistics of collection %d were not refreshed: %s", collection_id, error.detail)
